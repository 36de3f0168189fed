package browser

import (
	"testing"
	"time"

	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/sandbox"
)

const bare = "fail-no-security-configuration" // an endpoint that writes unencrypted

// edits opens the form of an endpoint's encryption.
func (s *stage) edits(p *page, name string) *walk {
	p.t.Helper()
	w := &walk{page: p, list: "Development endpoints", name: name}
	p.open("/endpoints")
	w.selects()
	w.edits()
	return w
}

// TestFourEyes has one propose, another approve, and the first carry it out; nobody approves what they asked for.
func TestFourEyes(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	olga := s.user("olga", auth.Operator)
	abel := s.user("abel", auth.Approver, auth.Operator)
	w := s.edits(s.visit(t, olga), bare)
	approver := s.visit(t, abel)

	w.choosesSSEKMS()
	w.choosesKey()
	w.plans()
	w.sees("Somebody else has to approve exactly this plan")
	w.fill("Why", "ticket 4711")
	w.follow("button", "Send for approval", "/requests/")
	w.sees("Somebody who may approve it has to decide next", "Waits for approval")
	w.lacks("button", "Approve")
	w.lacks("button", "Start")

	approver.open("/")
	approver.within("What waits for you", "olga")
	approver.open("/requests")
	approver.sees("waits for you")
	approver.follow("link", "Apply a plan", "/requests/")
	approver.sees("ticket 4711", "You approve exactly this, by its digest")
	approver.follow("button", "Approve", "/requests/")
	approver.sees("Approved")

	w.press("button", "Start") // the page has come to know by itself
	w.arrives("/requests/")
	w.followsTo("Done")

	w.follow("link", "Back out", "/changes/")
	w.sees("Somebody else has to approve it first")
	w.accepts()
	w.follow("button", "Ask for it: Back out", "/requests/")
	w.lacks("button", "Approve")
	approver.open("/requests")
	approver.follow("link", "Back out", "/requests/")
	approver.follow("button", "Approve", "/requests/")
	w.followsTo("Backed out")

	own := s.edits(approver, bare)
	own.choosesSSES3()
	own.plans()
	own.follow("button", "Send for approval", "/requests/")
	own.sees("Waits for approval")
	own.lacks("button", "Approve") // an approver, who asked for it
}

// TestFailingPreflight plans with a key that is disabled: the check that failed is shown, and there is nothing to apply.
func TestFailingPreflight(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	w := s.edits(s.visit(t, s.admin), bare)
	w.choosesSSEKMS()
	w.is("the disabled key can't be chosen", `(`+finder+`)("radio", "alias/key-fail-disabled").disabled`)
	w.press("radio", "Another key")
	w.fill("Its ARN, id or alias", "alias/key-fail-disabled")
	w.plans()
	w.sees("Preflight results", "1 check failed", "is in state Disabled", "This plan can't be applied")
	w.lacks("button", "Apply")
}

// TestRefusedTwin has AWS refuse the encrypted one: the change ends as refused, says what to do, and the original is as
// it was.
func TestRefusedTwin(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.faults(sandbox.Fault{Operation: "glue:CreateDevEndpoint", Error: "ResourceNumberLimitExceededException", Message: "Number of DevEndpoints is limited to 25"})
	w := s.edits(s.visit(t, s.admin), bare)
	w.choosesSSES3()
	w.plans()
	w.follow("button", "Apply", "/requests/")
	w.followsTo("Refused")
	w.sees("limited to 25", "ask for more in Service Quotas")
	w.looksAgain()
	w.seesNone()
}

// TestKilledServer kills the program itself in the middle of a change, by kill -9, and starts it again: the page goes on to
// the change's end. It is also the first start of a console: by the link that it prints, and the password that is set there.
func TestKilledServer(t *testing.T) {
	t.Parallel()
	aws, err := sandbox.Start("127.0.0.1:0", sandbox.Options{Scenario: "small", Regions: []string{region}, Provisioning: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = aws.Close() })
	program := newProgram(t, aws.URL)
	running := program.start()
	p := newPage(t, program.url)
	p.expect("ERR_") // while there is nobody to answer
	p.open(program.link)
	p.fill("New password", password)
	p.fill("The same once more", password)
	p.follow("button", "Set password", "/login")
	p.sees("Your password is set")
	p.signInAs(admin, password)
	p.sees("Nothing has been audited yet")
	p.follow("link", "Run an audit", "/audits")
	p.fill("Regions", region)
	p.follow("button", "Run the audit", "/requests/")
	p.is("the audit is over", `document.querySelector("#live a[href^='/audits/']")`)

	w := (&stage{}).edits(p, bare)
	w.choosesSSES3()
	w.plans()
	w.follow("button", "Apply", "/requests/")
	w.is("a change has begun", `document.querySelector("#live a[href^='/changes/']")`)
	w.follow("link", w.name, "/changes/")
	w.is("it is in the middle", `document.querySelectorAll("li.done").length > 3 && document.querySelector("li.running")`)
	told[bool](p, "window.here = true")
	running.kill()
	if state := told[string](p, `document.querySelector("#live h2").innerText.trim()`); state == "Done" {
		t.Fatal("it was killed too late")
	}
	program.start()
	w.staysUntil("Done")
}
