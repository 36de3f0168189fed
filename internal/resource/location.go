package resource

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
)

// Location is one account in one region of one partition.
type Location struct {
	Partition string `json:"partition"`
	Account   string `json:"account"`
	Region    string `json:"region"`
}

func (l Location) String() string { return l.Account + "/" + l.Region }

// Compare orders locations by account, then region.
func (l Location) Compare(o Location) int {
	return cmp.Or(cmp.Compare(l.Account, o.Account), cmp.Compare(l.Region, o.Region), cmp.Compare(l.Partition, o.Partition))
}

// PartitionOf is the partition that a region belongs to, by its name, as the SDKs tell it; aws for what begins like none
// of the others, the empty region of global resources too.
func PartitionOf(region string) string {
	for _, p := range [...]struct{ begins, partition string }{
		{"cn-", "aws-cn"},
		{"us-gov-", "aws-us-gov"},
		{"us-iso-", "aws-iso"},
		{"us-isob-", "aws-iso-b"},
		{"eu-isoe-", "aws-iso-e"},
		{"us-isof-", "aws-iso-f"},
		{"eusc-", "aws-eusc"},
	} {
		if strings.HasPrefix(region, p.begins) {
			return p.partition
		}
	}
	return "aws"
}

// ARN builds the ARN of a resource in this location, e.g. ARN("glue", "devEndpoint/dev1").
func (l Location) ARN(service, res string) ARN {
	return ARN{Partition: l.Partition, Service: service, Region: l.Region, Account: l.Account, Resource: res}
}

// ARN is an Amazon Resource Name taken apart.
type ARN struct {
	Partition, Service, Region, Account, Resource string
}

// ErrARN is wrapped by every error that ParseARN returns.
var ErrARN = errors.New("not an ARN")

// ParseARN takes an ARN apart. The resource part keeps its colons and slashes. It returns ErrARN, wrapped, with what
// is wrong.
func ParseARN(s string) (ARN, error) {
	parts := strings.SplitN(s, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" {
		return ARN{}, fmt.Errorf("%w: %q: want arn:partition:service:region:account:resource", ErrARN, s)
	}
	a := ARN{Partition: parts[1], Service: parts[2], Region: parts[3], Account: parts[4], Resource: parts[5]}
	if a.Partition == "" || a.Service == "" || a.Resource == "" {
		return ARN{}, fmt.Errorf("%w: %q: partition, service and resource must not be empty", ErrARN, s)
	}
	return a, nil
}

func (a ARN) String() string {
	return strings.Join([]string{"arn", a.Partition, a.Service, a.Region, a.Account, a.Resource}, ":")
}

// Location is the location that the ARN names; its region or account is empty for global resources.
func (a ARN) Location() Location {
	return Location{Partition: a.Partition, Account: a.Account, Region: a.Region}
}
