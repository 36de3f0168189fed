package plan_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

// kept is what a change of these has at hand when its apply phase is done.
func kept(w plan.Wanted, s resource.Surroundings, roles ...plan.Role) plan.Kept {
	k := plan.Kept{Item: plan.Propose(w, s), Current: map[plan.Role]resource.Identity{}}
	id := k.Item.Identity
	for n, role := range roles {
		made := resource.Identity{Type: id.Type, ARN: id.ARN, Name: id.Name, CreatedAt: at(40 + n)}
		if id.ID != "" {
			made.ID, made.ARN = "tfm-new", here().ARN("glue", "mlTransform/tfm-new").String()
		}
		if role == plan.Twin && (k.Item.Endpoint != nil || k.Item.Strategy == plan.SideBySide) {
			made.Name = plan.TwinName(id)
		}
		k.Current[role] = made
	}
	if d, ok := s.Endpoint.Value(); ok {
		k.SavedEndpoint = &d
	}
	if d, ok := s.Transform.Value(); ok {
		k.SavedTransform = &d
		if d.LabelCount > 0 {
			k.Labels, k.LabelRows = labels+"tfm-1/", d.LabelCount
		}
	}
	return k
}

func TestFinalizeSteps(t *testing.T) {
	t.Parallel()
	kms, s3 := wants("SSE-KMS"), wants("SSE-S3")
	beside, retire := strategy(plan.SideBySide), strategy(plan.Retire)
	for name, tt := range map[string]struct {
		k    plan.Kept
		want string
		err  error
	}{
		"endpoint":              {kept(s3, endpoint(), plan.Replacement), "", nil},
		"endpoint, keep twin":   {keeping(kept(s3, endpoint(), plan.Twin)), "remove-change-tags", nil},
		"endpoint, no twin":     {keeping(kept(s3, endpoint(), plan.Replacement)), "", plan.ErrNotKept},
		"endpoint beside":       {kept(wants("SSE-S3", beside), endpoint(), plan.Twin), "check-unreferenced delete-original wait-original-gone remove-change-tags", nil},
		"endpoint beside, lost": {kept(wants("SSE-S3", beside), endpoint()), "", plan.ErrNotKept},
		"endpoint retired":      {kept(wants("", retire), endpoint()), "", nil},
		"transform":             {kept(kms, transform(), plan.Twin), "check-unreferenced delete-original wait-original-gone remove-change-tags", nil},
		"transform, no labels kept": {
			unlabelled(kept(kms, transform(), plan.Twin)), "check-unreferenced delete-original wait-original-gone delete-exported-labels remove-change-tags", nil,
		},
		"transform, no definition": {unsaved(kept(kms, transform(), plan.Twin)), "", plan.ErrNoDefinition},
		"transform retired":        {unlabelled(kept(wants("", retire), transform())), "delete-exported-labels", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			steps, err := plan.FinalizeSteps(tt.k)
			if !errors.Is(err, tt.err) {
				t.Fatalf("error: %v, want %v", err, tt.err)
			}
			if diff := cmp.Diff(strings.Fields(tt.want), names(steps)); len(steps)+len(tt.want) > 0 && diff != "" {
				t.Errorf("steps (-want +got):\n%s", diff)
			}
			for _, s := range steps {
				if s.Irrevocable != (s.Name == "delete-original") {
					t.Errorf("%s: irrevocable %v", s.Name, s.Irrevocable)
				}
			}
		})
	}
}

func keeping(k plan.Kept) plan.Kept    { k.KeepTwin = true; return k }
func unlabelled(k plan.Kept) plan.Kept { k.DeleteLabels = true; return k }

func unsaved(k plan.Kept) plan.Kept {
	k.SavedEndpoint, k.SavedTransform = nil, nil
	return k
}

func TestFinalizeDetails(t *testing.T) {
	t.Parallel()
	k := kept(wants("SSE-KMS"), transform(), plan.Twin)
	steps, err := plan.FinalizeSteps(k)
	if err != nil {
		t.Fatal(err)
	}
	doomed := step(steps, "delete-original")
	if vow := doomed.Promise; doomed.Role != plan.Original || vow.Labels != 120 || vow.Transform.Name != plan.RetiredName(k.Item.Identity) || vow.Mode != "NONE" {
		t.Errorf("delete: %+v", doomed.Promise)
	}
	if kept := step(steps, "remove-change-tags"); kept.Role != plan.Twin || kept.Transform.Name != "match" || !cmp.Equal(kept.Transform.Tags, map[string]string{"team": "crm"}) {
		t.Errorf("tags: %+v", kept.Transform)
	}
	for name, tt := range map[string]struct {
		k    plan.Kept
		want bool
	}{
		"transform on Glue 2.0":        {k, true},
		"endpoint, nothing to delete":  {kept(wants("SSE-S3"), endpoint(), plan.Replacement), false},
		"endpoint beside, on Glue 1.0": {kept(wants("SSE-S3", strategy(plan.SideBySide)), endpoint(), plan.Twin), true},
		"transform on Glue 3.0":        {kept(wants("SSE-KMS"), transform(func(d *resource.TransformDetail) { d.Definition.GlueVersion = "3.0" }), plan.Twin), false},
		"nothing to finalize":          {plan.Kept{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := plan.FinalizeWarnings(tt.k); (len(got) > 0) != tt.want {
				t.Errorf("warnings: %+v", got)
			}
		})
	}
}

func TestRestore(t *testing.T) {
	t.Parallel()
	used := transform()
	used.Dependents = resource.Known(jobs())
	beside, retire := strategy(plan.SideBySide), strategy(plan.Retire)
	repoint := func(w *plan.Wanted) { w.RepointJobs = true }
	unkept := func(k plan.Kept) plan.Kept { k.Labels = ""; return k }
	const (
		restored = "create-restored wait-restored tag-restored verify-restored "
		taught   = "create-restored tag-restored verify-restored import-labels wait-import wait-restored evaluate wait-evaluate compare-restored "
		first    = "create-restored-twin wait-restored-twin tag-restored-twin verify-restored-twin "
		last     = "delete-restored-twin wait-restored-twin-gone "
		twinGone = "delete-twin wait-twin-gone "
		end      = "remove-change-tags"
	)
	for name, tt := range map[string]struct {
		k    plan.Kept
		want string
		err  error
	}{
		"endpoint": {
			kept(wants("SSE-S3"), endpoint(), plan.Replacement), first + "delete-replacement wait-replacement-gone " + restored + last + end, nil,
		},
		"endpoint, its twin still there": {
			kept(wants("SSE-S3"), endpoint(), plan.Replacement, plan.Twin), first + "delete-replacement wait-replacement-gone " + restored + last + twinGone + end, nil,
		},
		"endpoint, only its twin":   {kept(wants("SSE-S3"), endpoint(), plan.Twin), "wait-original-gone " + restored + twinGone + end, nil},
		"endpoint beside":           {kept(wants("SSE-S3", beside), endpoint(), plan.Twin), "wait-original-gone " + restored + twinGone + end, nil},
		"endpoint retired":          {kept(wants("", retire), endpoint()), restored + end, nil},
		"endpoint, unsaved":         {unsaved(kept(wants("SSE-S3"), endpoint(), plan.Replacement)), "", plan.ErrNoDefinition},
		"transform":                 {kept(wants("SSE-KMS"), transform(), plan.Twin), taught + "rename-twin rename-restored verify-restored-name " + twinGone + end, nil},
		"transform, jobs repointed": {kept(wants("SSE-KMS", repoint), used, plan.Twin), taught + "rename-twin rename-restored repoint-job-nightly verify-restored-name " + twinGone + end, nil},
		"transform beside":          {kept(wants("SSE-KMS", beside), transform(), plan.Twin), taught + twinGone + end, nil},
		"transform retired":         {kept(wants("", retire), transform()), taught + end, nil},
		"transform, never taught": {
			kept(wants("SSE-KMS"), transform(func(d *resource.TransformDetail) { d.Status, d.LabelCount, d.Metrics = "NOT_READY", 0, nil }), plan.Twin),
			"create-restored tag-restored verify-restored wait-restored compare-restored rename-twin rename-restored verify-restored-name " + twinGone + end, nil,
		},
		"transform, labels deleted": {unkept(kept(wants("SSE-KMS"), transform(), plan.Twin)), "", plan.ErrNoLabels},
		"transform, unsaved":        {unsaved(kept(wants("SSE-KMS"), transform(), plan.Twin)), "", plan.ErrNoDefinition},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			steps, err := plan.Restore(tt.k)
			if !errors.Is(err, tt.err) {
				t.Fatalf("error: %v, want %v", err, tt.err)
			}
			if diff := cmp.Diff(strings.Fields(tt.want), names(steps)); len(steps)+len(tt.want) > 0 && diff != "" {
				t.Errorf("steps (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRestoreDetails(t *testing.T) {
	t.Parallel()
	old := rich()
	old.S3 = []resource.Encryption{sseS3()}
	k := kept(wants("SSE-KMS"), with(endpoint(), old), plan.Replacement)
	steps, err := plan.Restore(k)
	if err != nil {
		t.Fatal(err)
	}
	twin, final := step(steps, "create-restored-twin").Endpoint, step(steps, "create-restored").Endpoint
	if twin.Name == plan.TwinName(k.Item.Identity) || twin.Name != plan.TwinName(k.Current[plan.Replacement]) || final.Name != "etl" {
		t.Errorf("names: %q, %q", twin.Name, final.Name)
	}
	want := plan.Promise{
		Mode: "SSE-S3", LogMode: "SSE-KMS", Labels: -1, Ready: true, ChangeTags: true,
		Endpoint: ptr(plan.RecreatableEndpoint(k.SavedEndpoint.Definition)),
	}
	if diff := cmp.Diff(&want, step(steps, "verify-restored").Promise); diff != "" {
		t.Errorf("promise (-want +got):\n%s", diff)
	}
	if doomed := step(steps, "delete-replacement"); !doomed.Irrevocable || doomed.Promise.Mode != "SSE-KMS" || doomed.Promise.Endpoint.Name != "etl" {
		t.Errorf("delete: %+v", doomed.Promise)
	}
	if diff := cmp.Diff([]string{"delete-restored-twin", "wait-restored-twin-gone"}, names(step(steps, "create-restored-twin").Inverse)); diff != "" {
		t.Errorf("inverse (-want +got):\n%s", diff)
	}
	if w := plan.RestoreWarnings(k); len(w) != 1 || w[0].Code != plan.WarnWeaker || !strings.Contains(w[0].Text, "from SSE-KMS to SSE-S3") {
		t.Errorf("warnings: %+v", w)
	}
	if w := plan.RestoreWarnings(kept(wants("", strategy(plan.Retire)), endpoint())); len(w) > 0 {
		t.Errorf("warnings: %+v", w)
	}

	// A change rebuilt from tags has no steps: what it made is known by name alone, and deleted without a promise.
	k.Item.Steps = nil
	steps, err = plan.Restore(k)
	if err != nil || step(steps, "delete-replacement").Promise != nil {
		t.Errorf("adopted: %v, %+v", err, step(steps, "delete-replacement").Promise)
	}
}

func TestInverses(t *testing.T) {
	t.Parallel()
	used := transform()
	used.Dependents = resource.Known(jobs())
	m := plan.Propose(wants("SSE-KMS", func(w *plan.Wanted) { w.RepointJobs = true }), used)
	want := []string{"point-back-job-nightly", "rename-twin-back", "rename-original-back", "delete-twin", "wait-twin-gone"}
	back := plan.Inverses(m.Steps)
	if diff := cmp.Diff(want, names(back)); diff != "" {
		t.Errorf("all taken back (-want +got):\n%s", diff)
	}
	if s := step(back, "point-back-job-nightly"); s.From != plan.Twin || s.Role != plan.Original || s.Job != "nightly" {
		t.Errorf("point back: %+v", s)
	}
	if step(back, "rename-twin-back").NewName != plan.TwinName(m.Identity) || step(back, "rename-original-back").NewName != "match" {
		t.Error("renamed back to other names")
	}
	if vow := step(back, "delete-twin").Promise; vow.Transform.Name != plan.TwinName(m.Identity) || vow.Labels != -1 {
		t.Errorf("a twin that is taken back may have any number of labels: %+v", vow)
	}
	if got := plan.Inverses(m.Steps[:2]); len(got) != 0 {
		t.Errorf("keys and configurations are not taken back: %v", names(got))
	}
	s := plan.VerifyOriginal(m)
	if s.Name != "verify-original" || s.Role != plan.Original || !s.Promise.Ready || s.Promise.ChangeTags || s.Promise.Mode != "NONE" || s.Promise.Transform.Name != "match" {
		t.Errorf("verify: %+v", s.Promise)
	}
	e := plan.VerifyOriginal(plan.Propose(wants("SSE-S3"), endpoint(func(d *resource.EndpointDetail) { d.Status = "FAILED" })))
	if e.Promise.Ready || e.Promise.Endpoint.Name != "etl" {
		t.Errorf("an original that was FAILED is promised READY: %+v", e.Promise)
	}
}
