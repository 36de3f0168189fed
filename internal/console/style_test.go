package console

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Every pair of text and ground that the style sheet uses has the contrast that WCAG 2 asks of level AA, in both schemes.
func TestContrast(t *testing.T) {
	t.Parallel()
	css, err := assetFiles.ReadFile("assets/console.css")
	if err != nil {
		t.Fatal(err)
	}
	light := string(css[strings.Index(string(css), ":root"):strings.Index(string(css), "@media (prefers-color-scheme: dark)")])
	rest := string(css[strings.Index(string(css), "@media (prefers-color-scheme: dark)"):])
	dark := rest[:strings.Index(rest, "*, ::before")]
	for scheme, block := range map[string]string{"light": light, "dark": dark} {
		colours := map[string]float64{}
		for _, m := range regexp.MustCompile(`--([a-z-]+): #([0-9a-f]{6})`).FindAllStringSubmatch(block, -1) {
			colours[m[1]] = luminance(t, m[2])
		}
		pairs := [][2]string{{"accent-ink", "accent"}, {"accent", "accent-shade"}, {"ink", "accent-shade"}, {"soft", "accent-shade"}}
		for _, text := range []string{"ink", "soft", "accent", "fail", "unknown", "exempt", "pass", "none", "busy"} {
			for _, ground := range []string{"paper", "ground", "shade"} {
				pairs = append(pairs, [2]string{text, ground})
			}
			if _, ok := colours[text+"-shade"]; ok {
				pairs = append(pairs, [2]string{text, text + "-shade"})
			}
		}
		pairs = append(pairs, [2]string{"fail", "unknown-shade"}, [2]string{"pass", "unknown-shade"}, [2]string{"pass", "fail-shade"}, [2]string{"ink", "fail-shade"})
		for _, p := range pairs {
			a, b := colours[p[0]], colours[p[1]]
			if ratio := (max(a, b) + 0.05) / (min(a, b) + 0.05); ratio < 4.5 {
				t.Errorf("%s: %s on %s has a contrast of %.2f", scheme, p[0], p[1], ratio)
			}
		}
		for _, ground := range []string{"paper", "ground"} { // borders of fields
			if ratio := (max(colours["edge"], colours[ground]) + 0.05) / (min(colours["edge"], colours[ground]) + 0.05); ratio < 3 {
				t.Errorf("%s: edges on %s have a contrast of %.2f", scheme, ground, ratio)
			}
		}
	}
}

// luminance is the relative luminance of WCAG 2.
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		v, err := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c := float64(v) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}

// What nobody should have to wait for, or can't have: other sites, inline styles, motion for those who want none.
func TestStyle(t *testing.T) {
	t.Parallel()
	css, err := assetFiles.ReadFile("assets/console.css")
	if err != nil {
		t.Fatal(err)
	}
	for _, banned := range []string{"http://", "https://", "@import", "url("} {
		if strings.Contains(string(css), banned) {
			t.Errorf("the style sheet has %s", banned)
		}
	}
	for _, wanted := range []string{"prefers-color-scheme", "prefers-reduced-motion", "@media print", ":focus-visible"} {
		if !strings.Contains(string(css), wanted) {
			t.Errorf("the style sheet has no %s", wanted)
		}
	}
}
