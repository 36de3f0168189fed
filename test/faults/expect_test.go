package faults

import (
	"fmt"
	"slices"

	"github.com/glueguard/glueguard/internal/resource"
)

// effect is what may come of a call that fails for good. What it does not name must be as in a clean audit.
type effect struct {
	ends    bool     // there is no audit without this call
	heals   bool     // other calls bring what it would have brought
	unknown []string // findings that are unknown now
	gone    []string // findings that are missing now: a listing or an account that is unread stands for them
	stands  []string // unknown findings that were not there before
	// unread are the rows of coverage that are not ok: "operation place". One that ends in ":skipped" was not asked for.
	unread []string
	// Of the other findings at a place, these parts may differ.
	tags, advisories []string
}

// content is what each place of the estate holds, by the words of labels.
func (w *world) content(kind, place string) []string {
	all := map[string][]string{
		"endpoints m us":  {"m-etl"},
		"endpoints a us":  {"a-etl"},
		"endpoints m eu":  {"m-00", "m-01", "m-02", "m-03", "m-04", "m-05", "m-06", "m-07", "m-08", "m-09"},
		"transforms m us": {"m-match"},
		"transforms a us": {"a-match"},
		"transforms b eu": {"b-match"},
	}
	if w.failing {
		all["endpoints b us"] = []string{"b-bad"}
	}
	return all[kind+" "+place]
}

func (w *world) endpoints(place string) (labels []string) {
	for _, name := range w.content("endpoints", place) {
		labels = append(labels, "s3 "+place+" "+name, "logs "+place+" "+name)
	}
	return labels
}

func (w *world) transforms(place string) (labels []string) {
	for _, name := range w.content("transforms", place) {
		labels = append(labels, "ml "+place+" "+name)
	}
	return labels
}

// ofAccount lists the findings on the endpoints and transforms of an account.
func (w *world) ofAccount(letter string) (labels []string) {
	for _, region := range []string{" us", " eu"} {
		labels = append(append(labels, w.endpoints(letter+region)...), w.transforms(letter+region)...)
	}
	return labels
}

func listings(places ...string) (labels []string) {
	for _, p := range places {
		labels = append(labels, "s3 "+p, "logs "+p, "ml "+p)
	}
	return labels
}

// effectOf is the table of what depends on which call. It is written down from what the calls are for, and knows
// nothing of how the product makes them.
func (w *world) effectOf(operation, place string, class resource.FailureClass) (effect, error) {
	row := operation + " " + place
	switch operation {
	case "sts:GetCallerIdentity":
		return effect{ends: true}, nil
	case "organizations:ListAccounts": // the caller's own account is read all the same; key a can't be read whole from there
		return effect{
			gone:    slices.Concat(w.ofAccount("a"), w.ofAccount("b"), []string{"key b"}),
			stands:  listings("m"),
			unknown: []string{"key a"},
			unread:  []string{operation + " m", "kms:GetKeyPolicy m us:skipped"},
		}, nil
	case "sts:AssumeRole": // of both other accounts
		return effect{
			gone:    slices.Concat(w.ofAccount("a"), w.ofAccount("b"), []string{"key b"}),
			stands:  listings("a", "b"),
			unknown: []string{"key a"},
			unread:  []string{operation + " a", operation + " b", "kms:GetKeyPolicy m us:skipped"},
		}, nil
	case "account:ListRegions":
		return effect{heals: true}, nil // ec2:DescribeRegions
	case "account:ListRegions and ec2:DescribeRegions":
		letter := place[:1]
		only := map[string][]string{"m": {"key m", "key e"}, "b": {"key b"}} // keys that nobody else uses
		return effect{
			gone:   slices.Concat(w.ofAccount(letter), only[letter]),
			stands: listings(letter),
			unread: []string{"account:ListRegions " + letter},
		}, nil
	case "glue:GetDevEndpoints":
		only := map[string][]string{"m us": {"key m"}, "m eu": {"key e"}} // keys that no transform uses
		return effect{gone: slices.Concat(w.endpoints(place), only[place]), stands: []string{"s3 " + place, "logs " + place}, unread: []string{row}}, nil
	case "glue:GetMLTransforms":
		only := map[string][]string{"b eu": {"key b"}}
		return effect{gone: slices.Concat(w.transforms(place), only[place]), stands: []string{"ml " + place}, unread: []string{row}}, nil
	case "glue:GetSecurityConfiguration":
		named := map[string][]string{"m us": w.endpoints(place), "a us": w.endpoints(place), "b eu": w.transforms(place)}
		only := map[string][]string{"m us": {"key m"}, "b eu": {"key b"}} // keys that nothing but these configurations names
		return effect{unknown: named[place], gone: only[place], unread: []string{row}}, nil
	case "glue:GetSecurityConfigurations":
		if class != resource.Throttled {
			return effect{heals: true}, nil // each is read by itself
		}
		return effect{unknown: w.endpoints(place), gone: []string{"key e"}, unread: []string{row}}, nil
	case "tag:GetResources":
		return effect{tags: []string{place}, unread: []string{row}}, nil
	case "kms:DescribeKey", "kms:GetKeyRotationStatus", "kms:GetKeyPolicy":
		key := map[string]string{"m us": "key m", "m eu": "key e", "a us": "key a", "b eu": "key b"}[place]
		users := map[string][]string{"m us": {"m us"}, "m eu": {"m eu"}, "a us": {"m us", "a us"}, "b eu": {"b eu"}}[place]
		e := effect{unknown: []string{key}}
		for _, user := range users {
			e.unread = append(e.unread, operation+" "+user)
		}
		if operation == "kms:DescribeKey" {
			e.advisories = users
			if place == "a us" {
				e.stands = []string{"key a us alias/data"} // nobody can say which key that is
			}
		}
		return e, nil
	}
	return effect{}, fmt.Errorf("the table says nothing of %s", operation)
}
