package plan

import "github.com/glueguard/glueguard/internal/resource"

// warnings lists what must be accepted before the change starts. Replacing makes and proves the twin before it deletes,
// so only retiring rests on a creation that AWS may refuse.
func (p *proposal) warnings() []Warning {
	all := []Warning{}
	if p.w.Strategy == Retire {
		all = append(all, irreversible(p.outline(), "to have it back, it must be made again from its saved definition")...)
	} else if strength(p.to) < strength(p.from) {
		all = append(all, weaker(p.from, p.to))
	}
	for i, w := range all {
		all[i].Accepted = w.Code == WarnWeaker && p.w.AcceptWeaker || w.Code == WarnIrreversible && p.w.AcceptIrreversible
	}
	return all
}

// weaker warns of a mode that protects less than the present one.
func weaker(from, to resource.Mode) Warning {
	return Warning{
		Code: WarnWeaker, Flag: "--accept-weaker",
		Text: "It weakens the encryption, from " + string(from) + " to " + string(to) + ".",
	}
}

// irreversible warns where AWS may refuse to make what is deleted again.
func irreversible(i Item, because string) []Warning {
	version := ""
	switch {
	case i.Endpoint != nil:
		version = i.Endpoint.Definition.GlueVersion
	case i.Transform != nil:
		version = i.Transform.Definition.GlueVersion
	}
	if !endOfLife(version) {
		return nil
	}
	return []Warning{{
		Code: WarnIrreversible, Flag: "--accept-irreversible",
		Text: "It may be irreversible: " + because + ", and AWS may refuse that, since " + versionWords(version) + " reached its end of life on 2026-04-01.",
	}}
}

// endOfLife tells whether AWS has ended a Glue version, so that it may refuse to make anything of it. Source: the Glue
// version support policy; no version named means 0.9.
func endOfLife(version string) bool {
	switch version {
	case "", "0.9", "1.0", "2.0":
		return true
	}
	return false
}

func versionWords(version string) string {
	if version == "" {
		return "Glue " + oldestGlue + " (it names no version)"
	}
	return "Glue " + version
}
