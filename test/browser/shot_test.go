package browser

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"testing"

	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// The screens that pages are looked at on.
const (
	wideWidth   = 1280
	wideHeight  = 960
	phoneWidth  = 390
	phoneHeight = 844
	// tallest is how much of a long page a picture shows.
	tallest = 1500
)

func wideScreen() chromedp.Action[chromedp.Void] {
	return chromedp.EmulateViewport(wideWidth, wideHeight)
}

func phone() chromedp.Action[chromedp.Void] {
	return chromedp.EmulateViewport(phoneWidth, phoneHeight, chromedp.EmulateMobile)
}

// TestScreenshots writes pictures of every page into the directory of the flag -screenshots: in light and in dark on a wide
// screen, in light on a phone.
func TestScreenshots(t *testing.T) {
	t.Parallel()
	if *screenshots == "" {
		t.Skip("pictures are only taken with -screenshots DIRECTORY")
	}
	if err := os.MkdirAll(*screenshots, 0o755); err != nil { //nolint:gosec // pictures for everybody
		t.Fatal(err)
	}
	s := newScene(t)
	for _, look := range s.looks(2) {
		t.Run(look.views[0].name, func(t *testing.T) {
			t.Parallel()
			p := s.tab(t, look)
			for _, at := range look.views {
				p.open(at.path)
				p.sees(at.shows)
				for _, scheme := range []string{"light", "dark"} {
					p.scheme(scheme)
					p.do(wideScreen())
					p.picture(at.name+"-"+scheme, wideWidth)
					if scheme == "light" { // the other would show nothing new
						p.do(phone())
						p.picture(at.name+"-"+scheme+"-phone", phoneWidth)
					}
				}
			}
		})
	}
}

// picture writes what the page shows, whole, as far as it is not very long.
func (p *page) picture(name string, width int) {
	p.t.Helper()
	height := min(told[int](p, "document.documentElement.scrollHeight"), tallest)
	yes := true
	shot := call(p, cdppage.CaptureScreenshot, cdppage.CaptureScreenshotParams{
		CaptureBeyondViewport: &yes, Clip: &cdppage.Viewport{Width: float64(width), Height: float64(height), Scale: 1},
	})
	small, err := fewColors(shot.Data)
	if err != nil {
		p.t.Fatal(err)
	}
	file := filepath.Join(*screenshots, name+".png")
	if same(file, small) {
		return
	}
	if err := os.WriteFile(file, small, 0o644); err != nil { //nolint:gosec // as above
		p.t.Fatal(err)
	}
}

// fewColors writes a picture with a palette of its 256 most frequent colours, which is a third of the size; the others
// become the nearest of them.
func fewColors(data []byte) ([]byte, error) {
	full, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("a picture: %w", err)
	}
	b := full.Bounds()
	dots := image.NewRGBA(b)
	draw.Draw(dots, b, full, b.Min, draw.Src)
	counts := map[color.RGBA]int{}
	at := func(i int) color.RGBA {
		return color.RGBA{dots.Pix[4*i], dots.Pix[4*i+1], dots.Pix[4*i+2], dots.Pix[4*i+3]}
	}
	for i, n, last := 0, 0, at(0); i <= b.Dx()*b.Dy(); i++ { // most dots are as the one before
		if i == b.Dx()*b.Dy() || at(i) != last {
			counts[last] += n
			n = 0
		}
		if i < b.Dx()*b.Dy() {
			last = at(i)
			n++
		}
	}
	palette := paletteOf(counts)
	index := map[color.RGBA]uint8{}
	out := image.NewPaletted(b, palette)
	for i := range out.Pix {
		c := at(i)
		n, ok := index[c]
		if !ok {
			n = uint8(palette.Index(c)) //nolint:gosec // 256 at most
			index[c] = n
		}
		out.Pix[i] = n
	}
	var w bytes.Buffer
	err = (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&w, out)
	return w.Bytes(), err
}

func paletteOf(counts map[color.RGBA]int) color.Palette {
	all := make([]color.RGBA, 0, len(counts))
	for c := range counts {
		all = append(all, c)
	}
	number := func(c color.RGBA) int { return int(c.R)<<16 | int(c.G)<<8 | int(c.B) }
	slices.SortFunc(all, func(a, b color.RGBA) int {
		if d := counts[b] - counts[a]; d != 0 {
			return d
		}
		return number(a) - number(b)
	})
	palette := make(color.Palette, 0, 256)
	for _, c := range all[:min(len(all), 256)] {
		palette = append(palette, c)
	}
	return palette
}

// same tells whether a file holds the picture already, but for what nobody would see: one dot in five hundred.
func same(file string, picture []byte) bool {
	old, err := os.ReadFile(file)
	if err != nil {
		return false
	}
	a, errA := png.Decode(bytes.NewReader(old))
	b, errB := png.Decode(bytes.NewReader(picture))
	if errA != nil || errB != nil || a.Bounds() != b.Bounds() {
		return false
	}
	differ, r := 0, a.Bounds()
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			if a.At(x, y) != b.At(x, y) {
				differ++
			}
		}
	}
	return differ*500 < r.Dx()*r.Dy()
}
