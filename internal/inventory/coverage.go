package inventory

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/glueguard/glueguard/internal/resource"
)

// The operations that an audit reads with, as coverage names them.
const (
	opAssumeRole     = "sts:AssumeRole"
	opListRegions    = "account:ListRegions"
	opListAccounts   = "organizations:ListAccounts"
	opDevEndpoints   = "glue:GetDevEndpoints"
	opMLTransforms   = "glue:GetMLTransforms"
	opConfiguration  = "glue:GetSecurityConfiguration"
	opConfigurations = "glue:GetSecurityConfigurations"
	opResources      = "tag:GetResources"
	opDescribeKey    = "kms:DescribeKey"
	opRotation       = "kms:GetKeyRotationStatus"
	opKeyPolicy      = "kms:GetKeyPolicy"
)

// tally is how the reading of one operation in one location went.
type tally struct {
	operation string
	items     int // read
	pages     int
	failed    int               // reads that failed, where each item is a read of its own
	failure   *resource.Failure // the first of them
}

// fail counts one item that could not be read. Of several failures the gravest stands for all, so that one that may be
// accepted, or that is none to speak of, hides no other.
func (t *tally) fail(f resource.Failure) {
	t.failed++
	if t.failure == nil || gravity(f.Class) > gravity(t.failure.Class) {
		t.failure = &f
	}
}

func gravity(c resource.FailureClass) int {
	switch c {
	case resource.Skipped: // never asked for on purpose
		return 0
	case resource.Unsupported:
		return 1
	case resource.Denied: // a policy may accept it
		return 2
	}
	return 3
}

func (t *tally) row(l resource.Location) resource.Coverage {
	c := resource.Coverage{
		Account: l.Account, Region: l.Region, Operation: t.operation,
		Status: resource.CoverageOK, Items: t.items, Pages: t.pages,
	}
	if t.failure != nil {
		c.Status, c.ErrorCode, c.Message = string(t.failure.Class), t.failure.Code, t.failure.Message
		if t.failed > 0 && t.failed+t.items > 1 {
			c.Message = fmt.Sprintf("%d of %d could not be read: %s", t.failed, t.failed+t.items, c.Message)
		}
	}
	return c
}

// rows turns the tallies that saw anything into coverage, in the order of their operations.
func rows(l resource.Location, tallies ...tally) []resource.Coverage {
	var list []resource.Coverage
	for _, t := range tallies {
		if t.operation != "" {
			list = append(list, t.row(l))
		}
	}
	slices.SortFunc(list, func(a, b resource.Coverage) int { return cmp.Compare(a.Operation, b.Operation) })
	return list
}
