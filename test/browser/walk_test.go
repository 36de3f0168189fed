package browser

// walk follows what a procedure says to do in the console, with one resource.
type walk struct {
	*page
	list  string // the page that the resource is on, as the navigation names it
	name  string // the resource's
	key   string // ARN of the key that was chosen last; a new key has none yet
	alias string // what it is called
}

// step is a sentence of a procedure, and how it is done here.
type step struct {
	says string
	does func()
}

// goThrough does the steps of a section in order.
func (w *walk) goThrough(section string, steps ...step) {
	w.t.Helper()
	for _, s := range steps {
		w.t.Logf("%s: %s", section, s.says)
		s.does()
	}
}

func (w *walk) signsIn() {
	w.open("/")
	w.signInAs(admin, password)
	w.sees("Overview", "Sign out")
}

func (w *walk) findsGlue() {
	w.is("the navigation names AWS Glue", `document.querySelector("nav").textContent.includes("AWS Glue")`)
}

func (w *walk) opensList() { w.follow("link", w.list, "/") }

func (w *walk) selects() {
	w.fill("Search in names", w.name)
	w.follow("link", w.name, "/resource")
	w.sees(w.name)
}

func (w *walk) selectsAgain() {
	w.opensList()
	w.selects()
}

// inForce demands what the encryption settings say.
func (w *walk) inForce(mode string) {
	w.t.Helper()
	w.is(mode+" is in force", `[...document.querySelectorAll("main li")].some(
		(e) => e.textContent.includes("This is in force.") && e.innerText.trim().startsWith(`+quote(mode)+"))")
}

func (w *walk) seesNone()   { w.inForce("None") }
func (w *walk) seesSSES3()  { w.inForce("SSE-S3") }
func (w *walk) seesSSEKMS() { w.inForce("SSE-KMS") }

// seesKey demands SSE-KMS with the key that was chosen.
func (w *walk) seesKey() {
	w.seesSSEKMS()
	w.within("Encryption settings", w.key, w.alias)
}

func (w *walk) locatesSettings() { w.within("Encryption settings", "None", "SSE-S3", "SSE-KMS") }

func (w *walk) edits() { w.follow("link", "Edit encryption", "/resource/edit") }

func (w *walk) choosesSSES3()  { w.press("radio", "SSE-S3") }
func (w *walk) choosesSSEKMS() { w.press("radio", "SSE-KMS") }

// choosesKey takes one of the list.
func (w *walk) choosesKey() {
	w.alias = "alias/key-pass"
	w.press("radio", w.alias+" Row key-pass arn:")
	w.key = told[string](w.page, `document.querySelector("input[name=key]:checked").value`)
}

// createsKey names a new one.
func (w *walk) createsKey() {
	w.press("radio", "Create a new key")
	w.fill("Alias of the new key", "glue-walk")
	w.key, w.alias = "arn:aws:kms:"+region, "alias/glue-walk"
}

// saves makes the plan, looks at it, applies it, and follows the change to its end.
func (w *walk) saves() {
	w.plans()
	w.sees("What changes", "forces replacement", "What it means", "Preflight results")
	w.press("button", "Apply")
	w.arrives("/requests/")
	w.followsTo("Done")
}

// plans saves the form, which shows the plan.
func (w *walk) plans() {
	w.follow("button", "Save", "/plans/")
	w.accepts()
}

// accepts ticks the warnings that have to be accepted.
func (w *walk) accepts() {
	for told[bool](w.page, `(() => { const e = document.querySelector("input[name=warning]:not(:checked)"); e?.click(); return !!e; })()`) {
	}
}

// followsTo goes from a request to its change, and stays on that page, as it is loaded once, until the change has come to
// a state.
func (w *walk) followsTo(state string) {
	w.t.Helper()
	w.is("a change has begun", `document.querySelector("#live a[href^='/changes/']")`)
	w.press("link", w.name)
	w.arrives("/changes/")
	w.staysUntil(state)
}

// staysUntil demands that the change's page comes to show a state by itself.
func (w *walk) staysUntil(state string) {
	w.t.Helper()
	told[bool](w.page, "window.here = true")
	w.is("the change is "+state, `document.querySelector("#live h2").innerText.trim() === `+quote(state))
	if !told[bool](w.page, "!!window.here") {
		w.t.Error("the page was loaded again, where it should have followed the change by itself")
	}
}

// looksAgain has everything audited, and goes to the resource.
func (w *walk) looksAgain() {
	w.follow("link", "Audits", "/audits")
	w.follow("button", "Run the audit", "/requests/")
	w.is("the audit is over", `document.querySelector("#live a[href^='/audits/']")`)
	w.selectsAgain()
}

// backsOut takes the newest change back.
func (w *walk) backsOut() {
	w.press("link", "None → ")
	w.arrives("/changes/")
	w.follow("link", "Back out", "/changes/")
	w.accepts()
	w.press("button", "Back out")
	w.arrives("/changes/")
	w.staysUntil("Backed out")
}
