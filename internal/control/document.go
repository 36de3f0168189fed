package control

import (
	"slices"

	"github.com/glueguard/glueguard/internal/resource"
)

// DocumentSchema names the version of a control's document.
const DocumentSchema = "glueguard.control/v1"

// Document is all that the catalogue says of a control, for people.
type Document struct {
	ID       ID            `yaml:"id" json:"id"`
	Title    string        `yaml:"title" json:"title"`
	Resource resource.Type `yaml:"resource" json:"resource_type"`
	Severity Severity      `yaml:"severity" json:"severity"`
	Profile  Profile       `yaml:"profile" json:"profile"`

	What    string   `yaml:"what" json:"what"`
	Why     []string `yaml:"why" json:"why"`
	Impact  Impact   `yaml:"impact" json:"impact"`
	Default string   `yaml:"default" json:"default"`
	AWS     []string `yaml:"aws" json:"aws"` // what AWS really does

	Test    []Instruction `yaml:"test" json:"test"`
	Repair  []Instruction `yaml:"repair" json:"repair"`
	Backout []Instruction `yaml:"backout" json:"backout"`

	Permissions Permissions `yaml:"permissions" json:"permissions"`
	References  []Reference `yaml:"references" json:"references"`
	Frameworks  []Mapping   `yaml:"frameworks" json:"frameworks"`
	Unmapped    []Unmapped  `yaml:"unmapped" json:"unmapped"`
}

// Profile says for whom a control is, and what each profile of a policy demands of it.
type Profile struct {
	Level  int    `yaml:"level" json:"level"` // 1: for everybody; 2: where security counts for more than convenience
	SOP    string `yaml:"sop" json:"sop"`
	Strict string `yaml:"strict" json:"strict"`
}

// Impact is what a repair brings and what it costs.
type Impact struct {
	Gains []string `yaml:"gains" json:"gains"`
	Costs []string `yaml:"costs" json:"costs"`
}

// Instruction is one thing to do. Words in capitals in its commands stand for what the reader puts in.
type Instruction struct {
	Text      string   `yaml:"text" json:"text"`
	Commands  []string `yaml:"commands" json:"commands"`   // one after the other
	OneOf     bool     `yaml:"one_of" json:"one_of"`       // one of the commands is enough
	Otherwise bool     `yaml:"otherwise" json:"otherwise"` // it stands in the place of the one before it
}

// Permissions are IAM actions by what they are needed for.
type Permissions struct {
	Test   []string `yaml:"test" json:"test"`
	Plan   []string `yaml:"plan" json:"plan"` // beside those of the test
	Repair []string `yaml:"repair" json:"repair"`
	Role   []string `yaml:"role" json:"role"` // of the resource's own role
	Note   string   `yaml:"note" json:"note"`
}

// Reference is where to read more.
type Reference struct {
	Title string `yaml:"title" json:"title"`
	URL   string `yaml:"url" json:"url"`
}

// Basis says on what a mapping to a requirement rests.
type Basis string

// The bases, the firmest first.
const (
	Direct    Basis = "direct"
	Sibling   Basis = "sibling"
	Judgement Basis = "judgement"
)

// Bases lists every basis with what it means, the firmest first.
func Bases() []struct {
	Basis   Basis
	Meaning string
} {
	return []struct {
		Basis   Basis
		Meaning string
	}{
		{Direct, "a published mapping, or the framework's own author, names this check"},
		{Sibling, "published mappings put the same check of other services here"},
		{Judgement, "our own judgement"},
	}
}

// Mapping says that a control has to do with a requirement.
type Mapping struct {
	Framework   FrameworkID `yaml:"framework" json:"framework"`
	Requirement string      `yaml:"requirement" json:"requirement"`
	Basis       Basis       `yaml:"basis" json:"basis"`
	Because     string      `yaml:"because" json:"because"`
	// Reasons narrow the mapping to outcomes with one of them; none: every outcome counts.
	Reasons []Reason `yaml:"reasons" json:"reasons,omitempty"`
	// Failing are reasons with which the control passes and the requirement still fails.
	Failing []Reason `yaml:"failing" json:"failing,omitempty"`
}

// Unmapped says why a framework has no row for a control.
type Unmapped struct {
	Framework FrameworkID `yaml:"framework" json:"framework"`
	Because   string      `yaml:"because" json:"because"`
}

// Meaning is what an outcome of a control means for a requirement, which may be less than it means for the control: a
// key that is open to outsiders and rotates does not fail what is asked of rotation.
type Meaning struct {
	Status  Status
	Reason  Reason // of the outcome, or of that of its advisories that counts; empty where none of them does
	Message string
}

// Meaning judges an outcome of the control by what the requirement asks.
func (m Mapping) Meaning(o Outcome) Meaning {
	means := Meaning{o.Status, o.Reason, o.Message}
	switch {
	case o.Status == Pass && slices.Contains(m.Failing, o.Reason):
		means.Status = Fail
		return means
	case len(m.Reasons) == 0 || o.Status == Pass || o.Status == NotApplicable || o.Reason == ListingFailed:
		return means
	}
	means = Meaning{Status: Pass} // unless something counts
	switch {
	case o.Reason == KeyMissing:
		means = o.meaning(NotApplicable, KeyMissing) // what does not exist neither rotates nor lets anybody in
	case o.tells(KeyUnreadable):
		means = o.meaning(Unknown, KeyUnreadable)
	}
	for _, r := range m.Reasons {
		switch {
		case !o.tells(r):
		case unreadKey(r):
			means = o.meaning(Unknown, r)
		case o.Status == Exempt:
			return o.meaning(Exempt, r)
		default:
			return o.meaning(Fail, r)
		}
	}
	return means
}

// meaning is what the outcome says of one of its reasons.
func (o Outcome) meaning(status Status, r Reason) Meaning {
	for _, a := range o.Advisories {
		if a.Code == string(r) && o.Reason != r {
			return Meaning{status, r, a.Message}
		}
	}
	return Meaning{status, r, o.Message}
}

// tells tells whether a reason is the outcome's, or that of one of its advisories: only the worst problem is the reason.
func (o Outcome) tells(r Reason) bool { return o.Reason == r || o.advised(string(r)) }

// unreadKey tells whether a reason of the key control means that something is not known.
func unreadKey(r Reason) bool {
	switch r {
	case KeyUnreadable, KeyStateUnrecognised, KeyPolicyUnreadable, KeyRotationUnread:
		return true
	}
	return false
}
