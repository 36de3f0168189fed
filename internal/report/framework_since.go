package report

import (
	"fmt"
	"hash/maphash"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
)

// requirementChanges is what became, since an earlier audit, of the findings that requirements are judged by. It is not
// what became of them for their controls: a key may be let to outsiders no more, and still not rotate.
type requirementChanges struct {
	*Comparison
	failed map[uint64]requirementSet // for which requirements a finding failed then, by a hash of its id
}

// requirementSet is a set of the framework's requirements, by their places in its list. The last bit says that the later
// audit has the finding.
type requirementSet uint64

const (
	stillThere       requirementSet = 1 << 63
	mostRequirements                = 63
)

func (c *requirementChanges) key(f finding.Finding) uint64 { return maphash.String(c.was.seed, f.ID) }

// changesOf prepares for a comparison, if one was asked for: it reads what failed then.
func (r *byRequirement) changesOf(c *Comparison) (*requirementChanges, error) {
	if c == nil {
		return nil, nil
	}
	if len(r.requirements) > mostRequirements {
		return nil, fmt.Errorf("%s has %d requirements: no more than %d can be compared", r.framework.Name, len(r.requirements), mostRequirements)
	}
	changes := &requirementChanges{c, map[uint64]requirementSet{}}
	return changes, c.eachBefore(func(f finding.Finding) error {
		if failed := r.failing(f); failed != 0 {
			changes.failed[changes.key(f)] = failed
		}
		return nil
	})
}

// failing are the requirements that a finding fails for.
func (r *byRequirement) failing(f finding.Finding) requirementSet {
	var all requirementSet
	for _, q := range r.requirements {
		if means, _ := q.meaning(f); means.Status == control.Fail {
			all |= 1 << q.index
		}
	}
	return all
}

// meets counts what became of a finding that the later audit has, for each requirement.
func (r *byRequirement) meets(f finding.Finding) {
	if r.changes == nil {
		return
	}
	for _, q := range r.requirements {
		if means, concerned := q.meaning(f); concerned {
			if fate := r.fate(q, means, f); fate != "" {
				*q.fates.of(fate)++
			}
		}
	}
	if _, ok := r.changes.failed[r.changes.key(f)]; ok {
		r.changes.failed[r.changes.key(f)] |= stillThere
	}
}

// fate is what became of a finding that the later audit has, for a requirement; empty where it failed in neither, and
// where nothing is compared.
func (r *byRequirement) fate(q *requirementResult, means control.Meaning, f finding.Finding) Fate {
	if r.changes == nil {
		return ""
	}
	failed := r.changes.failed[r.changes.key(f)]&(1<<q.index) != 0
	switch fails := means.Status == control.Fail; {
	case fails && failed:
		return Unchanged
	case fails && r.changes.Of(f.ID) == Reopened:
		return Reopened
	case fails:
		return New
	case failed:
		return since(means.Status)
	}
	return ""
}

// eachGone yields the findings that failed for a requirement then, and that the later audit does not have, as they were.
func (r *byRequirement) eachGone(q *requirementResult, yield func(control.Meaning, finding.Finding, Fate) error) error {
	return r.gone(func(f finding.Finding, failed requirementSet, fate Fate) error {
		if failed&(1<<q.index) == 0 {
			return nil
		}
		means, _ := q.meaning(f)
		return yield(means, f, fate)
	})
}

// gone yields all that failed for any requirement and is not there any more.
func (r *byRequirement) gone(yield func(f finding.Finding, failed requirementSet, fate Fate) error) error {
	if r.changes == nil {
		return nil
	}
	left := 0
	for _, failed := range r.changes.failed {
		if failed&stillThere == 0 {
			left++
		}
	}
	if left == 0 {
		return nil
	}
	return r.changes.eachBefore(func(f finding.Finding) error {
		failed := r.failing(f)
		if failed == 0 || r.changes.failed[r.changes.key(f)]&stillThere != 0 {
			return nil
		}
		fate, known := r.changes.gone[f.ID]
		if !known { // it passed, and was too little for a requirement
			var err error
			if fate, err = r.changes.absent(f); err != nil {
				return err
			}
		}
		return yield(f, failed, fate)
	})
}

// countGone counts what is gone for each requirement.
func (r *byRequirement) countGone() error {
	return r.gone(func(_ finding.Finding, failed requirementSet, fate Fate) error {
		for _, q := range r.requirements {
			if failed&(1<<q.index) != 0 {
				*q.fates.of(fate)++
			}
		}
		return nil
	})
}

// eachSettled yields what failed for a requirement then and is in no list of what fails now: what is resolved, and what
// the later audit does not have.
func (r *byRequirement) eachSettled(q *requirementResult, yield func(control.Meaning, compared) error) error {
	if q.fates.Resolved+q.fates.NotRead == 0 {
		return nil
	}
	err := r.each(q, func(m control.Meaning, f finding.Finding) error {
		if r.fate(q, m, f) == Resolved {
			return yield(m, compared{f, Resolved, false})
		}
		return nil
	})
	if err != nil {
		return err
	}
	return r.eachGone(q, func(m control.Meaning, f finding.Finding, fate Fate) error { return yield(m, compared{f, fate, true}) })
}

// settledWords says of a finding why it is not in a requirement's list any more.
func settledWords(m control.Meaning, f compared) string {
	if !f.gone && f.Status != control.Pass && f.Status != control.NotApplicable {
		return "is no matter of this requirement any more" // it fails for another reason
	}
	if !f.gone {
		f.Status, f.Reason = m.Status, m.Reason
	}
	return f.words()
}
