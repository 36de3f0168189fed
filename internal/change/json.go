package change

import (
	"math"
	"time"

	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

// Document is a change in its JSON form, glueguard.change/v1.
type Document struct {
	Schema      string             `json:"schema"`
	ID          string             `json:"id"`
	PlanDigest  string             `json:"plan_digest"`
	Resource    resource.Ref       `json:"resource"`
	Strategy    plan.Strategy      `json:"strategy"`
	From        resource.Mode      `json:"from"`
	To          resource.Mode      `json:"to"`
	State       State              `json:"state"`
	Phase       Phase              `json:"phase"`
	Steps       []StepDocument     `json:"steps"` // of all phases, in the order in which they came
	Replacement *resource.Identity `json:"replacement"`
	WaitingFor  string             `json:"waiting_for"` // person, time, or empty
	Trouble     *Trouble           `json:"trouble"`
	OpenedAt    time.Time          `json:"opened_at"`
	UpdatedAt   time.Time          `json:"updated_at"`
	TwinCost    float64            `json:"twin_cost"` // DPU-hours so far
	By          string             `json:"by"`
	Adopted     bool               `json:"adopted"`
	// What was accepted when the change was started: codes.
	AcceptedUnchecked []string `json:"accepted_unchecked"`
	AcceptedWarnings  []string `json:"accepted_warnings"`
	// Policy is the one that was in force then, where that was another than the plan's.
	Policy *plan.PolicyRef `json:"policy,omitempty"`
}

// StepDocument is one step in a change's JSON form.
type StepDocument struct {
	Name       string     `json:"name"`
	Phase      Phase      `json:"phase"`
	Summary    string     `json:"summary"`
	State      StepStatus `json:"state"`
	StartedAt  time.Time  `json:"started_at,omitzero"`
	FinishedAt time.Time  `json:"finished_at,omitzero"`
	Error      *Trouble   `json:"error"`
	Calls      int        `json:"calls"`
}

// JSON returns the change's JSON form. now says up to when a twin that is there has cost.
func (c *Change) JSON(now time.Time) Document {
	item := c.Head.Item
	d := Document{
		Schema: Schema, ID: c.Head.ID, PlanDigest: c.Head.PlanDigest, Resource: item.Resource, Strategy: item.Strategy,
		From: item.From, To: item.To, State: c.State, Phase: c.Phase, Steps: []StepDocument{}, WaitingFor: c.WaitingFor(),
		Trouble: c.Trouble, OpenedAt: c.OpenedAt, UpdatedAt: c.UpdatedAt, TwinCost: math.Round(c.TwinCost(now)*1000) / 1000,
		By: c.Head.By, Adopted: c.Head.Adopted,
		AcceptedUnchecked: codes(c.Head.AcceptedUnchecked), AcceptedWarnings: codes(c.Head.AcceptedWarnings), Policy: c.Head.Policy,
	}
	for p := range c.All() {
		s := c.Resolve(p.Step)
		d.Steps = append(d.Steps, StepDocument{
			Name: s.Name, Phase: p.Phase, Summary: s.Summary, State: p.Status, StartedAt: p.StartedAt,
			FinishedAt: p.FinishedAt, Error: p.Trouble, Calls: p.Calls,
		})
	}
	if id, ok := c.Replacement(); ok {
		d.Replacement = &id
	}
	return d
}

func codes(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// What a waiting change waits for.
const (
	ForPerson = "person"
	ForTime   = "time"
)

// WaitingFor says whether a change that waits needs a person or time; empty where it doesn't wait.
func (c *Change) WaitingFor() string {
	switch {
	case c.State != Waiting:
		return ""
	case c.Trouble != nil && c.Trouble.Code == TroubleSlow:
		return ForTime
	}
	return ForPerson
}
