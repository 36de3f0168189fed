package change

import (
	"strings"

	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

// Resolve returns the step with the change's own key, and the name of the configuration that uses it, put in for their
// placeholders. Until the key is known the step stays as it is. The given step is not changed.
func (c *Change) Resolve(s plan.Step) plan.Step {
	if c.KeyARN == "" {
		return s
	}
	r := resolver{key: c.KeyARN, configuration: c.configurationName()}
	return r.step(s)
}

// configurationName is the name of the configuration that holds the change's own key: as AWS was told, or as its
// content says.
func (c *Change) configurationName() string {
	for p := range c.All() {
		s := p.Step
		if s.Kind != plan.CreateConfiguration || s.Configuration == nil || p.Phase == Unwind {
			continue
		}
		if p.Facts != nil && p.Facts.Configuration != "" {
			return p.Facts.Configuration
		}
		content := resolver{key: c.KeyARN}.content(*s.Configuration)
		if content.Name == plan.ConfigurationPlaceholder {
			return plan.ConfigurationName(content)
		}
	}
	return ""
}

type resolver struct{ key, configuration string }

func (r resolver) text(s string) string {
	s = strings.ReplaceAll(s, plan.KeyPlaceholder, r.key)
	if r.configuration == "" {
		return s
	}
	return strings.ReplaceAll(s, plan.ConfigurationPlaceholder, r.configuration)
}

func (r resolver) step(s plan.Step) plan.Step {
	s.Summary, s.Precondition = r.text(s.Summary), r.text(s.Precondition)
	s.Endpoint, s.Transform = r.endpoint(s.Endpoint), r.transform(s.Transform)
	if s.Configuration != nil {
		content := r.content(*s.Configuration)
		s.Configuration = &content
	}
	if s.Grant != nil {
		grant := *s.Grant
		grant.KeyARN = r.text(grant.KeyARN)
		s.Grant = &grant
	}
	if s.Promise != nil {
		p := *s.Promise
		p.Endpoint, p.Transform, p.KMSKey = r.endpoint(p.Endpoint), r.transform(p.Transform), r.text(p.KMSKey)
		s.Promise = &p
	}
	if s.Inverse != nil {
		inverse := make([]plan.Step, len(s.Inverse))
		for i, in := range s.Inverse {
			inverse[i] = r.step(in)
		}
		s.Inverse = inverse
	}
	return s
}

func (r resolver) content(c resource.SecurityConfiguration) resource.SecurityConfiguration {
	c.Name = r.text(c.Name)
	s3 := make([]resource.Encryption, len(c.S3))
	for i, e := range c.S3 {
		s3[i] = *r.encryption(&e)
	}
	if c.S3 != nil {
		c.S3 = s3
	}
	c.CloudWatch, c.JobBookmarks, c.DataQuality = r.encryption(c.CloudWatch), r.encryption(c.JobBookmarks), r.encryption(c.DataQuality)
	return c
}

func (r resolver) encryption(e *resource.Encryption) *resource.Encryption {
	if e == nil {
		return nil
	}
	return &resource.Encryption{Mode: e.Mode, KMSKey: r.text(e.KMSKey)}
}

func (r resolver) endpoint(d *resource.EndpointDefinition) *resource.EndpointDefinition {
	if d == nil {
		return nil
	}
	resolved := *d
	resolved.SecurityConfiguration = r.text(d.SecurityConfiguration)
	return &resolved
}

func (r resolver) transform(d *resource.TransformDefinition) *resource.TransformDefinition {
	if d == nil {
		return nil
	}
	resolved := *d
	resolved.UserData = r.encryption(d.UserData)
	resolved.TaskRunSecurityConfiguration = r.text(d.TaskRunSecurityConfiguration)
	return &resolved
}
