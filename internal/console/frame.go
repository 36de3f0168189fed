package console

import (
	"net/http"
	"slices"
	"strings"

	"github.com/glueguard/glueguard/internal/auth"
)

// framed is what the frame around every page needs.
type framed struct {
	Title   string
	Sandbox bool
	Path    string // of the page, with its query: where a sign-in comes back to
	Who     *who   // nil: nobody has signed in
	Nav     []navGroup
	Told    *told
	Data    any
}

// who is the person that looks at the page.
type who struct {
	Name  string
	Roles string
	p     auth.Principal
}

// May tells whether they may do something: what they may not is not offered to them.
func (w *who) May(p auth.Permission) bool { return w != nil && w.p.May(p) }

type navGroup struct {
	Name  string
	Links []navLink
}

type navLink struct {
	Path, Name, Icon string
	Current          bool
}

// told is a message about what has just been done.
type told struct{ Tone, Icon, Text string }

func (c *console) framed(r *http.Request, v view) framed {
	f := framed{Title: v.title, Sandbox: c.options.Sandbox, Path: r.URL.RequestURI(), Told: tell(r.URL.Query().Get("done")), Data: v.data}
	p, ok := auth.From(r.Context())
	if !ok {
		return f
	}
	roles := make([]string, 0, len(p.Roles))
	for _, role := range p.Roles {
		roles = append(roles, string(role))
	}
	f.Who = &who{Name: p.Actor.Name, Roles: strings.Join(roles, ", "), p: p}
	section := v.section
	if section == "" {
		section = r.URL.Path
	}
	f.Nav = navigation(p, section)
	return f
}

// navigation lists the pages that somebody may see.
func navigation(p auth.Principal, section string) []navGroup {
	type entry struct {
		navLink
		want auth.Permission
	}
	link := func(path, name, icon string, want auth.Permission) entry {
		return entry{navLink{Path: path, Name: name, Icon: icon, Current: path == section}, want}
	}
	groups := []struct {
		name  string
		links []entry
	}{
		{"", []entry{link("/", "Overview", "overview", auth.See)}},
		{"AWS Glue", []entry{
			link("/endpoints", "Development endpoints", "endpoint", auth.See),
			link("/transforms", "ML transforms", "transform", auth.See),
		}},
		{"Repair", []entry{
			link("/plans", "Plans", "policy", auth.See),
			link("/requests", "Requests", "request", auth.See),
			link("/changes", "Changes", "change", auth.See),
			link("/cleanup", "Cleanup", "cleanup", auth.Propose),
		}},
		{"Watch", []entry{
			link("/keys", "Keys", "key", auth.See),
			link("/logs", "Logs", "log", auth.See),
			link("/access", "Access", "access", auth.See),
			link("/performance", "Performance", "performance", auth.See),
		}},
		{"Prove", []entry{
			link("/audits", "Audits", "audit", auth.See),
			link("/coverage", "Coverage", "coverage", auth.See),
			link("/exceptions", "Exceptions", "exception", auth.See),
			link("/controls", "Controls", "control", auth.See),
			link("/policy", "Policy", "policy", auth.See),
			link("/trail", "Audit trail", "trail", auth.SeeTrail),
		}},
		{"People", []entry{
			link("/users", "Users", "users", auth.ManageUsers),
			link("/account", "Your account", "account", auth.ManageAccount),
		}},
	}
	var all []navGroup
	for _, g := range groups {
		g.links = slices.DeleteFunc(g.links, func(e entry) bool { return !p.May(e.want) })
		if len(g.links) == 0 {
			continue
		}
		shown := navGroup{Name: g.name}
		for _, e := range g.links {
			shown.Links = append(shown.Links, e.navLink)
		}
		all = append(all, shown)
	}
	return all
}

// tell says what the form that led to a page has done. Addresses carry a code, never a text.
func tell(code string) *told {
	var text string
	switch code {
	case "asked":
		text = "The request was sent. Somebody who may approve it has to decide next."
	case "ready":
		text = "The request is approved and may be started."
	case "queued":
		text = "It was started. This page follows it."
	case "approved":
		text = "Approved."
	case "rejected":
		text = "Rejected. Nothing will be done."
	case "withdrawn":
		text = "Withdrawn. Nothing will be done."
	case "stopping":
		text = "It was told to stop after its current calls. What it began can be resumed."
	case "proposed":
		text = "The exception was proposed. It holds once somebody has approved it."
	case "ended":
		text = "The exception has ended. The finding fails again from the next audit on."
	case "scheduled":
		text = "The schedule was saved."
	case "dropped":
		text = "The schedule was dropped. The audits that it ran stay."
	case "password":
		text = "Your password was changed. Your other sessions have ended."
	case "setup":
		text = "Your password is set. Sign in with it."
	case "token":
		text = "The token is good for nothing any more."
	case "user":
		text = "The user was saved."
	case "out":
		text = "You have signed out."
	default:
		return nil
	}
	return &told{Tone: "good", Icon: "pass", Text: text}
}
