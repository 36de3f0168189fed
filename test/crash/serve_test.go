package crash

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// serveKills is how many daemons the short campaign kills, and the whole one.
const (
	serveKillsShort = 16
	serveKillsFull  = 250
)

// TestServeKilled kills `glueguard serve` at random moments while it carries out requests for four changes at once, and
// starts it again until each request is over.
func TestServeKilled(t *testing.T) {
	t.Parallel()
	binary := build(t)
	box := startSandbox(t, binary)
	chance := rand.New(rand.NewPCG(*seed, 1))
	kills, rounds := serveKillsShort, 0
	if *full {
		kills = serveKillsFull
	}
	killed, waited := 0, 0
	for ; killed < kills && rounds < kills && !t.Failed(); rounds++ {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		c := newServeRound(t, binary, box, chance)
		c.kills = min(kills-killed, kills/2) // at least two rounds: each begins anew
		err := c.run(ctx)
		cancel()
		if err != nil {
			t.Errorf("round %d: %v\n%s", rounds, err, strings.Join(c.log, "\n"))
		}
		killed, waited = killed+c.killed, waited+c.waited
	}
	if killed < kills {
		t.Errorf("%d daemons were killed, want %d", killed, kills)
	}
	t.Logf("%d rounds, %d daemons were killed, %d changes waited for a person (seed %d)", rounds, killed, waited, *seed)
}

// serveRound is one plan for four resources, applied and backed out by daemons that die.
type serveRound struct {
	program *program
	box     *sandbox
	eye     eye
	chance  *rand.Rand
	kills   int // that are left
	killed  int
	trials  []*trial // one for each resource: what was there, and what must be
	around  around
	daemon  *served
	token   string
	asked   []string // requests
	waited  int      // changes that waited for a person
	log     []string
}

// serveStories are the resources that one plan is about.
func serveStories() []story {
	all := []story{
		{kind: endpoint, resource: "fail-s3-encryption-disabled"},
		{kind: endpoint, resource: "fail-no-security-configuration"},
		{kind: transform, resource: "fail-user-data-encryption-absent"},
		{kind: transform, resource: "fail-used-by-a-job"},
	}
	for n := range all {
		all[n].name, all[n].strategy, all[n].mode = all[n].resource, "replace", "SSE-KMS"
	}
	return all
}

func newServeRound(t *testing.T, binary string, box *sandbox, chance *rand.Rand) *serveRound {
	t.Helper()
	c := &serveRound{program: newProgram(t, binary, box.proxy.server.URL), box: box, eye: newEye(box.url), chance: chance}
	for _, s := range serveStories() {
		c.trials = append(c.trials, &trial{story: s, eye: c.eye})
	}
	return c
}

func (c *serveRound) run(ctx context.Context) (err error) {
	if err := c.look(ctx); err != nil {
		return err
	}
	if err := c.plan(ctx); err != nil {
		return err
	}
	if c.daemon, err = c.program.serve(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.daemon.stop()) }()
	if c.token, err = c.daemon.signIn(ctx); err != nil {
		return err
	}
	c.daemon.token = c.token
	plan, err := c.newestPlan(ctx)
	if err != nil {
		return err
	}
	if err := c.carried(ctx, map[string]any{"kind": "apply", "plan": plan, "parallel": len(c.trials)}, len(c.trials), false, c.kills/2); err != nil {
		return err
	}
	if err := c.applied(ctx); err != nil {
		return err
	}
	var changes []any
	list, err := c.changes(ctx)
	if err != nil {
		return err
	}
	for _, one := range list {
		detail, err := c.at(ctx, one.ID)
		if err != nil {
			return err
		}
		changes = append(changes, map[string]any{"id": one.ID, "at": detail.At})
	}
	if err := c.carried(ctx, map[string]any{"kind": "backout", "changes": changes, "parallel": len(changes)}, len(changes), true, c.kills); err != nil {
		return err
	}
	return errors.Join(c.takenBack(ctx), c.told(ctx))
}

// look resets the simulated AWS and remembers how everything is.
func (c *serveRound) look(ctx context.Context) error {
	if err := c.box.control(ctx, "reset", nil); err != nil {
		return err
	}
	for _, t := range c.trials {
		list, err := t.story.related(ctx, c.eye)
		if err != nil || len(list) != 1 {
			return fmt.Errorf("%d resources %s before: %w", len(list), t.story.resource, err)
		}
		t.original = list[0]
	}
	var err error
	c.around, err = c.eye.survey(ctx, c.ours)
	return err
}

func (c *serveRound) ours(r thing) bool {
	return slices.ContainsFunc(c.trials, func(t *trial) bool { return t.story.ours(r) })
}

// plan has the program plan all resources at once.
func (c *serveRound) plan(ctx context.Context) error {
	args := []string{"plan", "--strategy", "replace", "--mode", "SSE-KMS", "--create-key", "--labels-s3", labelsS3, "--accept-irreversible"}
	for _, t := range c.trials {
		args = append(args, "--resource", t.story.arn(t.original))
	}
	e, err := c.program.run(ctx, args...)
	if err == nil && e.status != 0 {
		err = fmt.Errorf("it could not be planned: %s", e)
	}
	return err
}

func (c *serveRound) newestPlan(ctx context.Context) (digest string, err error) {
	var list struct {
		Items []struct {
			Digest string `json:"digest"`
		} `json:"items"`
	}
	if err := c.daemon.call(ctx, "GET", "/api/v1/plans", nil, &list); err != nil {
		return "", err
	}
	if len(list.Items) != 1 {
		return "", fmt.Errorf("%d plans, want 1", len(list.Items))
	}
	return list.Items[0].Digest, nil
}

// request is what the daemon tells of one.
type request struct {
	ID      string `json:"id"`
	State   string `json:"state"`
	Results []struct {
		Subject string `json:"subject"`
		Change  string `json:"change"`
		OK      bool   `json:"ok"`
		Message string `json:"message"`
	} `json:"results"`
}

// carried asks for work on so many changes, and kills daemons until it is over.
func (c *serveRound) carried(ctx context.Context, work map[string]any, of int, backingOut bool, kills int) error {
	var asked request
	if err := c.daemon.call(ctx, "POST", "/api/v1/requests", map[string]any{"work": work, "start": true}, &asked); err != nil {
		return err
	}
	c.asked = append(c.asked, asked.ID)
	for kills > 0 {
		over, err := c.strike(ctx, asked.ID, backingOut)
		if err != nil {
			return err
		}
		if over {
			break
		}
		kills--
	}
	q, err := c.daemon.ended(ctx, asked.ID)
	if err != nil {
		return err
	}
	if len(q.Results) != of {
		return fmt.Errorf("request %s has %d results: %+v", q.ID, len(q.Results), q.Results)
	}
	return c.resumed(ctx, q, backingOut)
}

// resumed goes on with changes that wait for a person, because a daemon died between an intent and its call: nobody can
// tell then whether the call was sent. Anything else that went wrong is an error.
func (c *serveRound) resumed(ctx context.Context, q request, backingOut bool) error {
	var waiting []any
	for _, r := range q.Results {
		if r.OK {
			continue
		}
		at, err := c.at(ctx, r.Change)
		if err != nil {
			return err
		}
		if at.Change.State != "waiting" {
			return fmt.Errorf("nothing but kill -9 went wrong, and %s of %s: %+v", q.ID, r.Subject, r)
		}
		waiting = append(waiting, map[string]any{"id": r.Change, "at": at.At})
	}
	if len(waiting) == 0 {
		return nil
	}
	c.waited += len(waiting)
	return c.carried(ctx, map[string]any{"kind": "resume", "changes": waiting}, len(waiting), backingOut, c.kills/2)
}

// at is how far a change has come.
func (c *serveRound) at(ctx context.Context, change string) (detail changeDetail, err error) {
	return detail, c.daemon.call(ctx, "GET", "/api/v1/changes/"+change, nil, &detail)
}

type changeDetail struct {
	At     int        `json:"at"`
	Change carriedOut `json:"change"`
}

// strike kills the daemon at a random moment, looks at what is left, and starts it again. It is over when the request was
// before that.
func (c *serveRound) strike(ctx context.Context, id string, backingOut bool) (over bool, err error) {
	const longest = 500 // ms: nearly as long as either request takes where nobody dies
	moment := time.NewTimer(time.Duration(c.chance.IntN(longest)) * time.Millisecond)
	defer moment.Stop()
	select {
	case <-moment.C:
	case <-ctx.Done():
		return false, ctx.Err()
	}
	q, err := c.daemon.request(ctx, id)
	if err != nil || q.State == "ended" {
		return true, err
	}
	c.daemon.kill()
	c.killed++
	c.kills--
	if err := c.box.proxy.settle(); err != nil {
		return false, err
	}
	for _, t := range c.trials {
		if err := t.alive(ctx, backingOut); err != nil {
			return false, fmt.Errorf("killed, and of %s: %w", t.story.resource, err)
		}
	}
	c.log = append(c.log, c.daemon.output())
	if c.daemon, err = c.program.serve(ctx); err != nil {
		return false, err
	}
	c.daemon.token = c.token
	return false, nil
}

// carriedOut is a change as the daemon tells of it.
type carriedOut struct {
	ID       string `json:"id"`
	State    string `json:"state"`
	Resource struct {
		ARN string `json:"arn"`
	} `json:"resource"`
}

func (c *serveRound) changes(ctx context.Context) ([]carriedOut, error) {
	var list struct {
		Items []carriedOut `json:"items"`
	}
	if err := c.daemon.call(ctx, "GET", "/api/v1/changes", nil, &list); err != nil {
		return nil, err
	}
	if len(list.Items) != len(c.trials) {
		return nil, fmt.Errorf("%d changes of %d resources: %+v", len(list.Items), len(c.trials), list.Items)
	}
	return list.Items, nil
}

// applied is that each resource has its one replacement.
func (c *serveRound) applied(ctx context.Context) error {
	return c.atRest(ctx, "done", func(t *trial, list []thing) error { return t.done(ctx, list) })
}

// takenBack is that each resource is as it was.
func (c *serveRound) takenBack(ctx context.Context) error {
	return c.atRest(ctx, "backed_out", func(t *trial, list []thing) error { return t.back(list, "backed_out") })
}

func (c *serveRound) atRest(ctx context.Context, state string, holds func(*trial, []thing) error) error {
	list, err := c.changes(ctx)
	if err != nil {
		return err
	}
	for _, one := range list {
		if one.State != state {
			return fmt.Errorf("change %s of %s is %s", one.ID, one.Resource.ARN, one.State)
		}
	}
	for _, t := range c.trials {
		things, err := t.story.related(ctx, c.eye)
		if err == nil {
			err = holds(t, things)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", t.story.resource, err)
		}
	}
	now, err := c.eye.survey(ctx, c.ours)
	if err != nil {
		return err
	}
	// Made were one configuration for each need, and one key, which another change may have made as well while the daemon
	// that made the first was dead and its alias not yet given: then its journal says that it is not used.
	maps.DeleteFunc(now.Configurations, func(name string, _ any) bool { return c.around.Configurations[name] == nil })
	before := len(now.Keys)
	maps.DeleteFunc(now.Keys, func(id, _ string) bool { return c.around.Keys[id] == "" })
	if made := before - len(now.Keys); made < 1 || made > len(c.trials) {
		return fmt.Errorf("%d keys were made for %d changes", made, len(c.trials))
	}
	if problems := c.around.kept(now); problems != "" {
		return errors.New(problems)
	}
	return nil
}

// told is that the audit trail is whole, and tells of each request's beginning and end, and of each change's.
func (c *serveRound) told(ctx context.Context) error {
	var trail struct {
		Items []struct {
			Action  string `json:"action"`
			Subject string `json:"subject"`
		} `json:"items"`
	}
	if err := c.daemon.call(ctx, "GET", "/api/v1/trail?limit=500", nil, &trail); err != nil {
		return err
	}
	seen := map[string]int{}
	for _, d := range trail.Items {
		seen[d.Action+" "+d.Subject]++
	}
	list, err := c.changes(ctx)
	if err != nil {
		return err
	}
	var missing []error
	for _, one := range list {
		for _, action := range []string{"change.apply", "change.backout"} {
			if seen[action+" "+one.ID] == 0 {
				missing = append(missing, fmt.Errorf("the trail has no %s of %s", action, one.ID))
			}
		}
	}
	for _, id := range c.asked {
		for _, action := range []string{"request.create", "request.end"} {
			if seen[action+" "+id] == 0 {
				missing = append(missing, fmt.Errorf("the trail has no %s of %s", action, id))
			}
		}
		if seen["request.start "+id]+seen["request.take-up "+id] == 0 {
			missing = append(missing, fmt.Errorf("the trail does not tell that %s was begun", id))
		}
	}
	e, err := c.program.run(ctx, "evidence", "check")
	if err == nil && e.status != 0 {
		err = errors.New(e.String())
	}
	return errors.Join(append(missing, err)...)
}

// arn is that of a story's original.
func (s story) arn(original thing) string {
	if s.kind == transform {
		return "arn:aws:glue:" + region + ":" + account + ":mlTransform/" + original.id
	}
	return "arn:aws:glue:" + region + ":" + account + ":devEndpoint/" + original.name
}

// addressFile is where a daemon says where it listens.
func (p *program) addressFile() string { return filepath.Join(p.dir, "address") }

// decoded is the JSON of an answer.
func decoded(text []byte, into any) error {
	if into == nil {
		return nil
	}
	return json.Unmarshal(text, into)
}
