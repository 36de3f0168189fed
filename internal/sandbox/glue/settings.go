package glue

import (
	"slices"
	"time"
)

// Settings are the behaviours that a test or an operator of the sandbox chooses. The zero value is valid.
type Settings struct {
	// Provisioning is how long a development endpoint is PROVISIONING; other durations derive from it. Deleting takes a
	// quarter of it, a task run and a job run half. Zero makes every state change immediate.
	Provisioning time.Duration
	// EndOfLife refuses creates on Glue 0.9, 1.0 and 2.0, which ended on 2026-04-01. Whether AWS refuses them for
	// development endpoints and transforms is unconfirmed, and so is the error.
	EndOfLife bool
	// LastToken is how listings say that there is no further page.
	LastToken LastToken
	// Quotas are per account and region.
	Quotas Quotas
	// NoDevEndpoints are the regions without development endpoints; nil takes the known ones, an empty list none.
	NoDevEndpoints []string
	// NoMLTransforms are the regions without transforms. None is known, so none is the default.
	NoMLTransforms []string
	// LabelFileLimit is the size of the largest label file in MB; 0 means 10.
	LabelFileLimit int
	// TaskRuns is how many evaluation and labeling task runs one transform may have at a time; 0 means 3.
	TaskRuns int
}

// LastToken is the form of NextToken on the last page.
type LastToken int

// AWS answers an empty string from GetDevEndpoints. What its other listings do is unconfirmed, so a client must take both.
const (
	LastTokenMixed LastToken = iota // "" from GetDevEndpoints, absent from the others
	LastTokenEmpty                  // "" from all
	LastTokenNil                    // absent from all
)

// Quotas are the numbers of resources that one account may have in one region; 0 takes AWS's published default. A
// location that was seeded with many has had its quota raised: twice the number seeded, when that is more.
type Quotas struct {
	DevEndpoints, SecurityConfigurations, MLTransforms, Jobs, Crawlers, Triggers, Sessions int
}

func (s Settings) withDefaults() Settings {
	if s.NoDevEndpoints == nil {
		// The development guide names the first four "or other new regions going forward"; the rest opened later.
		s.NoDevEndpoints = []string{
			"ap-southeast-3", "me-central-1", "eu-south-2", "eu-central-2",
			"ap-south-2", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7", "ap-east-2",
			"ca-west-1", "il-central-1", "mx-central-1", "eusc-de-east-1",
		}
	}
	if s.LabelFileLimit == 0 {
		s.LabelFileLimit = 10
	}
	if s.TaskRuns == 0 {
		s.TaskRuns = 3
	}
	s.Quotas = s.Quotas.withDefaults()
	return s
}

func (q Quotas) withDefaults() Quotas {
	def := func(n *int, v int) {
		if *n == 0 {
			*n = v
		}
	}
	def(&q.DevEndpoints, 25)
	def(&q.SecurityConfigurations, 250)
	def(&q.MLTransforms, 100)
	def(&q.Jobs, 1000)
	def(&q.Crawlers, 1000)
	def(&q.Triggers, 1000)
	def(&q.Sessions, 200)
	return q
}

// raised returns the quotas of a location that was seeded.
func (q Quotas) raised(seeded Quotas) Quotas {
	q.DevEndpoints = max(q.DevEndpoints, 2*seeded.DevEndpoints)
	q.SecurityConfigurations = max(q.SecurityConfigurations, 2*seeded.SecurityConfigurations)
	q.MLTransforms = max(q.MLTransforms, 2*seeded.MLTransforms)
	q.Jobs = max(q.Jobs, 2*seeded.Jobs)
	q.Crawlers = max(q.Crawlers, 2*seeded.Crawlers)
	q.Triggers = max(q.Triggers, 2*seeded.Triggers)
	q.Sessions = max(q.Sessions, 2*seeded.Sessions)
	return q
}

// Quotas returns the quotas in force in a location, as Service Quotas should report them.
func (g *Glue) Quotas(account, region string) Quotas {
	q := g.settings.Load().Quotas
	g.mu.RLock()
	l := g.locations[place{account, region}]
	g.mu.RUnlock()
	if l == nil {
		return q
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return q.raised(l.seeded)
}

// SetProvisioning changes how long creating takes.
func (g *Glue) SetProvisioning(d time.Duration) { g.Change(func(s *Settings) { s.Provisioning = d }) }

// SetEndOfLife changes whether creates on ended Glue versions are refused.
func (g *Glue) SetEndOfLife(on bool) { g.Change(func(s *Settings) { s.EndOfLife = on }) }

func (s *Settings) deleting() time.Duration { return s.Provisioning / 4 }
func (s *Settings) running() time.Duration  { return s.Provisioning / 2 }

// lacks tells whether a region is in a list of regions without a feature.
func lacks(regions []string, region string) bool { return slices.Contains(regions, region) }
