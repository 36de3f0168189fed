package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
	"github.com/glueguard/glueguard/internal/store/sqlite"
)

// size is how much a state holds.
type size struct {
	estate                                         // of the newest audit; the ones before saw a region each
	changes, requests, deeds, exceptions, more int // more: failing endpoints that no change has had yet
}

// fullSize is what the console is promised to be quick with: these resources give 100,000 findings.
func fullSize() size {
	return size{
		estate:  estate{accounts: 100, regions: 10, resources: 59_000},
		changes: 1000, requests: 200, deeds: 1000, exceptions: 20, more: 4,
	}
}

const (
	auditRole  = "GlueguardAudit"
	repairRole = "GlueguardRepair"
)

// sample names things that a state holds, to be asked for.
type sample struct {
	audit, earlier, plan, change, request, finding, resource, account, region string
	unchanged                                                                 []string // ARNs of endpoints of the plan that no change has had
	findings                                                                  int
}

// fill makes a state as a year of work leaves it, by the real binary as far as that goes.
func (b bench) fill(ctx context.Context, s size, aws string) (state string, found sample, err error) {
	state = filepath.Join(b.dir, fmt.Sprintf("full-%d.db", time.Now().UnixNano()))
	env := awsEnv(aws)
	planned, report := state+".plan.json", state+".report.json"
	commands := [][]string{
		{"plan", "--organization", "--role", repairRole, "--mode", "SSE-S3", "--control", endpointControl, "--region", "us-east-1", "--out", planned},
		{"audit", "--organization", "--role", auditRole, "--region", "us-east-1"},
		{"audit", "--organization", "--role", auditRole, "--region", "eu-west-1"},
		{"audit", "--organization", "--role", auditRole, "--region", "us-west-2"},
		{"audit", "--organization", "--role", auditRole, "-o", "json=" + report},
	}
	for _, args := range commands {
		if _, err := b.timed(ctx, env, append(args, "--state", state)...); err != nil {
			return "", sample{}, err
		}
	}
	if found, err = readSample(report); err != nil {
		return "", sample{}, err
	}
	var p plan.Plan
	text, err := os.ReadFile(filepath.Clean(planned))
	if err != nil {
		return "", sample{}, err
	}
	if err := json.Unmarshal(text, &p); err != nil {
		return "", sample{}, err
	}
	kept, err := sqlite.Open(ctx, state)
	if err != nil {
		return "", sample{}, err
	}
	found.plan = p.Digest
	err = errors.Join(keep(ctx, kept, s, &p, &found), kept.Close())
	return state, found, err
}

func readSample(path string) (sample, error) {
	text, err := os.ReadFile(filepath.Clean(path))
	if err != nil {
		return sample{}, err
	}
	var report struct {
		ID       string
		Findings []struct {
			ID, Status string
			Resource   struct{ ARN, Type string }
		}
	}
	if err := json.Unmarshal(text, &report); err != nil {
		return sample{}, err
	}
	found := sample{findings: len(report.Findings)}
	for _, f := range report.Findings {
		if f.Status == "fail" && f.Resource.Type == string(resource.TypeDevEndpoint) {
			found.finding, found.resource = f.ID, f.Resource.ARN
		}
	}
	if found.finding == "" {
		return sample{}, errors.New("the audit found no endpoint that fails")
	}
	return found, nil
}

// keep stores what people and repairs did.
func keep(ctx context.Context, s *sqlite.Store, n size, p *plan.Plan, found *sample) error {
	var audits []string
	err := s.EachAudit(ctx, func(a store.Audit) error { audits = append(audits, a.ID); return nil })
	if err != nil {
		return err
	}
	found.audit, found.earlier = audits[len(audits)-1], audits[len(audits)-2]
	var items []plan.Item
	for _, i := range p.Changes {
		if i.Blocked == nil && len(i.Steps) > 0 {
			items = append(items, i)
		}
	}
	if len(items) < n.changes+n.more {
		return fmt.Errorf("the plan has %d changes, not %d", len(items), n.changes+n.more)
	}
	for _, i := range items[n.changes : n.changes+n.more] {
		found.unchanged = append(found.unchanged, i.Resource.ARN)
	}
	found.account, found.region = items[n.changes].Resource.Account, items[n.changes].Resource.Region
	if err := keepChanges(ctx, s, p, items[:n.changes]); err != nil {
		return err
	}
	found.change, found.request = "change-0", "request-0"
	if err := keepRequests(ctx, s, n.requests, p, items); err != nil {
		return err
	}
	for i := range n.deeds {
		deed := store.Deed{At: when(i), Actor: somebody(), Action: "change.apply", Subject: items[i%n.changes].Resource.ARN, Digest: p.Digest, Outcome: store.DeedOK}
		if _, err := s.Record(ctx, deed); err != nil {
			return err
		}
	}
	for i := range n.exceptions {
		e := store.Exception{
			ID: "exception-" + strconv.Itoa(i), ProposedBy: somebody(), ProposedAt: when(i), State: store.ExceptionProposed,
			Exception: policy.Exception{
				Control: endpointControl, Resource: policy.ARNPattern(items[i].Resource.ARN), Reason: "is moved elsewhere", Owner: "data", Expires: "2099-01-01",
			},
		}
		if err := s.CreateException(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

func somebody() store.Actor {
	return store.Actor{Kind: store.ActorUser, Name: "ada", Address: "127.0.0.1"}
}

// when spreads what was done over the days before now.
func when(i int) time.Time { return time.Now().Add(-time.Duration(i+1) * 20 * time.Minute).UTC() }

// keepChanges writes a journal for each item, many at once since each entry is flushed.
func keepChanges(ctx context.Context, s *sqlite.Store, p *plan.Plan, items []plan.Item) error {
	const writers = 64
	next, failed := make(chan int), make(chan error, writers)
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			var failure error
			for i := range next {
				if failure == nil {
					failure = keepChange(ctx, s, p, items[i], i)
				}
			}
			failed <- failure
		})
	}
	for i := range items {
		next <- i
	}
	close(next)
	wg.Wait()
	close(failed)
	var err error
	for e := range failed {
		err = errors.Join(err, e)
	}
	return err
}

func keepChange(ctx context.Context, s *sqlite.Store, p *plan.Plan, item plan.Item, n int) error {
	id := "change-" + strconv.Itoa(n)
	lease, err := s.Lease(ctx, item.Resource.ARN, store.Holder{Host: "bench", PID: os.Getpid(), Since: when(n)})
	if err != nil {
		return err
	}
	entries := journal(id, p, item, n)
	if err := s.OpenChange(ctx, lease, entries[0]); err != nil {
		return errors.Join(err, lease.Release())
	}
	to := lease.Journal(id)
	for _, e := range entries[1:] {
		if err := to.Append(ctx, e); err != nil {
			return errors.Join(err, lease.Release())
		}
	}
	return lease.Release()
}

// journal tells how a change went: of ten, one waits for a person, one has failed, one was backed out, one has stopped in
// the middle, and the others are done.
func journal(id string, p *plan.Plan, item plan.Item, n int) []change.Entry {
	head := change.Head{
		ID: id, PlanDigest: p.Digest, Item: item, Access: p.Access, AcceptedUnchecked: []string{}, AcceptedWarnings: []string{},
		By: "arn:aws:iam::" + item.Resource.Account + ":user/ada",
	}
	var list []change.Entry
	add := func(e change.Entry) {
		e.Seq, e.At = len(list)+1, when(n).Add(time.Duration(len(list))*time.Second)
		list = append(list, e)
	}
	add(change.Entry{Kind: change.Opened, Head: &head})
	add(change.Entry{Kind: change.Began, Phase: change.Apply, Steps: item.Steps})
	stops := n%10 < 4
	for i, step := range item.Steps {
		if stops && (step.Irrevocable || i == len(item.Steps)/2) { // before the original goes
			break
		}
		if step.Kind.Changes() {
			add(change.Entry{Kind: change.Intended, Step: step.Name, Calls: 1})
		}
		done := change.Entry{Kind: change.Succeeded, Step: step.Name, Calls: 1}
		if step.Endpoint != nil {
			made := item.Identity
			made.Name = step.Endpoint.Name
			made.CreatedAt = when(n)
			done.Facts = &change.Facts{Resource: &made}
		}
		add(done)
	}
	trouble := &change.Trouble{Code: change.TroubleVerify, Message: "It is not as it was asked for.", Advice: "Look at it, and say go on."}
	switch {
	case !stops:
		add(change.Entry{Kind: change.Ended, State: change.Done})
	case n%10 == 0:
		add(change.Entry{Kind: change.Halted, State: change.Waiting, Trouble: trouble})
	case n%10 == 1:
		add(change.Entry{Kind: change.Halted, State: change.FailedAt, Trouble: trouble})
	case n%10 == 2:
		add(change.Entry{Kind: change.Began, Phase: change.Unwind, State: change.BackedOut})
		add(change.Entry{Kind: change.Ended, State: change.BackedOut})
	}
	return list
}

// keepRequests stores requests: of ten, one waits for an approver, one was withdrawn, and the others have ended.
func keepRequests(ctx context.Context, s *sqlite.Store, n int, p *plan.Plan, items []plan.Item) error {
	for i := range n {
		arn := items[i].Resource.ARN
		r := store.Request{
			ID: "request-" + strconv.Itoa(i), Work: store.Work{Kind: store.RequestApply, Plan: p.Digest, Resources: []string{arn}}, State: store.RequestPending,
			NeedsApproval: true, ProposedBy: somebody(), ProposedAt: when(i), Reason: "as the policy demands", ExpiresAt: time.Now().Add(24 * time.Hour).UTC(),
		}
		var err error
		if r.Digest, err = r.Work.Digest(); err != nil {
			return err
		}
		switch i % 10 {
		case 0:
		case 1:
			r.State = store.RequestWithdrawn
		default:
			r.State, r.StartedBy, r.StartedAt, r.EndedAt = store.RequestEnded, somebody(), when(i), when(i).Add(time.Minute)
			r.Results = []store.RequestResult{{Subject: arn, Change: "change-" + strconv.Itoa(i), OK: true}}
		}
		if err := s.CreateRequest(ctx, r); err != nil {
			return err
		}
	}
	return nil
}
