// Package logs is the part of CloudWatch Logs that the sandbox serves: log groups, their encryption and retention.
package logs

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// Keys knows KMS keys.
type Keys interface {
	// Key finds a key of this region by its ARN.
	Key(account, region, ref string) (kmstypes.KeyMetadata, bool)
	// ServiceMay says whether the key's policy lets a service principal take an action, given condition keys.
	ServiceMay(account, region, ref, principal, action string, keys map[string][]string) bool
}

// Logs holds log groups. It is safe for concurrent use.
type Logs struct {
	keys Keys

	mu     sync.RWMutex
	groups map[location][]types.LogGroup // sorted by name
}

type location struct{ account, region string }

// New makes a Logs without groups. With nil keys every key counts as usable.
func New(keys Keys) *Logs { return &Logs{keys: keys, groups: map[location][]types.LogGroup{}} }

// Service is CloudWatch Logs as the sandbox serves it.
func (l *Logs) Service() service.Service {
	return service.Service{Model: "logs", Prefix: "logs", Operations: []service.Operation{
		service.Op("DescribeLogGroups", l.describeLogGroups),
		on("CreateLogGroup", l.createLogGroup, func(in *cloudwatchlogs.CreateLogGroupInput) *string { return in.LogGroupName }),
		on("DeleteLogGroup", l.deleteLogGroup, func(in *cloudwatchlogs.DeleteLogGroupInput) *string { return in.LogGroupName }),
		on("AssociateKmsKey", l.associateKmsKey, func(in *cloudwatchlogs.AssociateKmsKeyInput) *string {
			return named(in.LogGroupName, in.ResourceIdentifier)
		}),
		on("DisassociateKmsKey", l.disassociateKmsKey, func(in *cloudwatchlogs.DisassociateKmsKeyInput) *string {
			return named(in.LogGroupName, in.ResourceIdentifier)
		}),
		on("PutRetentionPolicy", l.putRetentionPolicy, func(in *cloudwatchlogs.PutRetentionPolicyInput) *string { return in.LogGroupName }),
		on("DeleteRetentionPolicy", l.deleteRetentionPolicy, func(in *cloudwatchlogs.DeleteRetentionPolicyInput) *string { return in.LogGroupName }),
	}}
}

// on makes an operation whose authorization is asked about the log group that it names.
func on[I, O any](name string, handle func(*service.Call, *I) (*O, error), group func(*I) *string) service.Operation {
	return service.On(service.Op(name, handle), func(c *service.Call, in *I) string {
		return groupARN(c.Partition, c.Account, c.Region, aws.ToString(group(in)))
	})
}

func groupARN(partition, account, region, name string) string {
	return "arn:" + partition + ":logs:" + region + ":" + account + ":log-group:" + name
}

func (l *Logs) createLogGroup(c *service.Call, in *cloudwatchlogs.CreateLogGroupInput) (*cloudwatchlogs.CreateLogGroupOutput, error) {
	name := aws.ToString(in.LogGroupName)
	if !validName(name) {
		return nil, invalid("1 validation error detected: Value '%s' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: %s", name, namePattern)
	}
	if strings.HasPrefix(strings.ToLower(name), "aws/") {
		return nil, invalid("Log groups starting with AWS/ are reserved for AWS.")
	}
	if err := l.checkKey(c, in.KmsKeyId, name); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	groups := l.groups[location{c.Account, c.Region}]
	at, found := search(groups, name)
	if found {
		return nil, service.Errorf("ResourceAlreadyExistsException", "The specified log group already exists")
	}
	class := in.LogGroupClass
	if class == "" {
		class = types.LogGroupClassStandard
	}
	arn := groupARN(c.Partition, c.Account, c.Region, name)
	l.groups[location{c.Account, c.Region}] = slices.Insert(groups, at, types.LogGroup{
		LogGroupName: &name, Arn: aws.String(arn + ":*"), LogGroupArn: &arn, LogGroupClass: class, KmsKeyId: in.KmsKeyId,
		CreationTime: aws.Int64(c.Now.UnixMilli()), StoredBytes: aws.Int64(0), MetricFilterCount: aws.Int32(0),
		DeletionProtectionEnabled: in.DeletionProtectionEnabled,
	})
	return &cloudwatchlogs.CreateLogGroupOutput{}, nil
}

const namePattern = `[\.\-_/#A-Za-z0-9]+`

func validName(name string) bool {
	return len(name) >= 1 && len(name) <= 512 && regexp.MustCompile(`^`+namePattern+`$`).MatchString(name)
}

func (l *Logs) deleteLogGroup(c *service.Call, in *cloudwatchlogs.DeleteLogGroupInput) (*cloudwatchlogs.DeleteLogGroupOutput, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	place := location{c.Account, c.Region}
	at, found := search(l.groups[place], aws.ToString(in.LogGroupName))
	if !found {
		return nil, missing()
	}
	if aws.ToBool(l.groups[place][at].DeletionProtectionEnabled) {
		return nil, service.Errorf("ValidationException", "Deletion protection is enabled for the log group.")
	}
	l.groups[place] = slices.Delete(l.groups[place], at, at+1)
	return &cloudwatchlogs.DeleteLogGroupOutput{}, nil
}

func (l *Logs) associateKmsKey(c *service.Call, in *cloudwatchlogs.AssociateKmsKeyInput) (*cloudwatchlogs.AssociateKmsKeyOutput, error) {
	if err := l.checkKey(c, in.KmsKeyId, aws.ToString(named(in.LogGroupName, in.ResourceIdentifier))); err != nil {
		return nil, err
	}
	err := l.edit(c, in.LogGroupName, in.ResourceIdentifier, func(g *types.LogGroup) { g.KmsKeyId = in.KmsKeyId })
	return &cloudwatchlogs.AssociateKmsKeyOutput{}, err
}

func (l *Logs) disassociateKmsKey(c *service.Call, in *cloudwatchlogs.DisassociateKmsKeyInput) (*cloudwatchlogs.DisassociateKmsKeyOutput, error) {
	err := l.edit(c, in.LogGroupName, in.ResourceIdentifier, func(g *types.LogGroup) { g.KmsKeyId = nil })
	return &cloudwatchlogs.DisassociateKmsKeyOutput{}, err
}

// retentions are the periods that PutRetentionPolicy takes, in days. Source: PutRetentionPolicy API reference.
func retentions() []int32 {
	return []int32{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
}

func (l *Logs) putRetentionPolicy(c *service.Call, in *cloudwatchlogs.PutRetentionPolicyInput) (*cloudwatchlogs.PutRetentionPolicyOutput, error) {
	if !slices.Contains(retentions(), aws.ToInt32(in.RetentionInDays)) {
		return nil, invalid("1 validation error detected: Value '%d' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: %v", aws.ToInt32(in.RetentionInDays), retentions())
	}
	err := l.edit(c, in.LogGroupName, nil, func(g *types.LogGroup) { g.RetentionInDays = in.RetentionInDays })
	return &cloudwatchlogs.PutRetentionPolicyOutput{}, err
}

func (l *Logs) deleteRetentionPolicy(c *service.Call, in *cloudwatchlogs.DeleteRetentionPolicyInput) (*cloudwatchlogs.DeleteRetentionPolicyOutput, error) {
	err := l.edit(c, in.LogGroupName, nil, func(g *types.LogGroup) { g.RetentionInDays = nil })
	return &cloudwatchlogs.DeleteRetentionPolicyOutput{}, err
}

// edit changes the group that is named by its name or by its ARN: one of the two must be given.
func (l *Logs) edit(c *service.Call, name, identifier *string, change func(*types.LogGroup)) error {
	if (name == nil) == (identifier == nil) {
		return invalid("Exactly one of logGroupName and resourceIdentifier must be specified.")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	groups := l.groups[location{c.Account, c.Region}]
	at, found := search(groups, aws.ToString(named(name, identifier)))
	if !found {
		return missing()
	}
	change(&groups[at])
	return nil
}

// named is a group's name: given, or taken from its ARN.
func named(name, identifier *string) *string {
	if name != nil || identifier == nil {
		return name
	}
	_, after, found := strings.Cut(*identifier, ":log-group:")
	if !found {
		after = *identifier
	}
	return aws.String(strings.TrimSuffix(after, ":*"))
}

// checkKey refuses a key that is missing, disabled or not symmetric, and one whose policy doesn't let CloudWatch Logs of
// the region use it for the group. Source: AssociateKmsKey API reference; CloudWatch Logs user guide, "Encrypt log data".
func (l *Logs) checkKey(c *service.Call, key *string, group string) error {
	if key == nil {
		return nil
	}
	if !strings.HasPrefix(*key, "arn:") {
		return invalid("The KMS key must be given by its ARN.")
	}
	if l.keys == nil {
		return nil
	}
	found, ok := l.keys.Key(c.Account, c.Region, *key)
	if !ok || found.KeyState != kmstypes.KeyStateEnabled || found.KeySpec != kmstypes.KeySpecSymmetricDefault || found.KeyUsage != kmstypes.KeyUsageTypeEncryptDecrypt {
		return unusable(c, group)
	}
	context := map[string][]string{"kms:EncryptionContext:aws:logs:arn": {groupARN(c.Partition, c.Account, c.Region, group)}}
	for _, action := range []string{"kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey"} {
		// The suffix of the principal in China is unconfirmed, so both are taken.
		if !slices.ContainsFunc([]string{".amazonaws.com", ".amazonaws.com.cn"}, func(suffix string) bool {
			return l.keys.ServiceMay(c.Account, c.Region, *key, "logs."+c.Region+suffix, action, context)
		}) {
			return unusable(c, group)
		}
	}
	return nil
}

func unusable(c *service.Call, group string) error {
	return invalid("The specified KMS key does not exist or is not allowed to be used with Arn '%s'", groupARN(c.Partition, c.Account, c.Region, group))
}

func search(groups []types.LogGroup, name string) (int, bool) {
	return slices.BinarySearchFunc(groups, name, func(g types.LogGroup, want string) int { return strings.Compare(*g.LogGroupName, want) })
}

func invalid(format string, args ...any) *service.Error {
	return service.Errorf("InvalidParameterException", format, args...)
}

func missing() *service.Error {
	return service.Errorf("ResourceNotFoundException", "The specified log group does not exist.")
}

// PutLogGroup adds a group or replaces the one that has its name, whatever its key. LogGroupName is required; ARNs
// and creation time are filled in where they are missing.
func (l *Logs) PutLogGroup(account, region string, g types.LogGroup) {
	arn := groupARN(service.Partition(region), account, region, *g.LogGroupName)
	if g.Arn == nil {
		g.Arn, g.LogGroupArn = aws.String(arn+":*"), &arn
	}
	if g.CreationTime == nil {
		g.CreationTime = aws.Int64(0)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	place := location{account, region}
	at, found := search(l.groups[place], *g.LogGroupName)
	if found {
		l.groups[place][at] = g
		return
	}
	l.groups[place] = slices.Insert(l.groups[place], at, g)
}
