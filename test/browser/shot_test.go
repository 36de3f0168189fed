package browser

import "github.com/chromedp/chromedp"

// The screens that pages are looked at on.
const (
	wideWidth  = 1280
	phoneWidth = 390
)

func wideScreen() chromedp.Action[chromedp.Void] { return chromedp.EmulateViewport(wideWidth, 900) }

func phone() chromedp.Action[chromedp.Void] {
	return chromedp.EmulateViewport(phoneWidth, 844, chromedp.EmulateMobile, chromedp.EmulateTouch)
}
