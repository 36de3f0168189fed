package logs

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/glueguard/glueguard/internal/sandbox/paging"
	"github.com/glueguard/glueguard/internal/sandbox/service"
)

const maxPage = 50

// describeLogGroups lists groups by name. Answers to a pattern hold only the ARN, the creation time and the name.
// Source: DescribeLogGroups API reference.
func (l *Logs) describeLogGroups(c *service.Call, in *cloudwatchlogs.DescribeLogGroupsInput) (*cloudwatchlogs.DescribeLogGroupsOutput, error) {
	if in.LogGroupNamePrefix != nil && in.LogGroupNamePattern != nil {
		return nil, invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
	}
	if len(in.LogGroupIdentifiers) > 0 && (in.LogGroupNamePrefix != nil || in.LogGroupNamePattern != nil) {
		return nil, invalid("LogGroup identifiers can't be combined with a name prefix or a name pattern.")
	}
	size := maxPage
	if in.Limit != nil {
		size = int(*in.Limit)
		if size < 1 || size > maxPage {
			return nil, invalid("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value between 1 and %d", size, maxPage)
		}
	}
	found := l.find(c, in)
	scope := strings.Join(append([]string{
		aws.ToString(in.LogGroupNamePrefix), aws.ToString(in.LogGroupNamePattern), string(in.LogGroupClass),
	}, in.LogGroupIdentifiers...), "\x00")
	page, next, err := paging.Cut(found, func(g types.LogGroup) string { return *g.LogGroupName }, size, in.NextToken, scope)
	if err != nil {
		return nil, invalid("The specified nextToken is invalid.")
	}
	return &cloudwatchlogs.DescribeLogGroupsOutput{LogGroups: page, NextToken: next}, nil
}

func (l *Logs) find(c *service.Call, in *cloudwatchlogs.DescribeLogGroupsInput) []types.LogGroup {
	prefix, pattern := aws.ToString(in.LogGroupNamePrefix), aws.ToString(in.LogGroupNamePattern)
	l.mu.RLock()
	defer l.mu.RUnlock()
	found := []types.LogGroup{} // an empty list is sent as one
	groups := l.groups[location{c.Account, c.Region}]
	from, _ := search(groups, prefix)
	for _, g := range groups[from:] {
		if !strings.HasPrefix(*g.LogGroupName, prefix) {
			break
		}
		if !strings.Contains(*g.LogGroupName, pattern) || in.LogGroupClass != "" && g.LogGroupClass != in.LogGroupClass {
			continue
		}
		if len(in.LogGroupIdentifiers) > 0 && !slices.ContainsFunc(in.LogGroupIdentifiers, func(id string) bool {
			return *named(nil, &id) == *g.LogGroupName
		}) {
			continue
		}
		if in.LogGroupNamePattern != nil {
			g = types.LogGroup{Arn: g.Arn, CreationTime: g.CreationTime, LogGroupName: g.LogGroupName}
		}
		found = append(found, g)
	}
	return found
}
