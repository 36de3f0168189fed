package console

import (
	"fmt"
	"html/template"
)

// icon draws a small picture of our own. It says nothing to screen readers: words stand beside it.
func icon(name string) (template.HTML, error) {
	shape := shapeOf(name)
	if shape == "" {
		return "", fmt.Errorf("there is no icon %q", name)
	}
	//nolint:gosec // both parts are ours
	return template.HTML(`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">` + shape + `</svg>`), nil
}

const (
	disc  = `<circle cx="12" cy="12" r="9"/>`
	sheet = `<path d="M6 3h8l4 4v14H6z"/><path d="M14 3v4h4"/>`
)

// shapeOf is an icon's drawing on a field of 24 by 24.
func shapeOf(name string) string {
	if s := statusShape(name); s != "" {
		return s
	}
	switch name {
	case "overview":
		return `<path d="M4 20V10M10 20V4M16 20v-7M21 20H3"/>`
	case "endpoint":
		return `<rect x="3" y="4" width="18" height="12" rx="2"/><path d="M8 20h8M12 16v4M7 8l2.500 2L7 12M12 12h4"/>`
	case "transform":
		return `<circle cx="6" cy="6" r="2.500"/><circle cx="6" cy="18" r="2.500"/><circle cx="18" cy="12" r="2.500"/><path d="M8.300 7l7.200 3.800M8.300 17l7.200-3.800"/>`
	case "key":
		return `<circle cx="8" cy="15" r="4.500"/><path d="M11.300 11.700 20 3M16.500 6.500l3 3"/>`
	case "log":
		return sheet + `<path d="M9 12h6M9 16h6"/>`
	case "access":
		return `<path d="M2.500 12S6 5.500 12 5.500 21.500 12 21.500 12 18 18.500 12 18.500 2.500 12 2.500 12z"/><circle cx="12" cy="12" r="2.800"/>`
	case "performance":
		return `<path d="M3 12h4l3-8 4 16 3-8h4"/>`
	case "change":
		return `<path d="M4 9h13l-3.500-3.500M20 15H7l3.500 3.500"/>`
	case "request":
		return `<path d="M4 5h16v11H9l-5 4z"/><path d="M8 9h8M8 12.500h5"/>`
	case "cleanup":
		return `<path d="M4 7h16M9 7V4h6v3M6.500 7l1 13h9l1-13M10 11v5M14 11v5"/>`
	case "audit":
		return `<circle cx="10.500" cy="10.500" r="6.500"/><path d="m15.500 15.500 5 5"/>`
	case "coverage":
		return `<circle cx="12" cy="12" r="9"/><path d="M12 3v9l6.500 6.200"/>`
	case "exception":
		return `<path d="M12 3 20 6v6c0 4.500-3.400 7.600-8 9-4.600-1.400-8-4.500-8-9V6z"/>`
	case "control":
		return `<path d="m4 6.500 1.500 1.500L8.500 5M4 13l1.500 1.500 3-3M4 19.500l1.500 1.500 3-3M12 7h8M12 13.500h8M12 20h8"/>`
	case "policy":
		return sheet + `<path d="m9 14.500 2 2 4-4"/>`
	case "trail":
		return `<path d="M10 14a4 4 0 0 1 0-5.700l3-3a4 4 0 0 1 5.700 5.700l-1.500 1.500M14 10a4 4 0 0 1 0 5.700l-3 3A4 4 0 0 1 5.300 13l1.500-1.500"/>`
	case "users":
		return `<circle cx="9" cy="8" r="3.500"/><path d="M2.500 20c.4-4 3-6 6.500-6s6.100 2 6.500 6M16 5a3.500 3.500 0 0 1 0 6.500M18 14.500c2 .8 3.200 2.600 3.500 5.500"/>`
	case "account":
		return `<circle cx="12" cy="8" r="4"/><path d="M4.500 21c.5-4.500 3.500-7 7.500-7s7 2.500 7.500 7"/>`
	case "menu":
		return `<path d="M4 6h16M4 12h16M4 18h16"/>`
	case "search":
		return shapeOf("audit")
	case "close":
		return `<path d="m6 6 12 12M18 6 6 18"/>`
	case "download":
		return `<path d="M12 4v11M7.500 11l4.500 4.500 4.500-4.500M4 20h16"/>`
	case "up":
		return `<path d="m6 15 6-6 6 6"/>`
	case "down":
		return `<path d="m6 9 6 6 6-6"/>`
	case "both":
		return `<path d="m8 9 4-4 4 4M8 15l4 4 4-4"/>`
	case "left":
		return `<path d="m15 5-7 7 7 7"/>`
	case "right":
		return `<path d="m9 5 7 7-7 7"/>`
	case "edit":
		return `<path d="m4 20 1-4.500L16 4.500l3.500 3.500L8.500 19z"/>`
	case "add":
		return `<path d="M12 5v14M5 12h14"/>`
	case "lock":
		return `<rect x="5" y="10.500" width="14" height="10" rx="2"/><path d="M8 10.500V8a4 4 0 0 1 8 0v2.500"/>`
	case "open":
		return `<rect x="5" y="10.500" width="14" height="10" rx="2"/><path d="M8 10.500V8a4 4 0 0 1 7.500-2"/>`
	}
	return ""
}

// statusShape is the drawing of a status or state: no two that may stand side by side have the same shape.
func statusShape(name string) string {
	switch name {
	case "fail":
		return `<path d="M8.300 3h7.400L21 8.300v7.400L15.700 21H8.300L3 15.700V8.300z"/><path d="m9 9 6 6M15 9l-6 6"/>`
	case "pass":
		return disc + `<path d="m8 12.200 2.800 2.800L16 9.500"/>`
	case "unknown":
		return `<path d="M12 2.500 21.500 12 12 21.500 2.500 12z"/><path d="M9.800 9.700a2.300 2.300 0 1 1 3.300 2.100c-.8.400-1.100.9-1.100 1.700M12 16.200v.1"/>`
	case "exempt":
		return `<path d="M12 3 20 6v6c0 4.500-3.400 7.600-8 9-4.600-1.400-8-4.500-8-9V6z"/><path d="M8.500 12h7"/>`
	case "none":
		return disc + `<path d="M8 12h8"/>`
	case "clock":
		return disc + `<path d="M12 7v5l3.300 2"/>`
	case "run":
		return `<path d="M20 12a8 8 0 1 1-2.600-5.900M20 3v4.500h-4.500"/>`
	case "pause":
		return disc + `<path d="M10 9v6M14 9v6"/>`
	case "stop":
		return disc + `<path d="m6 6 12 12"/>`
	case "undo":
		return `<path d="M9 14 4 9l5-5M4 9h9a6.500 6.500 0 0 1 0 13h-3"/>`
	case "warn":
		return `<path d="M12 3.500 22 20.500H2z"/><path d="M12 10v4.500M12 17.300v.1"/>`
	case "info":
		return disc + `<path d="M12 11v5M12 7.800v.1"/>`
	case "seal":
		return disc + `<path d="m6.500 12.200 2.500 2.500 4.500-5M11.500 14.700l5-5.500"/>`
	case "dot":
		return `<circle cx="12" cy="12" r="4"/>`
	}
	return ""
}
