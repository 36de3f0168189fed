package glue

import (
	"testing"
	"time"

	awsglue "github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/google/go-cmp/cmp"
)

func TestCreateDevEndpointRefusals(t *testing.T) {
	t.Parallel()
	type edit = func(*awsglue.CreateDevEndpointInput)
	for name, tc := range map[string]struct {
		edit  edit
		code  string
		text  string
		setup func(*world)
	}{
		"nodes and worker type": {
			edit: func(in *awsglue.CreateDevEndpointInput) { in.NumberOfNodes, in.WorkerType = 3, types.WorkerTypeG1x },
			code: "InvalidInputException", text: "NumberOfNodes",
		},
		"nodes and number of workers": {
			edit: func(in *awsglue.CreateDevEndpointInput) { in.NumberOfNodes, in.NumberOfWorkers = 3, ptr(int32(3)) },
			code: "InvalidInputException", text: "NumberOfNodes",
		},
		"worker type alone": {
			edit: func(in *awsglue.CreateDevEndpointInput) { in.WorkerType = types.WorkerTypeG1x },
			code: "InvalidInputException", text: "Both WorkerType and NumberOfWorkers",
		},
		"number of workers alone": {
			edit: func(in *awsglue.CreateDevEndpointInput) { in.NumberOfWorkers = ptr(int32(2)) },
			code: "InvalidInputException", text: "Both WorkerType and NumberOfWorkers",
		},
		"one node": {
			edit: func(in *awsglue.CreateDevEndpointInput) { in.NumberOfNodes = 1 },
			code: "InvalidInputException", text: "at least 2",
		},
		"one worker": {
			edit: func(in *awsglue.CreateDevEndpointInput) {
				in.WorkerType, in.NumberOfWorkers = types.WorkerTypeG1x, ptr(int32(1))
			},
			code: "InvalidInputException", text: "between 2 and 299",
		},
		"too many G.2X workers": {
			edit: func(in *awsglue.CreateDevEndpointInput) {
				in.WorkerType, in.NumberOfWorkers = types.WorkerTypeG2x, ptr(int32(150))
			},
			code: "InvalidInputException", text: "between 2 and 149",
		},
		"worker type of the enum that endpoints don't take": {
			edit: func(in *awsglue.CreateDevEndpointInput) {
				in.WorkerType, in.NumberOfWorkers = types.WorkerTypeG8x, ptr(int32(2))
			},
			code: "InvalidInputException", text: "G.8X",
		},
		"one key and a list": {
			edit: func(in *awsglue.CreateDevEndpointInput) { in.PublicKey, in.PublicKeys = ptr("a"), []string{"b"} },
			code: "InvalidInputException", text: "PublicKey",
		},
		"six keys": {
			edit: func(in *awsglue.CreateDevEndpointInput) { in.PublicKeys = []string{"1", "2", "3", "4", "5", "6"} },
			code: "InvalidInputException", text: "at most 5",
		},
		"subnet without security groups": {
			edit: func(in *awsglue.CreateDevEndpointInput) { in.SubnetId = ptr("subnet-1") },
			code: "InvalidInputException", text: "Either none or both",
		},
		"security groups without subnet": {
			edit: func(in *awsglue.CreateDevEndpointInput) { in.SecurityGroupIds = []string{"sg-1"} },
			code: "InvalidInputException", text: "Either none or both",
		},
		"subnet without a way to S3": {
			edit: func(in *awsglue.CreateDevEndpointInput) {
				in.SubnetId, in.SecurityGroupIds = ptr("subnet-island"), []string{"sg-1"}
			},
			code: "InvalidInputException", text: "S3 endpoint and NAT validation has failed for subnetId",
		},
		"Glue 2.0": {
			edit: func(in *awsglue.CreateDevEndpointInput) { in.GlueVersion = ptr("2.0") },
			code: "InvalidInputException", text: "2.0",
		},
		"role that doesn't trust Glue": {
			edit: func(in *awsglue.CreateDevEndpointInput) { in.RoleArn = ptr(role + "-new") },
			code: "InvalidInputException", text: "should be given assume role permissions for Glue Service",
		},
		"role of another account": {
			edit: func(in *awsglue.CreateDevEndpointInput) { in.RoleArn = ptr("arn:aws:iam::999999999999:role/x") },
			code: "AccessDeniedException", text: "Cross-account",
		},
		"role that may not be passed": {
			setup: func(w *world) { w.denied["iam:PassRole"] = true },
			code:  "AccessDeniedException", text: "iam:PassRole",
		},
		"tags without the right to tag": {
			setup: func(w *world) { w.denied["glue:TagResource"] = true },
			edit:  func(in *awsglue.CreateDevEndpointInput) { in.Tags = map[string]string{"a": "b"} },
			code:  "AccessDeniedException", text: "glue:TagResource",
		},
		"aws: tag": {
			edit: func(in *awsglue.CreateDevEndpointInput) { in.Tags = map[string]string{"aws:x": "1"} },
			code: "InvalidInputException", text: "aws:",
		},
		"unknown security configuration": {
			edit: func(in *awsglue.CreateDevEndpointInput) { in.SecurityConfiguration = ptr("nope") },
			code: "InvalidInputException", text: "nope does not exist",
		},
		"name that is in use": {
			setup: func(w *world) { must[awsglue.CreateDevEndpointOutput](w, endpointInput()) },
			code:  "AlreadyExistsException", text: "dev",
		},
		"name of an endpoint that is terminating": {
			setup: func(w *world) {
				must[awsglue.CreateDevEndpointOutput](w, endpointInput())
				must[awsglue.DeleteDevEndpointOutput](w, &awsglue.DeleteDevEndpointInput{EndpointName: ptr("dev")})
				w.pass(2 * time.Minute)
			},
			code: "AlreadyExistsException", text: "dev",
		},
		"over quota": {
			setup: func(w *world) {
				w.Change(func(s *Settings) { s.Quotas.DevEndpoints = 1 })
				must[awsglue.CreateDevEndpointOutput](w, endpointInput(func(in *awsglue.CreateDevEndpointInput) { in.EndpointName = ptr("other") }))
			},
			code: "ResourceNumberLimitExceededException", text: "limit of 1",
		},
		"end of life, version omitted": {
			setup: func(w *world) { w.SetEndOfLife(true) },
			code:  "InvalidInputException", text: "0.9 has reached end of life",
		},
		"end of life, 1.0": {
			setup: func(w *world) { w.SetEndOfLife(true) },
			edit:  func(in *awsglue.CreateDevEndpointInput) { in.GlueVersion = ptr("1.0") },
			code:  "InvalidInputException", text: "1.0 has reached end of life",
		},
		"region without endpoints": {
			setup: func(w *world) { w.region = "ap-southeast-5" },
			code:  "InvalidInputException", text: "Operation is not supported in <ap-southeast-5> region",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if tc.setup != nil {
				tc.setup(w)
			}
			in := endpointInput()
			if tc.edit != nil {
				tc.edit(in)
			}
			_, err := do[awsglue.CreateDevEndpointOutput](w, in)
			refused(t, err, tc.code, tc.text)
		})
	}
}

func TestUnsupportedRegions(t *testing.T) {
	t.Parallel()
	for _, r := range []string{"ap-southeast-3", "me-central-1", "eu-south-2", "eu-central-2", "ap-southeast-5"} {
		w := newWorld(t)
		w.region = r
		_, err := do[awsglue.GetDevEndpointsOutput](w, &awsglue.GetDevEndpointsInput{})
		refused(t, err, "InvalidInputException", "Operation is not supported in <"+r+"> region")
	}
	w := newWorld(t, func(s *Settings) { s.NoMLTransforms = []string{"ap-southeast-5"} })
	w.region = "eu-south-2"
	must[awsglue.GetMLTransformsOutput](w, &awsglue.GetMLTransformsInput{})
	w.region = "ap-southeast-5"
	_, err := do[awsglue.GetMLTransformsOutput](w, &awsglue.GetMLTransformsInput{})
	refused(t, err, "InvalidInputException", "Operation is not supported")
	must[awsglue.GetSecurityConfigurationsOutput](w, &awsglue.GetSecurityConfigurationsInput{})
	w = newWorld(t, func(s *Settings) { s.NoDevEndpoints = []string{} })
	w.region = "ap-southeast-5"
	must[awsglue.GetDevEndpointsOutput](w, &awsglue.GetDevEndpointsInput{})
}

func TestDevEndpointDefaultsAndRoundTrip(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.configuration("sec", "SSE-KMS")
	must[awsglue.CreateDevEndpointOutput](w, endpointInput())
	e := w.endpoint("dev")
	if e.NumberOfNodes != 5 || e.WorkerType != "" || e.NumberOfWorkers != nil || e.GlueVersion != nil || *e.Status != provisioning {
		t.Errorf("defaults: %d nodes, worker %q × %v, version %v, %s", e.NumberOfNodes, e.WorkerType, e.NumberOfWorkers, e.GlueVersion, *e.Status)
	}
	in := endpointInput(func(in *awsglue.CreateDevEndpointInput) {
		in.EndpointName, in.WorkerType, in.NumberOfWorkers = ptr("full"), types.WorkerTypeG1x, ptr(int32(3))
		in.PublicKeys, in.GlueVersion = []string{"ssh-rsa 1", "ssh-rsa 2"}, ptr("1.0")
		in.SubnetId, in.SecurityGroupIds = ptr("subnet-1"), []string{"sg-1"}
		in.ExtraJarsS3Path, in.ExtraPythonLibsS3Path = ptr("s3://b/x.jar"), ptr("s3://b/x.egg")
		in.Arguments = map[string]string{"GLUE_PYTHON_VERSION": "3"}
		in.SecurityConfiguration, in.Tags = ptr("sec"), map[string]string{"team": "a"}
	})
	must[awsglue.CreateDevEndpointOutput](w, in)
	w.pass(10 * time.Minute)
	created := w.now.Add(-10 * time.Minute)
	want := &types.DevEndpoint{
		EndpointName: ptr("full"), RoleArn: ptr(role), WorkerType: types.WorkerTypeG1x, NumberOfWorkers: ptr(int32(3)), NumberOfNodes: 3,
		PublicKeys: in.PublicKeys, GlueVersion: ptr("1.0"), SubnetId: in.SubnetId, SecurityGroupIds: in.SecurityGroupIds,
		ExtraJarsS3Path: in.ExtraJarsS3Path, ExtraPythonLibsS3Path: in.ExtraPythonLibsS3Path, Arguments: in.Arguments,
		SecurityConfiguration: ptr("sec"), Status: ptr(ready), CreatedTimestamp: &created, LastModifiedTimestamp: &w.now,
		VpcId: ptr("vpc-1"), AvailabilityZone: ptr(region + "b"), PrivateAddress: ptr("10.0.0.7"), YarnEndpointAddress: ptr("10.0.0.7"),
		ZeppelinRemoteSparkInterpreterPort: zeppelinPort,
	}
	if diff := cmp.Diff(want, w.endpoint("full"), cmpNoSerde()); diff != "" {
		t.Errorf("round trip (-want +got):\n%s", diff)
	}
	if e := w.endpoint("dev"); e.PublicAddress == nil || e.PrivateAddress != nil || e.AvailabilityZone == nil {
		t.Errorf("addresses outside a VPC: %v %v", e.PublicAddress, e.PrivateAddress)
	}
}

func TestDevEndpointStates(t *testing.T) {
	t.Parallel()
	inSubnet := func(id string) func(*awsglue.CreateDevEndpointInput) {
		return func(in *awsglue.CreateDevEndpointInput) { in.SubnetId, in.SecurityGroupIds = ptr(id), []string{"sg"} }
	}
	for name, tc := range map[string]struct {
		edit   func(*awsglue.CreateDevEndpointInput)
		after  time.Duration
		status string
		reason string
	}{
		"provisioning":             {after: 10*time.Minute - 1, status: provisioning},
		"ready":                    {after: 10 * time.Minute, status: ready},
		"unknown subnet, not yet":  {edit: inSubnet("subnet-x"), after: time.Minute, status: provisioning},
		"unknown subnet":           {edit: inSubnet("subnet-x"), after: 5 * time.Minute, status: failed, reason: "The subnet ID 'subnet-x' does not exist"},
		"subnet without addresses": {edit: inSubnet("subnet-full"), after: 5 * time.Minute, status: failed, reason: "The specified subnet does not have enough free addresses to satisfy the request: subnet-full"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			in := endpointInput()
			if tc.edit != nil {
				tc.edit(in)
			}
			must[awsglue.CreateDevEndpointOutput](w, in)
			w.pass(tc.after)
			e := w.endpoint("dev")
			if *e.Status != tc.status || deref(e.FailureReason) != tc.reason {
				t.Errorf("got %s %q, want %s %q", *e.Status, deref(e.FailureReason), tc.status, tc.reason)
			}
		})
	}
}

func TestKeyThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	const key = "arn:aws:kms:eu-west-1:111122223333:key/k"
	w := newWorld(t)
	w.keys[key] = "AccessDeniedException"
	w.configuration("sec", "SSE-KMS")
	w.configuration("s3", "SSE-S3") // names the key too, without using it
	for _, name := range []string{"sec", "s3"} {
		must[awsglue.CreateDevEndpointOutput](w, endpointInput(func(in *awsglue.CreateDevEndpointInput) { in.EndpointName, in.SecurityConfiguration = &name, &name }))
	}
	w.pass(time.Hour)
	if e := w.endpoint("sec"); *e.Status != failed || *e.FailureReason != "Cannot encrypt with key "+key+": AccessDeniedException" {
		t.Errorf("%s: %s", *e.Status, deref(e.FailureReason))
	}
	if e := w.endpoint("s3"); *e.Status != ready {
		t.Errorf("%s: %s", *e.Status, deref(e.FailureReason))
	}
}

func TestWriteFromEndpoint(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.configuration("sec", "SSE-KMS")
	must[awsglue.CreateDevEndpointOutput](w, endpointInput(func(in *awsglue.CreateDevEndpointInput) { in.SecurityConfiguration = ptr("sec") }))
	if err := w.WriteFromEndpoint(w.now, Write{Account: account, Region: region, Endpoint: "dev", Path: "s3://labels/proof"}); err == nil {
		t.Error("wrote while provisioning")
	}
	w.pass(10 * time.Minute)
	if err := w.WriteFromEndpoint(w.now, Write{Account: account, Region: region, Endpoint: "dev", Path: "s3://labels/proof", Body: []byte("x")}); err != nil {
		t.Fatal(err)
	}
	if got := w.objects.mode["labels/proof"]; got != "SSE-KMS arn:aws:kms:eu-west-1:111122223333:key/k" {
		t.Errorf("written as %q", got)
	}
	proof := Write{Account: account, Region: region, Endpoint: "dev", Path: "s3://labels/proof", Unencrypted: true}
	if err := w.WriteFromEndpoint(w.now, proof); err != nil || w.objects.mode["labels/proof"] != " " {
		t.Errorf("left to the bucket: %v, %q", err, w.objects.mode["labels/proof"])
	}
	proof.Unencrypted = false
	w.keys["arn:aws:kms:eu-west-1:111122223333:key/k"] = "DisabledException"
	refused(t, w.WriteFromEndpoint(w.now, proof), "AccessDenied", "may not encrypt with arn:aws:kms:eu-west-1:111122223333:key/k: DisabledException")
	w.unable["s3:PutObject"] = true
	refused(t, w.WriteFromEndpoint(w.now, proof), "AccessDenied", "may not write to s3://labels/proof")
}

func TestSeededEndpointsOccupyTheirSubnet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.PutDevEndpoint(account, region, types.DevEndpoint{
		EndpointName: ptr("old"), RoleArn: ptr(role), SubnetId: ptr("subnet-1"), SecurityGroupIds: []string{"sg"}, NumberOfWorkers: ptr(int32(3)),
	}, nil)
	e := w.endpoint("old")
	if *e.VpcId != "vpc-1" || *e.AvailabilityZone != "eu-west-1b" || *e.PrivateAddress != "10.0.0.7" || e.PublicAddress != nil || w.subnets.free["subnet-1"] != 9 {
		t.Errorf("%+v, %d addresses left", e, w.subnets.free["subnet-1"])
	}
	must[awsglue.DeleteDevEndpointOutput](w, &awsglue.DeleteDevEndpointInput{EndpointName: ptr("old")})
	if w.subnets.free["subnet-1"] != 12 {
		t.Errorf("%d addresses left after the deletion", w.subnets.free["subnet-1"])
	}
}

func TestDeleteDevEndpoint(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := endpointInput(func(in *awsglue.CreateDevEndpointInput) {
		in.SubnetId, in.SecurityGroupIds = ptr("subnet-1"), []string{"sg"}
	})
	must[awsglue.CreateDevEndpointOutput](w, in)
	if w.subnets.free["subnet-1"] != 7 {
		t.Errorf("free addresses: %d", w.subnets.free["subnet-1"])
	}
	w.pass(10 * time.Minute)
	del := &awsglue.DeleteDevEndpointInput{EndpointName: ptr("dev")}
	must[awsglue.DeleteDevEndpointOutput](w, del)
	must[awsglue.DeleteDevEndpointOutput](w, del) // again: nothing changes
	if w.subnets.free["subnet-1"] != 12 {
		t.Errorf("free addresses after delete: %d", w.subnets.free["subnet-1"])
	}
	w.pass(150*time.Second - 1)
	if e := w.endpoint("dev"); *e.Status != terminating {
		t.Errorf("status %s", *e.Status)
	}
	w.pass(1)
	_, err := do[awsglue.GetDevEndpointOutput](w, &awsglue.GetDevEndpointInput{EndpointName: ptr("dev")})
	refused(t, err, "EntityNotFoundException", "dev")
	_, err = do[awsglue.DeleteDevEndpointOutput](w, del)
	refused(t, err, "EntityNotFoundException", "dev")
	must[awsglue.CreateDevEndpointOutput](w, in) // the name is free again
}

func TestUpdateDevEndpoint(t *testing.T) {
	t.Parallel()
	type update = awsglue.UpdateDevEndpointInput
	for name, tc := range map[string]struct {
		create func(*awsglue.CreateDevEndpointInput)
		in     update
		early  bool // before it is READY
		text   string
		check  func(*types.DevEndpoint) bool
	}{
		"not ready": {in: update{PublicKey: ptr("a")}, early: true, text: "not READY"},
		"replace key": {
			create: func(in *awsglue.CreateDevEndpointInput) { in.PublicKey = ptr("a") }, in: update{PublicKey: ptr("b")},
			check: func(e *types.DevEndpoint) bool { return *e.PublicKey == "b" },
		},
		"list beside one key": {
			create: func(in *awsglue.CreateDevEndpointInput) { in.PublicKey = ptr("a") }, in: update{AddPublicKeys: []string{"b"}},
			text: "Delete the existing public key",
		},
		"from one key to a list": {
			create: func(in *awsglue.CreateDevEndpointInput) { in.PublicKey = ptr("a") },
			in:     update{DeletePublicKeys: []string{"a"}, AddPublicKeys: []string{"b", "c"}},
			check: func(e *types.DevEndpoint) bool {
				return e.PublicKey == nil && cmp.Equal(e.PublicKeys, []string{"b", "c"})
			},
		},
		"one key beside a list": {
			create: func(in *awsglue.CreateDevEndpointInput) { in.PublicKeys = []string{"a"} }, in: update{PublicKey: ptr("b")},
			text: "Only one of",
		},
		"delete a key it lacks": {in: update{DeletePublicKeys: []string{"x"}}, text: "does not exist"},
		"six keys": {
			create: func(in *awsglue.CreateDevEndpointInput) { in.PublicKeys = []string{"1", "2", "3", "4", "5"} },
			in:     update{AddPublicKeys: []string{"6"}}, text: "at most 5",
		},
		"libraries": {
			create: func(in *awsglue.CreateDevEndpointInput) { in.ExtraJarsS3Path = ptr("s3://b/old.jar") },
			in:     update{CustomLibraries: &types.DevEndpointCustomLibraries{ExtraPythonLibsS3Path: ptr("s3://b/l.zip")}},
			check: func(e *types.DevEndpoint) bool {
				return *e.ExtraPythonLibsS3Path == "s3://b/l.zip" && *e.ExtraJarsS3Path == "s3://b/old.jar"
			},
		},
		"arguments": {
			create: func(in *awsglue.CreateDevEndpointInput) { in.Arguments = map[string]string{"a": "1", "b": "2"} },
			in:     update{AddArguments: map[string]string{"b": "3", "c": "4"}, DeleteArguments: []string{"a"}},
			check: func(e *types.DevEndpoint) bool {
				return cmp.Equal(e.Arguments, map[string]string{"b": "3", "c": "4"})
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			in := endpointInput()
			if tc.create != nil {
				tc.create(in)
			}
			must[awsglue.CreateDevEndpointOutput](w, in)
			if !tc.early {
				w.pass(10 * time.Minute)
			}
			before := w.endpoint("dev")
			tc.in.EndpointName = ptr("dev")
			_, err := do[awsglue.UpdateDevEndpointOutput](w, &tc.in)
			if tc.text != "" {
				refused(t, err, "InvalidInputException", tc.text)
				if diff := cmp.Diff(before, w.endpoint("dev"), cmpNoSerde()); diff != "" {
					t.Errorf("a refused update changed it:\n%s", diff)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if e := w.endpoint("dev"); !tc.check(e) || *e.LastUpdateStatus != updatePending {
				t.Errorf("got %+v", e)
			}
			_, err = do[awsglue.UpdateDevEndpointOutput](w, &awsglue.UpdateDevEndpointInput{EndpointName: ptr("dev")})
			refused(t, err, "InvalidInputException", "another concurrent update operation")
			w.pass(3 * time.Minute)
			if e := w.endpoint("dev"); *e.LastUpdateStatus != updateCompleted {
				t.Errorf("last update: %s", *e.LastUpdateStatus)
			}
		})
	}
}
