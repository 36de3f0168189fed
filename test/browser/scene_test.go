package browser

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/daemon"
	"github.com/glueguard/glueguard/internal/sandbox"
	"github.com/glueguard/glueguard/internal/sandbox/scenario"
	"github.com/glueguard/glueguard/internal/store"
)

// scene is a stage on which much has happened: every page has something to show. Its clock begins at the same time
// always, and its ids are counted, so that it looks almost the same each time.
type scene struct {
	*stage
	clock            *standing
	olga, abel, vera string
	endpoints        []string // ARNs of some that were not encrypted
	transform        string
	done, refused    string // changes
	running          string
	waits            string // request that waits for an approval
	blocked, planned string // plans
	audits           []string
}

// standing is a clock that begins at a fixed time, goes on, and jumps when it is told to.
type standing struct {
	began   time.Time
	seconds atomic.Int64
}

func (c *standing) now() time.Time {
	return time.Date(2026, time.November, 16, 8, 0, 0, 0, time.UTC).Add(time.Since(c.began) + time.Duration(c.seconds.Load())*time.Second)
}

func (c *standing) pass(d time.Duration) { c.seconds.Add(int64(d / time.Second)) }

// passes lets time go by, here and at AWS.
func (s *scene) passes(d time.Duration) {
	s.t.Helper()
	s.clock.pass(d)
	s.control("clock", map[string]any{"advance": d.String()})
}

// view is a page to look at.
type view struct {
	name, path string
	shows      string // part of what it says
}

// look is some pages, and who looks at them.
type look struct {
	session string // empty: nobody has signed in
	views   []view
}

func newScene(t *testing.T) *scene {
	t.Helper()
	s := &scene{clock: &standing{began: time.Now()}}
	var ids atomic.Uint32
	s.stage = newStage(t, func(p *props) {
		p.sandbox = sandbox.Options{
			Scenario: scenario.Org, Accounts: 4, Regions: []string{"eu-west-1", "us-east-1"}, Resources: 64, Seed: 1, Now: s.clock.now(),
		}
		p.daemon = func(o *daemon.Options) {
			o.Role, o.FirstAudit = scenario.RepairRole, &store.AuditScope{Organization: true, Role: scenario.RepairRole}
			o.Clock = daemon.Clock{Time: s.clock.now}
			o.Version = "1.0.0"
			o.NewID = func() string {
				return uuid.NewSHA1(uuid.NameSpaceOID, fmt.Append(nil, ids.Add(1))).String()
			}
		}
	})
	s.olga, s.abel = s.user("olga", auth.Operator), s.user("abel", auth.Approver)
	s.user("vera", auth.Viewer)
	s.choose()
	s.repairs()
	s.rules()
	s.leaves()
	s.vera = s.signIn("vera")
	return s
}

// choose picks the resources that things happen to.
func (s *scene) choose() {
	s.t.Helper()
	s.endpoints = s.failing("glue-dev-endpoint-s3-encryption")
	slices.Reverse(s.endpoints) // those of the management account last: what its root may do can't be simulated
	transforms := s.failing("glue-ml-transform-encryption-at-rest")
	s.transform = transforms[len(transforms)-1]
}

func (s *scene) failing(control string) (arns []string) {
	s.t.Helper()
	var found struct {
		Items []struct {
			Resource struct {
				ARN string `json:"arn"`
			} `json:"resource"`
		} `json:"items"`
	}
	s.call(s.admin, http.MethodGet, "/findings?status=fail&control="+control, nil, &found)
	for _, f := range found.Items {
		arns = append(arns, f.Resource.ARN)
	}
	return arns
}

// plan makes a plan, and returns its digest.
func (s *scene) plan(mode string, more map[string]any, arns ...string) string {
	s.t.Helper()
	body := map[string]any{"resources": arns, "mode": mode}
	for k, v := range more {
		body[k] = v
	}
	var made struct {
		Digest string `json:"digest"`
	}
	s.call(s.olga, http.MethodPost, "/plans", body, &made)
	return made.Digest
}

type asked struct {
	ID      string `json:"id"`
	Digest  string `json:"digest"`
	Version int    `json:"version"`
	State   string `json:"state"`
	Results []struct {
		Change string `json:"change"`
	} `json:"results"`
}

// asks has olga ask for a plan to be carried out.
func (s *scene) asks(plan, reason string) asked {
	s.t.Helper()
	var q asked
	s.call(s.olga, http.MethodPost, "/requests", map[string]any{
		"work": map[string]any{"kind": "apply", "plan": plan, "accept_warnings": []string{}}, "reason": reason, "start": true,
	}, &q)
	return q
}

// approves has abel approve it, and returns it once something is so.
func (s *scene) approves(q asked, what string, so func(asked) bool) asked {
	s.t.Helper()
	s.passes(17 * time.Minute)
	s.call(s.abel, http.MethodPost, "/requests/"+q.ID+"/decision", map[string]any{"approve": true, "digest": q.Digest, "version": q.Version, "note": "as agreed"}, nil)
	s.follow(what, func() bool {
		s.call(s.admin, http.MethodGet, "/requests/"+q.ID, nil, &q)
		return so(q)
	})
	return q
}

func ended(q asked) bool { return q.State == "ended" }

// audit runs one, on the next day.
func (s *scene) audit() {
	s.t.Helper()
	s.passes(24 * time.Hour)
	s.admin = s.signIn(admin)
	s.olga, s.abel = s.signIn("olga"), s.signIn("abel")
	var q asked
	s.call(s.olga, http.MethodPost, "/requests", map[string]any{
		"work": map[string]any{"kind": "audit", "audit": map[string]any{"organization": true, "role": scenario.RepairRole}}, "start": true,
	}, &q)
	s.follow("an audit", func() bool {
		s.call(s.admin, http.MethodGet, "/requests/"+q.ID, nil, &q)
		return ended(q)
	})
}

// repairs has some repaired, one refused, and looks again each day.
func (s *scene) repairs() {
	s.t.Helper()
	s.done = s.approves(s.asks(s.plan("SSE-KMS", map[string]any{"create_key": "alias/glue-data"}, s.endpoints[0]), "ticket 4711"), "a repair", ended).Results[0].Change
	s.audit()
	s.faults(sandbox.Fault{Operation: "glue:CreateDevEndpoint", Error: "ResourceNumberLimitExceededException", Message: "Number of DevEndpoints is limited to 25", Times: 1})
	s.refused = s.approves(s.asks(s.plan("SSE-S3", nil, s.endpoints[1]), "ticket 4712"), "a refusal", ended).Results[0].Change
	s.approves(s.asks(s.plan("SSE-S3", nil, s.endpoints[2], s.endpoints[3]), "ticket 4713"), "two repairs", ended)
	s.audit()
	s.approves(s.asks(s.plan("SSE-KMS", map[string]any{"create_key": "alias/glue-match", "labels_s3": s.bucket() + "labels/"}, s.transform), "ticket 4714"), "a transform's repair", ended)
	s.audit()
}

// bucket is where the transform's account keeps labels.
func (s *scene) bucket() string {
	part := strings.Split(s.transform, ":")
	return "s3://glue-labels-" + part[4] + "-" + part[3] + "/"
}

// rules adds what people decide: exceptions, a schedule, a token.
func (s *scene) rules() {
	s.t.Helper()
	except := func(arn, reason string) (made struct {
		ID      string `json:"id"`
		Version int    `json:"version"`
	},
	) {
		s.call(s.olga, http.MethodPost, "/exceptions", map[string]any{
			"control": "glue-dev-endpoint-s3-encryption", "resource": arn, "owner": "data platform", "reason": reason, "expires": "2026-12-01",
		}, &made)
		return made
	}
	e := except(s.endpoints[4], "Retired at the end of the month, ticket 4720")
	s.call(s.abel, http.MethodPost, "/exceptions/"+e.ID+"/decision", map[string]any{"approve": true, "version": e.Version}, nil)
	except(s.endpoints[5], "Holds nothing but samples")
	s.call(s.admin, http.MethodPost, "/schedules", map[string]any{
		"name": "nightly", "every_minutes": 1440, "next_at": "2026-11-21T02:00:00Z", "scope": map[string]any{"organization": true, "role": scenario.RepairRole},
	}, nil)
	s.call(s.admin, http.MethodPost, "/account/tokens", map[string]any{"name": "dashboard", "roles": []string{"viewer"}, "expires_days": 90}, nil)
}

// leaves ends with what is under way: a plan that can't be applied, a request that waits, and a change that AWS takes its
// time for.
func (s *scene) leaves() {
	s.t.Helper()
	s.audit()
	s.blocked = s.plan("SSE-KMS", map[string]any{"kms_key": "alias/nobody-made-it"}, s.endpoints[1])
	s.planned = s.plan("SSE-KMS", map[string]any{"create_key": "alias/glue-data"}, s.endpoints[1], s.endpoints[6])
	s.waits = s.asks(s.planned, "ticket 4715").ID
	s.control("settings", map[string]any{"provisioning": "6h"})
	q := s.approves(s.asks(s.plan("SSE-S3", nil, s.endpoints[7]), "ticket 4716"), "a change that is under way", func(q asked) bool {
		return len(q.Results) > 0 && q.Results[0].Change != "" && s.waitsForAWS(q.Results[0].Change)
	})
	s.running = q.Results[0].Change
	s.passes(3 * time.Minute)
	var list struct {
		Items []struct {
			ID string `json:"id"`
		} `json:"items"`
	}
	s.call(s.admin, http.MethodGet, "/audits", nil, &list)
	for _, a := range list.Items {
		s.audits = append(s.audits, a.ID)
	}
}

// waitsForAWS tells whether a change has made its twin.
func (s *scene) waitsForAWS(id string) bool {
	var got struct {
		Change struct {
			Steps []struct {
				Name, State string
			} `json:"steps"`
		} `json:"change"`
	}
	s.call(s.admin, http.MethodGet, "/changes/"+id, nil, &got)
	for _, step := range got.Change.Steps {
		if step.State == "running" {
			return step.Name == "wait-twin"
		}
	}
	return false
}

// pages are all that the console has.
func (s *scene) pages() []view {
	arn := "?arn=" + url.QueryEscape(s.endpoints[0])
	return []view{
		{"overview", "/", "Is it encrypted?"},
		{"endpoints", "/endpoints", "Development endpoints"},
		{"transforms", "/transforms", "ML transforms"},
		{"resource", "/resource" + arn, "Encryption settings"},
		{"transform", "/resource?arn=" + url.QueryEscape(s.transform), "Encryption settings"},
		{"edit", "/resource/edit?arn=" + url.QueryEscape(s.endpoints[8]), "S3 encryption"},
		{"plan", "/plans/" + s.planned, "What changes"},
		{"plan-blocked", "/plans/" + s.blocked, "can't be applied"},
		{"plans", "/plans", "Plan everything that fails"},
		{"requests", "/requests", "waits"},
		{"request", "/requests/" + s.waits, "ticket 4715"},
		{"changes", "/changes", "Changes"},
		{"change", "/changes/" + s.running, "Running"},
		{"change-done", "/changes/" + s.done, "Done"},
		{"change-refused", "/changes/" + s.refused, "Refused"},
		{"backout", "/changes/" + s.done + "/backout", "What will happen"},
		{"cleanup", "/cleanup", "Cleanup"},
		{"keys", "/keys", "Keys"},
		{"logs", "/logs", "Logs"},
		{"access", "/access", "Access"},
		{"performance", "/performance", "Performance"},
		{"audits", "/audits", "Run an audit now"},
		{"audit", "/audits/" + s.audits[0], "Compare with an earlier one"},
		{"since", "/audits/" + s.audits[0] + "/since/" + s.audits[len(s.audits)-1], "What changed"},
		{"coverage", "/coverage", "Coverage"},
		{"findings", "/findings", "Findings"},
		{"exceptions", "/exceptions", "data platform"},
		{"controls", "/controls", "Controls"},
		{"control", "/controls/glue-dev-endpoint-s3-encryption", "Backout plan"},
		{"policy", "/policy", "Four eyes"},
		{"trail", "/trail", "The chain is whole"},
		{"users", "/users", "olga"},
		{"account", "/account", "dashboard"},
		{"missing", "/nowhere", "overview"},
	}
}

// looks deals the pages out to so many tabs; another is of those that nobody needs to sign in for, and one of somebody
// who may not see what they ask for.
func (s *scene) looks(n int) []look {
	dealt := make([]look, n)
	for i, v := range s.pages() {
		at := &dealt[i%n]
		at.session, at.views = s.admin, append(at.views, v)
	}
	return append(dealt,
		look{"", []view{{"login", "/login", "Sign in"}, {"setup", "/setup?ticket=works-once", "Set your password"}}},
		look{s.vera, []view{{"forbidden", "/users", "Your roles do not allow this"}}})
}

// tab opens one for somebody.
func (s *scene) tab(t *testing.T, l look) *page {
	t.Helper()
	p := newPage(t, s.url)
	if l.session != "" {
		p.cookie(cookieName, l.session)
	}
	p.expect("404") // of the page that there is not
	p.expect("403") // of the one that somebody may not see
	return p
}
