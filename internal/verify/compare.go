package verify

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

// list gathers differences.
type list []change.Difference

// same notes a difference unless both are equal.
func (l *list) same(attribute, want, got string) {
	if want != got {
		*l = append(*l, change.Difference{Attribute: attribute, Want: want, Got: got})
	}
}

// compareEndpoint compares an endpoint as it is now with what was promised of it. The configuration is the one that it
// names now, absent where it names none or a missing one.
func compareEndpoint(t target, got resource.EndpointDetail, configuration resource.Fact[resource.SecurityConfiguration]) []change.Difference {
	var l list
	l.identity(t.identity, got.Identity())
	l.status(t.promise, got.Status)
	s3, logs := judgeEndpoint(t.change.Head.Item.Location, got, configuration)
	l.encryption("s3_encryption.mode", "s3_encryption.kms_key_arn", encryption{t.promise.Mode, t.promise.KMSKey}, s3)
	if t.promise.LogMode != "" {
		l.same("cloudwatch_encryption.mode", string(t.promise.LogMode), string(logs.mode))
	}
	want := *t.promise.Endpoint
	l.configuration(t.change, want.SecurityConfiguration, configuration)
	l.tags(t, want.Tags, got.Definition.Tags)
	want.Tags, got.Definition.Tags = nil, nil
	l.attributes(plan.DiffEndpoint(want, got.Definition))
	return l
}

// compareTransform compares a transform as it is now with what was promised of it.
func compareTransform(t target, got resource.TransformDetail, configuration resource.Fact[resource.SecurityConfiguration]) []change.Difference {
	var l list
	l.identity(t.identity, got.Identity())
	l.status(t.promise, got.Status)
	userData, taskRuns := judgeTransform(t.change.Head.Item.Location, got, configuration)
	const block = "transform_encryption.ml_user_data_encryption."
	l.encryption(block+"mode", block+"kms_key_id", encryption{t.promise.Mode, t.promise.KMSKey}, userData)
	if t.promise.TaskMode != "" {
		l.same("task_run_encryption.mode", string(t.promise.TaskMode), string(taskRuns.mode))
	}
	want := *t.promise.Transform
	l.configuration(t.change, want.TaskRunSecurityConfiguration, configuration)
	l.tags(t, want.Tags, got.Definition.Tags)
	want.Tags, got.Definition.Tags = nil, nil
	l.attributes(plan.DiffTransform(want, got.Definition))
	if t.promise.Labels >= 0 {
		l.same("label_count", strconv.Itoa(t.promise.Labels), strconv.Itoa(got.LabelCount))
	}
	l.metrics(t.promise, got.Metrics)
	return l
}

// identity notes that the resource is not the one that the change made, even if it has the same name. A creation time
// that either side does not know can't tell.
func (l *list) identity(want, got resource.Identity) {
	if want.Type == resource.TypeMLTransform {
		l.same("id", want.ID, got.ID)
		return
	}
	if !want.CreatedAt.IsZero() && !got.CreatedAt.IsZero() && !want.CreatedAt.Equal(got.CreatedAt) {
		const layout = "2006-01-02T15:04:05.999Z07:00"
		l.same("created_at", want.CreatedAt.UTC().Format(layout), got.CreatedAt.UTC().Format(layout))
	}
}

// status notes a resource that is being deleted, and one that is not ready where that was promised.
func (l *list) status(p plan.Promise, got string) {
	switch got {
	case "TERMINATING", "TERMINATED", "DELETING":
		l.same("status", "not being deleted", got)
	default:
		if p.Ready {
			l.same("status", "READY", got)
		}
	}
}

// encryption compares the mode in force, and the key where the mode has one.
func (l *list) encryption(mode, key string, want, got encryption) {
	l.same(mode, string(shown(want.mode)), string(got.mode))
	if want.mode == resource.ModeSSEKMS || want.key != "" {
		l.same(key, want.key, got.key)
	}
}

// shown is a mode as users are shown it.
func shown(m resource.Mode) resource.Mode {
	if m == "" || m == resource.ModeDisabled {
		return resource.ModeNone
	}
	return m
}

// configuration compares the whole content of the security configuration with the one that the change made, or that
// the original had: both are known, and a name alone says nothing. One that is neither can't be compared.
func (l *list) configuration(c *change.Change, name string, got resource.Fact[resource.SecurityConfiguration]) {
	want, known := content(c, name)
	have, there := got.Value()
	if !known || !there {
		return // that it is missing shows in its mode, and that another one is named among the attributes
	}
	if have.Name != name {
		return
	}
	l.same("security_configuration.s3_encryption", blocks(want.S3...), blocks(have.S3...))
	l.same("security_configuration.cloudwatch_encryption", block(want.CloudWatch), block(have.CloudWatch))
	l.same("security_configuration.job_bookmarks_encryption", block(want.JobBookmarks), block(have.JobBookmarks))
	l.same("security_configuration.data_quality_encryption", block(want.DataQuality), block(have.DataQuality))
}

// content is what a security configuration of that name must hold, as far as the change knows.
func content(c *change.Change, name string) (resource.SecurityConfiguration, bool) {
	if own := c.Head.Item.Configuration; own != nil && name != "" && own.Name == name {
		return *own, true
	}
	for _, s := range c.Head.Item.Steps {
		if s.Configuration == nil {
			continue
		}
		if made := c.Resolve(s).Configuration; made.Name == name {
			return *made, true
		}
	}
	return resource.SecurityConfiguration{}, false
}

// blocks writes a list of encryption blocks so that equal ones read the same; what is off is left out.
func blocks(entries ...resource.Encryption) string {
	var all []string
	for _, e := range entries {
		if text := block(&e); text != string(resource.ModeNone) || len(entries) > 1 {
			all = append(all, text)
		}
	}
	if len(all) == 0 {
		return string(resource.ModeNone)
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

func block(e *resource.Encryption) string {
	switch {
	case e == nil:
		return string(resource.ModeNone)
	case e.Mode == resource.ModeSSEKMS || e.Mode == resource.ModeCSEKMS:
		return strings.TrimSpace(string(e.Mode) + " " + e.KMSKey)
	}
	return string(shown(e.Mode)) // a key beside any other mode has no effect
}

// attributes takes the differences of definitions over, but for those that the judgement of the encryption has told.
func (l *list) attributes(all []plan.Attribute) {
	for _, a := range all {
		told := slices.ContainsFunc(*l, func(d change.Difference) bool { return d.Attribute == a.Name })
		if !told {
			*l = append(*l, change.Difference{Attribute: a.Name, Want: a.Before, Got: a.After})
		}
	}
}

// metrics compares a transform's quality. Only those of the original are promised.
func (l *list) metrics(p plan.Promise, got *resource.Metrics) {
	if p.Metrics == nil {
		return
	}
	if got == nil {
		l.same("evaluation_metrics", "evaluated", "never evaluated")
		return
	}
	near := func(name string, want, got float64) {
		const rounding = 1e-9 // so that a difference of exactly the tolerance is within it
		if math.Abs(want-got) > p.Tolerance+rounding || math.IsNaN(got) {
			l.same("evaluation_metrics."+name, fmt.Sprintf("%.4g ± %.4g", want, p.Tolerance), fmt.Sprintf("%.4g", got))
		}
	}
	near("area_under_pr_curve", p.Metrics.AreaUnderPRCurve, got.AreaUnderPRCurve)
	near("precision", p.Metrics.Precision, got.Precision)
	near("recall", p.Metrics.Recall, got.Recall)
	near("f1", p.Metrics.F1, got.F1)
}

// tags compares tag by tag, so that a difference names the tag.
func (l *list) tags(t target, want, got map[string]string) {
	want, got = maps.Clone(want), maps.Clone(got)
	if t.promise.ChangeTags {
		want = withChangeTags(t.change, want)
	} else if t.role == plan.Original {
		dropOtherChanges(t.change.Head.ID, got)
	}
	keys := slices.Concat(slices.Collect(maps.Keys(want)), slices.Collect(maps.Keys(got)))
	slices.Sort(keys)
	for _, k := range slices.Compact(keys) {
		before, had := want[k]
		after, has := got[k]
		if before == after && had == has {
			continue
		}
		if !strings.HasPrefix(k, tagPrefix) && !strings.HasPrefix(k, "aws:") {
			before, after = plan.Covered(before, after)
		}
		l.same("tags["+strconv.Quote(k)+"]", tag(before, had), tag(after, has))
	}
}

func tag(value string, there bool) string {
	if !there {
		return "(absent)"
	}
	return strconv.Quote(value)
}

// The tags that a change puts on what it makes, in the order in which they are left out where a resource may not have
// that many: the last one first.
const (
	tagPrefix        = "glueguard:"
	tagChange        = tagPrefix + "change"
	tagOriginal      = tagPrefix + "original"
	tagConfiguration = tagPrefix + "configuration"
	tagsAllowed      = 50
)

// withChangeTags adds the change's own tags to those of a definition, as far as AWS allows so many.
func withChangeTags(c *change.Change, tags map[string]string) map[string]string {
	if tags == nil {
		tags = map[string]string{}
	}
	item := c.Head.Item
	original, configuration := item.Identity.Name, ""
	switch {
	case item.Transform != nil:
		original, configuration = item.Identity.ID, item.Transform.Definition.TaskRunSecurityConfiguration
	case item.Endpoint != nil:
		configuration = item.Endpoint.Definition.SecurityConfiguration
	}
	if configuration == "" {
		configuration = "-"
	}
	own := []struct{ key, value string }{{tagChange, c.Head.ID}, {tagOriginal, original}, {tagConfiguration, configuration}}
	for _, o := range own {
		if len(tags) < tagsAllowed {
			tags[o.key] = o.value
		}
	}
	return tags
}

// dropOtherChanges leaves out the tags that an earlier change left on what is now the original: this change promised
// nothing about them. Its own must never be on the original.
func dropOtherChanges(id string, tags map[string]string) {
	if tags[tagChange] == id {
		return
	}
	maps.DeleteFunc(tags, func(k, _ string) bool { return strings.HasPrefix(k, tagPrefix) })
}
