package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// page is a tab in which somebody looks at the console.
type page struct {
	t     *testing.T
	ctx   context.Context //nolint:containedctx // chromedp keeps a tab in one
	site  string          // URL of the daemon
	heard *heard
}

// do gives the tab steps to take, none of which may fail.
func (p *page) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		p.t.Fatal(err)
	}
}

// back goes back in the tab's history. Whether the page is loaded again or changed in place is the page's affair, so it is
// not waited for a load: chromedp.NavigateBack would, for ever.
func (p *page) back() {
	p.t.Helper()
	told[bool](p, "setTimeout(() => history.back(), 0), true")
}

// finder finds what people would point at: the first element of a role that has a name, or one that begins so; what is
// hidden does not count.
const finder = `(role, name) => {
	const tags = {link: "a[href]", button: "button", textbox: "input, textarea", radio: "input[type=radio]", checkbox: "input[type=checkbox]",
		heading: "h1, h2, h3", summary: "summary", region: "section, [role=region]", select: "select", row: "tbody tr"};
	const tidy = (s) => (s || "").replace(/\s+/g, " ").trim();
	const called = (e) => tidy(role === "summary" || role === "row" ? e.innerText : e.computedName);
	const seen = [...document.querySelectorAll(tags[role])].filter((e) => e.checkVisibility({visibilityProperty: true}));
	return seen.find((e) => called(e) === name) || seen.find((e) => called(e).startsWith(name));
}`

// errNotYet is what a question answers as long as the page does not show what is asked for.
var errNotYet = errors.New("not yet")

// ask evaluates an expression in the page as it is now.
func ask[T any](p *page, expression string) (T, error) {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// told is ask, where nothing may go wrong.
func told[T any](p *page, expression string) T {
	p.t.Helper()
	v, err := ask[T](p, expression)
	if err != nil {
		p.t.Fatalf("%v in %s", err, expression)
	}
	return v
}

// until asks again and again until the page shows it. Pages that are just being left can't answer, which is no failure.
func (p *page) until(what string, try func() error) {
	p.t.Helper()
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	var err error
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); <-tick.C {
		if err = try(); err == nil {
			return
		}
		if p.t.Context().Err() != nil {
			break
		}
	}
	where, _ := ask[string](p, "location.href")
	text, _ := ask[string](p, `(document.querySelector("main") || document.body).innerText`)
	p.t.Fatalf("%s: %v, at %s, which shows:\n%s", what, err, where, text)
}

// is waits until an expression is true of a page that is all there: half a page has half its rows.
func (p *page) is(what, expression string) {
	p.t.Helper()
	p.until(what, func() error {
		ok, err := ask[bool](p, `document.readyState === "complete" && !!(`+expression+")")
		if err == nil && !ok {
			err = errNotYet
		}
		return err
	})
}

// open goes to a path of the site.
func (p *page) open(path string) {
	p.t.Helper()
	p.do(chromedp.Navigate(p.site + path))
}

// sees waits until the page shows a text.
func (p *page) sees(texts ...string) {
	p.t.Helper()
	for _, text := range texts {
		p.is(fmt.Sprintf("the page shows %q", text), `document.body.innerText.replace(/\s+/g, " ").includes(`+quote(text)+")")
	}
}

// within waits until a region of the page shows texts.
func (p *page) within(region string, texts ...string) {
	p.t.Helper()
	for _, text := range texts {
		p.is(fmt.Sprintf("%q shows %q", region, text),
			`(`+finder+`)("region", `+quote(region)+`)?.innerText.replace(/\s+/g, " ").includes(`+quote(text)+")")
	}
}

// lacks demands that the page, which is all there, offers nothing of a role and a name.
func (p *page) lacks(role, name string) {
	p.t.Helper()
	if told[bool](p, `!!(`+finder+`)(`+quote(role)+`, `+quote(name)+`)`) {
		p.t.Errorf("%s offers the %s %q", told[string](p, "location.href"), role, name)
	}
}

// press clicks what has a role and a name, with the mouse, where it is. A live page may move it away between the look and
// the click: whoever sees that the click missed clicks again, and so does press.
func (p *page) press(role, name string) {
	p.t.Helper()
	what := fmt.Sprintf("the %s %q", role, name)
	p.until(what, func() error {
		at, err := ask[[]float64](p, `(() => {
			const e = (`+finder+`)(`+quote(role)+`, `+quote(name)+`);
			if (!e || e.disabled) return null;
			e.scrollIntoView({block: "center", behavior: "instant"});
			const r = e.getClientRects()[0], x = r.x + r.width / 2, y = r.y + r.height / 2;
			const isIt = (at) => e.contains(at) || at?.closest("label")?.control === e;
			if (!isIt(document.elementFromPoint(x, y))) return null;
			window.left = true;
			delete window.hit;
			e.addEventListener("scripted", () => window.hit = false, {once: true});
			e.dispatchEvent(new Event("scripted")); // unheard where scripts are off
			document.addEventListener("click", (click) => window.hit = isIt(click.target), {capture: true, once: true});
			return [x, y];
		})()`)
		if err == nil && at == nil {
			err = errNotYet
		}
		if err != nil {
			return err
		}
		p.do(chromedp.MouseClickXY(at[0], at[1]))
		// A page that the click has led to knows nothing of it.
		if missed, err := ask[bool](p, "window.hit === false"); err == nil && missed {
			return fmt.Errorf("%w: the click went past it", errNotYet)
		}
		return nil
	})
}

// follow presses what leads to another page, and waits for that.
func (p *page) follow(role, name, path string) {
	p.t.Helper()
	p.press(role, name)
	p.arrives(path)
}

// arrives waits for a page other than the one where something was pressed last.
func (p *page) arrives(path string) {
	p.t.Helper()
	p.is("the page "+path, `!window.left && document.readyState === "complete" && location.pathname.startsWith(`+quote(path)+")")
}

// signInAs fills in the form that keeps strangers out.
func (p *page) signInAs(name, password string) {
	p.t.Helper()
	p.fill("Name", name)
	p.fill("Password", password)
	p.follow("button", "Sign in", "/")
}

// fill types a text into a field, in place of what is in it.
func (p *page) fill(label, text string) {
	p.t.Helper()
	p.press("textbox", label)
	told[bool](p, "document.activeElement.select(), true")
	_, err := chromedp.Call(p.ctx, input.InsertText, input.InsertTextParams{Text: text})
	if err != nil {
		p.t.Fatal(err)
	}
}

// key presses a key.
func (p *page) key(keys string, o ...chromedp.KeyOption) {
	p.t.Helper()
	p.do(chromedp.KeyEvent(keys, o...))
}

func quote(text any) string {
	b, err := json.Marshal(text)
	if err != nil {
		panic(err) // of a string: impossible
	}
	return string(b)
}

// call gives the tab a command of the protocol.
func call[P, R any](p *page, c cdp.Command[P, R], params P) R {
	p.t.Helper()
	r, err := chromedp.Call(p.ctx, c, params)
	if err != nil {
		p.t.Fatalf("%s: %v", c.Method, err)
	}
	return r
}
