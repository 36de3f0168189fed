package plan

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/glueguard/glueguard/internal/resource"
)

// Seal orders the plan, counts it, says whether it is complete and can be applied, and computes its digest. Errored is
// the caller's to say. It changes nothing of the plan that it is given.
func Seal(p Plan) (Plan, error) {
	p.Schema = Schema
	p.CreatedAt = p.CreatedAt.UTC()
	p.Changes, p.Unread = full(p.Changes), full(p.Unread)
	p.Accepted = slices.Compact(slices.Sorted(slices.Values(full(p.Accepted))))
	if p.Accepted == nil {
		p.Accepted = []string{}
	}
	for i := range p.Changes {
		p.Changes[i] = p.Changes[i].filled()
	}
	slices.SortStableFunc(p.Changes, compareItems)
	p.Summary = summarize(p.Changes)
	p.Complete = !slices.ContainsFunc(p.Unread, resource.Coverage.Unread) && !slices.ContainsFunc(p.Changes, Item.unread)
	p.Applyable = slices.ContainsFunc(p.Changes, Item.Applyable)
	digest, err := p.DigestOf()
	if err != nil {
		return Plan{}, err
	}
	p.Digest = digest
	return p, nil
}

// filled is the item with no list missing, so that each is written as a list.
func (i Item) filled() Item {
	i.Findings, i.Attributes, i.Steps = full(i.Findings), full(i.Attributes), full(i.Steps)
	i.Consequences, i.Warnings, i.Permissions = full(i.Consequences), full(i.Warnings), full(i.Permissions)
	i.Checks, i.Dependents = full(i.Checks), full(i.Dependents)
	return i
}

func compareItems(a, b Item) int {
	return cmp.Or(
		a.Location.Compare(b.Location),
		cmp.Compare(a.Resource.Type, b.Resource.Type), cmp.Compare(a.Resource.Name, b.Resource.Name), cmp.Compare(a.Resource.ARN, b.Resource.ARN),
	)
}

func summarize(items []Item) Summary {
	var s Summary
	for _, i := range items {
		switch {
		case i.Blocked != nil:
			s.Blocked++
		case i.Strategy == Retire:
			s.Retire++
		case i.Strategy == SideBySide:
			s.SideBySide++
		default:
			s.Replace++
		}
	}
	return s
}

// Applyable tells whether there is something to do and no check stands against it that nothing can accept.
func (i Item) Applyable() bool {
	stands := func(c Check) bool { return c.Status == Failed && c.Stops() }
	return i.Blocked == nil && len(i.Steps) > 0 && !slices.ContainsFunc(i.Checks, stands)
}

// unread tells whether something that should have been known of the resource was not.
func (i Item) unread() bool { return i.Blocked != nil && i.Blocked.Code == BlockedUnknown }

// DigestOf is the digest of everything in the plan but the digest itself: "sha256:" and the hash of its JSON.
func (p Plan) DigestOf() (string, error) {
	p.Digest = ""
	text, err := json.Marshal(p)
	if err != nil {
		return "", fmt.Errorf("plan: digest: %w", err)
	}
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}

// Encode writes the plan as JSON, always the same bytes for the same plan, with a line feed at the end.
func (p Plan) Encode() ([]byte, error) {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false) // people read it
	enc.SetIndent("", "  ")
	if err := enc.Encode(p); err != nil {
		return nil, fmt.Errorf("plan: encode: %w", err)
	}
	return text.Bytes(), nil
}
