package evidence

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

// about is the first record.
type about struct {
	Tool    string    `json:"tool"`
	MadeAt  time.Time `json:"made_at"`
	Request Selection `json:"request"`
	Trail   Mark      `json:"trail"`
}

type auditHead struct {
	ID         string        `json:"id"`
	StartedAt  time.Time     `json:"started_at"`
	FinishedAt time.Time     `json:"finished_at,omitzero"`
	Complete   bool          `json:"complete"` // it came to its end
	Policy     policyRef     `json:"policy"`
	Summary    store.Summary `json:"summary"`
}

type policyRef struct {
	Profile string `json:"profile"`
	Digest  string `json:"digest"`
}

// planKept is a plan's record, beside the plan. Its digest is that of the plan as it was carried out, with what is left out here.
type planKept struct {
	Digest  string `json:"digest"`
	Missing bool   `json:"missing,omitempty"` // not in the state: the change was adopted, say
}

// policyKept is a policy's record. Where nothing had to be left out of the document, the digest is its SHA-256.
type policyKept struct {
	Digest   string `json:"digest"`
	Missing  bool   `json:"missing,omitempty"` // not in the state: an older glueguard made the audit
	Document string `json:"document,omitempty"`
}

// collector adds what was selected to a chain.
type collector struct {
	store Store
	chain *chain
	now   time.Time
	plans map[string]bool // digests that are in the chain, of policies too
	trail Mark
}

// mark looks how far the trail has come, and whether it is as it was written.
func mark(ctx context.Context, t Trail) (Mark, error) {
	state, err := t.CheckTrail(ctx)
	var broken *store.TrailError
	switch {
	case errors.As(err, &broken):
		return Mark{Entries: state.Entries, Head: state.Head, Broken: broken.Error()}, nil
	case err != nil:
		return Mark{}, err
	}
	return Mark{Entries: state.Entries, Head: state.Head}, nil
}

func (c *collector) collect(ctx context.Context, s Selection) error {
	switch {
	case s.Audit != "":
		a, err := c.store.Audit(ctx, s.Audit)
		if err != nil {
			return err
		}
		s.Audit = a.ID
		if err := c.audit(ctx, a); err != nil {
			return err
		}
	case s.Change != "":
		id, err := c.change(ctx, s.Change)
		if err != nil {
			return err
		}
		s.Change = id
	default:
		if err := c.since(ctx, s.Since); err != nil {
			return err
		}
	}
	return c.deeds(ctx, s)
}

// deedsAtOnce is how many entries of the trail are in memory at a time.
const deedsAtOnce = 500

// deeds takes in what the trail says of the selection, the oldest first; the store lists them from the newest.
func (c *collector) deeds(ctx context.Context, s Selection) error {
	for from := int64(1); from <= c.trail.Entries; from += deedsAtOnce {
		var part []store.Deed
		to := min(from+deedsAtOnce, c.trail.Entries+1)
		err := c.store.EachDeed(ctx, to, int(to-from), func(d store.Deed) error {
			if c.concerns(s, d) {
				part = append(part, d)
			}
			return nil
		})
		if err != nil {
			return err
		}
		for _, d := range slices.Backward(part) {
			if err := c.chain.add(KindDeed, d.Subject, d); err != nil {
				return err
			}
		}
	}
	return nil
}

// concerns tells whether a deed was done to what was selected, or to the plan behind it.
func (c *collector) concerns(s Selection, d store.Deed) bool {
	switch {
	case s.Audit != "":
		return d.Subject == s.Audit || d.Detail["audit"] == s.Audit
	case s.Change != "":
		approved := d.Detail["plan"] != "" && c.plans[d.Detail["plan"]] // a request to apply it, say
		return approved || d.Subject == s.Change || c.plans[d.Subject] || slices.Contains(strings.Fields(d.Detail["changes"]), s.Change)
	}
	return !d.At.Before(s.Since)
}

// since takes in the audits that began since then and came to their end, and the changes that anything happened to since then, whole.
func (c *collector) since(ctx context.Context, since time.Time) error {
	var audits []store.Audit // whole before they are read: one read of the store at a time
	err := c.store.EachAudit(ctx, func(a store.Audit) error {
		if !a.StartedAt.Before(since) {
			audits = append(audits, a)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, a := range audits {
		if err := c.audit(ctx, a); err != nil {
			return err
		}
	}
	var ids []string
	err = c.store.EachSummary(ctx, store.ChangeFilter{}, func(s store.Summarized) error {
		if !s.UpdatedAt.Before(since) {
			ids = append(ids, s.ID)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, id := range slices.Backward(ids) {
		if _, err := c.change(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

func (c *collector) audit(ctx context.Context, a store.Audit) error {
	head := auditHead{
		ID: a.ID, StartedAt: a.StartedAt, FinishedAt: a.FinishedAt, Complete: !a.FinishedAt.IsZero(),
		Policy: policyRef{Profile: a.PolicyProfile, Digest: a.PolicyDigest}, Summary: a.Summary,
	}
	if err := c.chain.add(KindAudit, a.ID, head); err != nil {
		return err
	}
	if err := c.policy(ctx, a.PolicyDigest); err != nil {
		return err
	}
	err := c.store.EachCoverage(ctx, a.ID, func(r resource.Coverage) error { return c.chain.add(KindCoverage, a.ID, r) })
	if err != nil {
		return err
	}
	if err := c.store.EachFacts(ctx, a.ID, func(r resource.Record) error { return c.fact(a.ID, r) }); err != nil {
		return err
	}
	return c.store.EachFinding(ctx, a.ID, func(f finding.Finding) error { return c.chain.add(KindFinding, a.ID, f) })
}

func (c *collector) fact(audit string, r resource.Record) error {
	facts := r.Facts
	r.Facts = nil
	return c.chain.addWith(KindFact, audit, r, "facts", facts)
}

// change takes in a change with its plan, and returns its id in full.
func (c *collector) change(ctx context.Context, id string) (whole string, err error) {
	full, err := c.store.Change(ctx, id)
	if err != nil {
		return "", err
	}
	if err := c.plan(ctx, full.Head.PlanDigest); err != nil {
		return "", err
	}
	entries, err := c.store.Entries(ctx, full.Head.ID)
	if err != nil {
		return "", err
	}
	// Where it stands is said by the same entries, even if it goes on meanwhile.
	now, err := change.Fold(entries)
	if err != nil {
		return "", fmt.Errorf("change %s: %w", full.Head.ID, err)
	}
	for _, e := range entries {
		if err := c.chain.add(KindEntry, full.Head.ID, e); err != nil {
			return "", err
		}
	}
	return full.Head.ID, c.chain.add(KindChange, full.Head.ID, now.JSON(c.now))
}

// plan takes in the plan of a digest, once.
func (c *collector) plan(ctx context.Context, digest string) error {
	if digest == "" || c.plans[digest] {
		return nil
	}
	c.plans[digest] = true
	document, err := c.store.Plan(ctx, digest)
	if errors.Is(err, store.ErrNotFound) {
		return c.chain.add(KindPlan, digest, planKept{Digest: digest, Missing: true})
	}
	if err != nil {
		return fmt.Errorf("plan %s: %w", digest, err)
	}
	return c.chain.addWith(KindPlan, digest, planKept{Digest: digest}, "plan", document)
}

// policy takes in the policy of a digest, once.
func (c *collector) policy(ctx context.Context, digest string) error {
	if digest == "" || c.plans[digest] {
		return nil
	}
	c.plans[digest] = true
	document, err := c.store.Policy(ctx, digest)
	if errors.Is(err, store.ErrNotFound) {
		return c.chain.add(KindPolicy, digest, policyKept{Digest: digest, Missing: true})
	}
	if err != nil {
		return err
	}
	return c.chain.add(KindPolicy, digest, policyKept{Digest: digest, Document: string(document)})
}
