package iam_test

import (
	"errors"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/glueguard/glueguard/internal/sandbox/iam"
	"github.com/glueguard/glueguard/internal/sandbox/service"
)

const (
	account   = "111122223333"
	glueTrust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"glue.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	readGlue  = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"glue:Get*","Resource":"*"}]}`
)

func newIAM(t testing.TB) *iam.IAM {
	t.Helper()
	x, err := iam.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func root(operation string) *service.Call {
	return &service.Call{
		Partition: "aws", Account: account, Region: "eu-west-1", Service: "iam", Operation: operation,
		Principal: service.Principal{ARN: "arn:aws:iam::" + account + ":root", UserID: account},
		Now:       time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC),
	}
}

func session(serviceName, role string) *service.Call {
	c := root("")
	c.Service = serviceName
	c.Principal = service.Principal{
		AccessKeyID: "ASIAEXAMPLE", ARN: "arn:aws:sts::" + account + ":assumed-role/" + role + "/alice",
		UserID: "AROAEXAMPLE:alice", RoleARN: "arn:aws:iam::" + account + ":role/" + role,
	}
	return c
}

// call runs an operation by name, as the server does.
func call[O any](t testing.TB, x *iam.IAM, name string, in any) (*O, error) {
	t.Helper()
	for _, op := range x.Service().Operations {
		if op.Name != name {
			continue
		}
		out, err := op.Invoke(root(name), in)
		if err != nil {
			return nil, err
		}
		return out.(*O), nil
	}
	t.Fatalf("no operation %s", name)
	return nil, nil
}

func must[O any](t testing.TB, x *iam.IAM, name string, in any) *O {
	t.Helper()
	out, err := call[O](t, x, name, in)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return out
}

func refusedWith(t *testing.T, err error, status int, code, message string) {
	t.Helper()
	var e *service.Error
	if !errors.As(err, &e) || e.Code != code || e.Status != status || !strings.Contains(e.Message, message) {
		t.Errorf("error %#v, want %d %s %q", err, status, code, message)
	}
}

func createRole(t testing.TB, x *iam.IAM, name string) {
	t.Helper()
	must[awsiam.CreateRoleOutput](t, x, "CreateRole", &awsiam.CreateRoleInput{
		RoleName: aws.String(name), AssumeRolePolicyDocument: aws.String(glueTrust),
	})
}

func TestRoleLifecycle(t *testing.T) {
	t.Parallel()
	x := newIAM(t)
	createRole(t, x, "Glue")
	got := must[awsiam.GetRoleOutput](t, x, "GetRole", &awsiam.GetRoleInput{RoleName: aws.String("Glue")}).Role
	want := &types.Role{
		Arn: aws.String("arn:aws:iam::111122223333:role/Glue"), RoleName: aws.String("Glue"), Path: aws.String("/"),
		MaxSessionDuration: aws.Int32(3600), AssumeRolePolicyDocument: got.AssumeRolePolicyDocument,
		CreateDate: aws.Time(root("").Now), RoleLastUsed: &types.RoleLastUsed{}, RoleId: got.RoleId,
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(types.Role{}, types.RoleLastUsed{})); diff != "" {
		t.Errorf("GetRole (-want +got):\n%s", diff)
	}
	if id := *got.RoleId; !strings.HasPrefix(id, "AROA") || len(id) != 21 {
		t.Errorf("role id %q", id)
	}
	if text, err := url.PathUnescape(*got.AssumeRolePolicyDocument); err != nil || text != glueTrust || strings.ContainsAny(*got.AssumeRolePolicyDocument, ` "{+`) {
		t.Errorf("trust policy %q is not percent-encoded", *got.AssumeRolePolicyDocument)
	}

	_, err := call[awsiam.CreateRoleOutput](t, x, "CreateRole", &awsiam.CreateRoleInput{RoleName: aws.String("Glue"), AssumeRolePolicyDocument: aws.String(glueTrust)})
	refusedWith(t, err, 409, "EntityAlreadyExists", "Role with name Glue already exists.")
	must[awsiam.PutRolePolicyOutput](t, x, "PutRolePolicy", &awsiam.PutRolePolicyInput{
		RoleName: aws.String("Glue"), PolicyName: aws.String("read"), PolicyDocument: aws.String(readGlue),
	})
	_, err = call[awsiam.DeleteRoleOutput](t, x, "DeleteRole", &awsiam.DeleteRoleInput{RoleName: aws.String("Glue")})
	refusedWith(t, err, 409, "DeleteConflict", "must delete policies first")
	must[awsiam.DeleteRolePolicyOutput](t, x, "DeleteRolePolicy", &awsiam.DeleteRolePolicyInput{RoleName: aws.String("Glue"), PolicyName: aws.String("read")})
	must[awsiam.AttachRolePolicyOutput](t, x, "AttachRolePolicy", &awsiam.AttachRolePolicyInput{
		RoleName: aws.String("Glue"), PolicyArn: aws.String("arn:aws:iam::aws:policy/service-role/AWSGlueServiceRole"),
	})
	_, err = call[awsiam.DeleteRoleOutput](t, x, "DeleteRole", &awsiam.DeleteRoleInput{RoleName: aws.String("Glue")})
	refusedWith(t, err, 409, "DeleteConflict", "must detach all policies first")
	must[awsiam.DetachRolePolicyOutput](t, x, "DetachRolePolicy", &awsiam.DetachRolePolicyInput{
		RoleName: aws.String("Glue"), PolicyArn: aws.String("arn:aws:iam::aws:policy/service-role/AWSGlueServiceRole"),
	})
	must[awsiam.DeleteRoleOutput](t, x, "DeleteRole", &awsiam.DeleteRoleInput{RoleName: aws.String("Glue")})
	_, err = call[awsiam.GetRoleOutput](t, x, "GetRole", &awsiam.GetRoleInput{RoleName: aws.String("Glue")})
	refusedWith(t, err, 404, "NoSuchEntity", "The role with name Glue cannot be found.")
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	x := newIAM(t)
	createRole(t, x, "Glue")
	tests := []struct {
		name, operation string
		input           any
		status          int
		code, message   string
	}{
		{"trust that is not JSON", "CreateRole", &awsiam.CreateRoleInput{RoleName: aws.String("R"), AssumeRolePolicyDocument: aws.String("x")}, 400, "MalformedPolicyDocument", "Syntax errors in policy."},
		{"trust of an unknown role", "CreateRole", &awsiam.CreateRoleInput{RoleName: aws.String("R"), AssumeRolePolicyDocument: aws.String(strings.ReplaceAll(glueTrust, `"Service":"glue.amazonaws.com"`, `"AWS":"arn:aws:iam::111122223333:role/None"`))}, 400, "MalformedPolicyDocument", "Invalid principal in policy"},
		{"session too long", "CreateRole", &awsiam.CreateRoleInput{RoleName: aws.String("R"), AssumeRolePolicyDocument: aws.String(glueTrust), MaxSessionDuration: aws.Int32(43201)}, 400, "ValidationError", "maxSessionDuration"},
		{"wrong name", "CreateRole", &awsiam.CreateRoleInput{RoleName: aws.String("a b"), AssumeRolePolicyDocument: aws.String(glueTrust)}, 400, "ValidationError", "roleName"},
		{"boundary that does not exist", "PutRolePermissionsBoundary", &awsiam.PutRolePermissionsBoundaryInput{RoleName: aws.String("Glue"), PermissionsBoundary: aws.String("arn:aws:iam::aws:policy/None")}, 404, "NoSuchEntity", "does not exist or is not attachable"},
		{"policy that does not exist", "AttachRolePolicy", &awsiam.AttachRolePolicyInput{RoleName: aws.String("Glue"), PolicyArn: aws.String("arn:aws:iam::aws:policy/None")}, 404, "NoSuchEntity", "does not exist or is not attachable"},
		{"inline policy that does not exist", "GetRolePolicy", &awsiam.GetRolePolicyInput{RoleName: aws.String("Glue"), PolicyName: aws.String("none")}, 404, "NoSuchEntity", "The role policy with name none cannot be found."},
		{"policy with a principal", "PutRolePolicy", &awsiam.PutRolePolicyInput{RoleName: aws.String("Glue"), PolicyName: aws.String("p"), PolicyDocument: aws.String(strings.Replace(readGlue, `"Action"`, `"Principal":"*","Action"`, 1))}, 400, "MalformedPolicyDocument", "Policy document should not specify a principal."},
		{"simulating a session", "SimulatePrincipalPolicy", &awsiam.SimulatePrincipalPolicyInput{PolicySourceArn: aws.String("arn:aws:sts::111122223333:assumed-role/Glue/x"), ActionNames: []string{"glue:GetJobs"}}, 400, "InvalidInput", "does not clearly define entity type"},
		{"simulating nobody", "SimulatePrincipalPolicy", &awsiam.SimulatePrincipalPolicyInput{PolicySourceArn: aws.String("arn:aws:iam::111122223333:role/None"), ActionNames: []string{"glue:GetJobs"}}, 404, "NoSuchEntity", "The role with name None cannot be found."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, op := range x.Service().Operations {
				if op.Name == tt.operation {
					_, err := op.Invoke(root(op.Name), tt.input)
					refusedWith(t, err, tt.status, tt.code, tt.message)
				}
			}
		})
	}
}

func TestManagedPolicyVersions(t *testing.T) {
	t.Parallel()
	x := newIAM(t)
	createRole(t, x, "Reader")
	arn := must[awsiam.CreatePolicyOutput](t, x, "CreatePolicy", &awsiam.CreatePolicyInput{PolicyName: aws.String("P"), PolicyDocument: aws.String(readGlue)}).Policy.Arn
	must[awsiam.AttachRolePolicyOutput](t, x, "AttachRolePolicy", &awsiam.AttachRolePolicyInput{RoleName: aws.String("Reader"), PolicyArn: arn})
	if err := x.Authorize(session("glue", "Reader"), "glue:GetJobs", "*"); err != nil {
		t.Errorf("v1 does not allow: %v", err)
	}
	must[awsiam.CreatePolicyVersionOutput](t, x, "CreatePolicyVersion", &awsiam.CreatePolicyVersionInput{
		PolicyArn: arn, PolicyDocument: aws.String(strings.Replace(readGlue, "Allow", "Deny", 1)), SetAsDefault: true,
	})
	err := x.Authorize(session("glue", "Reader"), "glue:GetJobs", "*")
	if err == nil || !strings.HasSuffix(err.Message, "with an explicit deny in an identity-based policy") {
		t.Errorf("v2: %v", err)
	}
	_, refusal := call[awsiam.DeletePolicyOutput](t, x, "DeletePolicy", &awsiam.DeletePolicyInput{PolicyArn: arn})
	refusedWith(t, refusal, 409, "DeleteConflict", "attached to entities")
	_, refusal = call[awsiam.DeletePolicyVersionOutput](t, x, "DeletePolicyVersion", &awsiam.DeletePolicyVersionInput{PolicyArn: arn, VersionId: aws.String("v2")})
	refusedWith(t, refusal, 409, "DeleteConflict", "default version")
	versions := must[awsiam.ListPolicyVersionsOutput](t, x, "ListPolicyVersions", &awsiam.ListPolicyVersionsInput{PolicyArn: arn}).Versions
	if len(versions) != 2 || *versions[0].VersionId != "v2" || !versions[0].IsDefaultVersion {
		t.Errorf("versions %+v", versions)
	}
}

func TestPaging(t *testing.T) {
	t.Parallel()
	x := newIAM(t)
	for _, name := range []string{"c", "a", "b", "e", "d"} {
		createRole(t, x, name)
	}
	var names []string
	in := &awsiam.ListRolesInput{MaxItems: aws.Int32(2)}
	for {
		out := must[awsiam.ListRolesOutput](t, x, "ListRoles", in)
		for _, r := range out.Roles {
			names = append(names, *r.RoleName)
		}
		if !out.IsTruncated {
			break
		}
		in.Marker = out.Marker
	}
	if diff := cmp.Diff([]string{"a", "b", "c", "d", "e"}, names); diff != "" {
		t.Errorf("roles (-want +got):\n%s", diff)
	}
}

func TestAuthorizeWording(t *testing.T) {
	t.Parallel()
	x := newIAM(t)
	_, err := x.PutRole(account, iam.Role{
		Name: "Auditor", Trust: glueTrust, Attached: []string{"arn:aws:iam::aws:policy/SecurityAudit"},
		Inline: map[string]string{"no": `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"glue:GetJobs","Resource":"*"}}`},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := x.PutServiceControl("999999999999", []string{`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}`}); err != nil {
		t.Fatal(err)
	}
	const who = "User: arn:aws:sts::111122223333:assumed-role/Auditor/alice is not authorized to perform: "
	closed := root("")
	closed.Account, closed.Principal.ARN, closed.Service = "999999999999", "arn:aws:iam::999999999999:root", "glue"
	tests := []struct {
		name   string
		call   *service.Call
		action string
		want   *service.Error
	}{
		{"root may do all", root(""), "glue:DeleteDevEndpoint", nil},
		{"allowed by SecurityAudit", session("glue", "Auditor"), "glue:GetDevEndpoints", nil},
		{"asking who one is needs no permission", session("sts", "Nobody"), "sts:GetCallerIdentity", nil},
		{"not in SecurityAudit", session("glue", "Auditor"), "glue:GetMLTransforms", &service.Error{
			Code: "AccessDeniedException", Status: 400,
			Message: who + "glue:GetMLTransforms on resource: * because no identity-based policy allows the glue:GetMLTransforms action",
		}},
		{"denied", session("glue", "Auditor"), "glue:GetJobs", &service.Error{
			Code: "AccessDeniedException", Status: 400,
			Message: who + "glue:GetJobs on resource: * with an explicit deny in an identity-based policy",
		}},
		{"a query service", session("iam", "Auditor"), "iam:DeleteRole", &service.Error{
			Code: "AccessDenied", Status: 403,
			Message: who + "iam:DeleteRole on resource: * because no identity-based policy allows the iam:DeleteRole action",
		}},
		{"ec2 has its own code", session("ec2", "Auditor"), "ec2:RunInstances", &service.Error{
			Code: "UnauthorizedOperation", Status: 403,
			Message: "You are not authorized to perform this operation. " + who + "ec2:RunInstances because no identity-based policy allows the ec2:RunInstances action",
		}},
		{"a service control policy binds the root", closed, "glue:GetJobs", &service.Error{
			Code: "AccessDeniedException", Status: 400,
			Message: "User: arn:aws:iam::999999999999:root is not authorized to perform: glue:GetJobs on resource: * because no service control policy allows the glue:GetJobs action",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, x.Authorize(tt.call, tt.action, "*")); diff != "" {
				t.Errorf("Authorize (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAuthorizeWith(t *testing.T) {
	t.Parallel()
	x := newIAM(t)
	if _, err := x.PutRole(account, iam.Role{Name: "Fixer", Trust: glueTrust, Inline: map[string]string{
		"pass": `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:PassRole","Resource":"*","Condition":{"StringEquals":{"iam:PassedToService":"glue.amazonaws.com"}}}}`,
	}}); err != nil {
		t.Fatal(err)
	}
	c, role := session("glue", "Fixer"), "arn:aws:iam::111122223333:role/Glue"
	if err := x.AuthorizeWith(c, "iam:PassRole", role, map[string][]string{"iam:PassedToService": {"glue.amazonaws.com"}}); err != nil {
		t.Errorf("passing a role to Glue: %v", err)
	}
	err := x.AuthorizeWith(c, "iam:PassRole", role, map[string][]string{"iam:PassedToService": {"ec2.amazonaws.com"}})
	if err == nil || err.Code != "AccessDeniedException" || !strings.Contains(err.Message, "iam:PassRole on resource: "+role+" because no identity-based policy") {
		t.Errorf("passing a role to EC2: %v", err)
	}
}

func TestTrustsServiceAndAllows(t *testing.T) {
	t.Parallel()
	x := newIAM(t)
	arn, err := x.PutRole(account, iam.Role{Name: "Glue", Path: "/service-role/", Trust: glueTrust, Inline: map[string]string{"read": readGlue}})
	if err != nil {
		t.Fatal(err)
	}
	if !x.TrustsService(account, arn, "glue.amazonaws.com") || x.TrustsService(account, arn, "ec2.amazonaws.com") {
		t.Error("trust of a service is wrong")
	}
	if x.TrustsService(account, "arn:aws:iam::111122223333:role/Glue", "glue.amazonaws.com") {
		t.Error("a role was found without its path")
	}
	if !x.Allows(account, arn, "glue:GetJobs", "*", nil) || x.Allows(account, arn, "s3:GetObject", "*", nil) {
		t.Error("Allows is wrong")
	}
}

func TestSimulate(t *testing.T) {
	t.Parallel()
	x := newIAM(t)
	arn, err := x.PutRole(account, iam.Role{
		Name: "Fixer", Trust: glueTrust, Boundary: "arn:aws:iam::aws:policy/PowerUserAccess",
		Inline: map[string]string{"fix": `{"Version":"2012-10-17","Statement":[
{"Effect":"Allow","Action":["glue:*","iam:PassRole"],"Resource":"*"},
{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::data/*","Condition":{"StringEquals":{"aws:SourceVpc":"vpc-1"}}}]}`},
	})
	if err != nil {
		t.Fatal(err)
	}
	out := must[awsiam.SimulatePrincipalPolicyOutput](t, x, "SimulatePrincipalPolicy", &awsiam.SimulatePrincipalPolicyInput{
		PolicySourceArn: aws.String(arn), ActionNames: []string{"s3:GetObject", "glue:CreateDevEndpoint", "iam:PassRole"},
		ResourceArns: []string{"arn:aws:s3:::data/x"},
	})
	type row struct {
		Action, Decision string
		Boundary         bool
		Missing, Sources []string
	}
	var got []row
	for _, r := range out.EvaluationResults {
		one := row{Action: *r.EvalActionName, Decision: string(r.EvalDecision), Boundary: r.PermissionsBoundaryDecisionDetail.AllowedByPermissionsBoundary}
		one.Missing = r.ResourceSpecificResults[0].MissingContextValues
		for _, s := range r.MatchedStatements {
			one.Sources = append(one.Sources, *s.SourcePolicyId)
		}
		got = append(got, one)
	}
	want := []row{
		{"s3:GetObject", "implicitDeny", true, []string{"aws:SourceVpc"}, nil},
		{"glue:CreateDevEndpoint", "allowed", true, nil, []string{"role_Fixer_fix"}},
		{"iam:PassRole", "implicitDeny", false, nil, nil},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("simulation (-want +got):\n%s", diff)
	}
	paged := must[awsiam.SimulatePrincipalPolicyOutput](t, x, "SimulatePrincipalPolicy", &awsiam.SimulatePrincipalPolicyInput{
		PolicySourceArn: aws.String(arn), ActionNames: []string{"s3:GetObject", "glue:GetJobs"}, MaxItems: aws.Int32(1),
	})
	if len(paged.EvaluationResults) != 1 || !paged.IsTruncated || *paged.EvaluationResults[0].EvalActionName != "s3:GetObject" {
		t.Errorf("first page %+v", paged)
	}
	keys := must[awsiam.GetContextKeysForPrincipalPolicyOutput](t, x, "GetContextKeysForPrincipalPolicy", &awsiam.GetContextKeysForPrincipalPolicyInput{PolicySourceArn: aws.String(arn)})
	if diff := cmp.Diff([]string{"aws:SourceVpc"}, keys.ContextKeyNames); diff != "" {
		t.Errorf("context keys (-want +got):\n%s", diff)
	}
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	x := newIAM(t)
	createRole(t, x, "Reader")
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 50 {
				must[awsiam.PutRolePolicyOutput](t, x, "PutRolePolicy", &awsiam.PutRolePolicyInput{
					RoleName: aws.String("Reader"), PolicyName: aws.String("read"), PolicyDocument: aws.String(readGlue),
				})
				if err := x.Authorize(session("glue", "Reader"), "glue:GetJobs", "*"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}

func BenchmarkAuthorize(b *testing.B) {
	x := newIAM(b)
	if _, err := x.PutRole(account, iam.Role{
		Name: "Auditor", Trust: glueTrust, Attached: []string{"arn:aws:iam::aws:policy/SecurityAudit", "arn:aws:iam::aws:policy/ReadOnlyAccess"},
		Inline: map[string]string{"more": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["glue:*"],"Resource":"*"},
{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":["eu-west-1","us-east-1"]}}}]}`},
	}); err != nil {
		b.Fatal(err)
	}
	c := session("glue", "Auditor")
	b.ReportAllocs()
	for b.Loop() {
		if err := x.Authorize(c, "glue:GetMLTransforms", "*"); err != nil {
			b.Fatal(err)
		}
	}
}
