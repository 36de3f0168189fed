package browser

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/glueguard/glueguard/internal/cli"
)

var screenshots = flag.String("screenshots", "", "write pictures of every page into this `directory`")

// beProgram in the environment makes this binary the program itself, for the tests that kill it.
const beProgram = "GLUEGUARD_TEST_BE_PROGRAM"

// atOnce is how many tabs work at a time: machines with two cores are what tests must not overwhelm.
const atOnce = 6

// chromium is the one browser that all tests share. Each has a tab, with cookies of its own.
type chromium struct {
	context context.Context //nolint:containedctx // chromedp keeps a browser in one
	places  chan struct{}
	missing string // why there is none
}

var shared chromium // TestMain has no other way to hand it on

func TestMain(m *testing.M) {
	if os.Getenv(beProgram) != "" {
		os.Exit(cli.Main(context.Background(), cli.System()))
	}
	flag.Parse()
	status, err := withChromium(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	os.Exit(status)
}

// withChromium starts the browser, where there is one.
func withChromium(run func() int) (status int, err error) {
	path, why := findChromium()
	if why != "" {
		shared.missing = why
		return run(), nil
	}
	dir, err := os.MkdirTemp("", "glueguard-browser-")
	if err != nil {
		return 1, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.UserDataDir(dir), chromedp.Flag("enable-blink-features", "ComputedAccessibilityInfo"),
		chromedp.Flag("force-color-profile", "srgb"), chromedp.Flag("font-render-hinting", "none"), chromedp.CombinedOutput(io.Discard))
	all, end := chromedp.NewExecAllocator(context.Background(), options...)
	first, closeFirst := chromedp.NewContext(all)
	if err = chromedp.Do(first); err != nil {
		shared.missing = fmt.Sprintf("%s does not start: %v", path, err)
	}
	shared.context, shared.places = first, make(chan struct{}, atOnce)
	status = run()
	closeFirst()
	end()
	if removed := os.RemoveAll(dir); removed != nil && err == nil {
		fmt.Fprintln(os.Stderr, "left behind:", removed) // its processes may be writing still
	}
	return status, nil
}

func findChromium() (path, why string) {
	for _, name := range []string{os.Getenv("GLUEGUARD_TEST_CHROMIUM"), "chromium-headless-shell", "chromium"} {
		if name == "" {
			continue
		}
		if path, err := exec.LookPath(name); err == nil {
			return path, ""
		}
	}
	return "", "there is no Chromium here (GLUEGUARD_TEST_CHROMIUM, or chromium in PATH)"
}

// newPage opens a tab on a site.
func newPage(t *testing.T, site string) *page {
	t.Helper()
	if shared.missing != "" {
		if os.Getenv("CI") == "true" {
			t.Fatal(shared.missing)
		}
		t.Skip(shared.missing)
	}
	shared.places <- struct{}{}
	ctx, closeTab := chromedp.NewContext(shared.context, chromedp.WithNewBrowserContext())
	t.Cleanup(func() { closeTab(); <-shared.places })
	p := &page{t: t, ctx: ctx, site: site, heard: &heard{}}
	if err := chromedp.Do(ctx); err != nil { // opens the tab, which lives as long as the context that is given here
		t.Fatal(err)
	}
	p.do(
		chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
			_, err := cdp.Call(ctx, tab, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
			return err
		}),
		chromedp.EmulateViewport(1280, 900),
	)
	p.listen()
	return p
}

// patience is how long anything may take, on a machine that is busy with much else.
const patience = 45 * time.Second

// cookie lets the tab go on with somebody's session.
func (p *page) cookie(name, value string) {
	p.t.Helper()
	_, err := chromedp.Call(p.ctx, network.SetCookie, network.SetCookieParams{Name: name, Value: value, URL: p.site})
	if err != nil {
		p.t.Fatal(err)
	}
}
