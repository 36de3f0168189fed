package plan_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

func drawMap(t *rapid.T, label string) map[string]string {
	keys := []string{"a", "b", "--x", "glueguard:change", "aws:x", "ü<&>"}
	return rapid.MapOfN(rapid.SampledFrom(keys), rapid.SampledFrom([]string{"", "1", "two", "\""}), 0, 4).Draw(t, label)
}

func drawOptional[T any](t *rapid.T, label string, values ...T) *T {
	if rapid.Bool().Draw(t, label+" is set") {
		return ptr(rapid.SampledFrom(values).Draw(t, label))
	}
	return nil
}

func drawVersion(t *rapid.T) string {
	return rapid.SampledFrom([]string{"", "0.9", "1.0", "2.0", "3.0"}).Draw(t, "version")
}

func drawEndpoint(t *rapid.T) resource.Surroundings {
	return endpoint(func(d *resource.EndpointDetail) {
		d.Definition = resource.EndpointDefinition{
			Name: rapid.SampledFrom([]string{"etl", "a", string(bytes.Repeat([]byte("é"), 127))}).Draw(t, "name"), RoleARN: roleARN,
			PublicKey:     rapid.SampledFrom([]string{"", "k1"}).Draw(t, "key"),
			PublicKeys:    rapid.SliceOfN(rapid.SampledFrom([]string{"k1", "k2"}), 0, 2).Draw(t, "keys"),
			NumberOfNodes: rapid.SampledFrom([]int32{0, 2, 5}).Draw(t, "nodes"), WorkerType: rapid.SampledFrom([]string{"", "Standard", "G.2X"}).Draw(t, "type"),
			NumberOfWorkers: rapid.SampledFrom([]int32{0, 3}).Draw(t, "workers"), GlueVersion: drawVersion(t),
			Arguments: drawMap(t, "arguments"), Tags: drawMap(t, "tags"),
		}
		d.Status = rapid.SampledFrom([]string{"READY", "READY", "READY", "FAILED", "PROVISIONING", "TERMINATING"}).Draw(t, "status")
		d.AWSTags = rapid.SampledFrom([]map[string]string{nil, nil, {"aws:createdBy": "x"}, {"aws:cloudformation:stack-name": "s"}}).Draw(t, "AWS's tags")
	})
}

func drawTransform(t *rapid.T) resource.Surroundings {
	return transform(func(d *resource.TransformDetail) {
		d.Definition = resource.TransformDefinition{
			Name: rapid.SampledFrom([]string{"match", ""}).Draw(t, "name"), RoleARN: roleARN, TransformType: "FIND_MATCHES", GlueVersion: drawVersion(t),
			InputTables: []resource.GlueTable{{DatabaseName: "d", TableName: "t", AdditionalOptions: drawMap(t, "options")}},
			MaxCapacity: drawOptional(t, "capacity", 0.0, 10, 2.5), WorkerType: rapid.SampledFrom([]string{"", "Standard", "G.2X"}).Draw(t, "type"),
			NumberOfWorkers: drawOptional(t, "workers", int32(0), 3), TimeoutMinutes: drawOptional(t, "timeout", int32(0), 60), MaxRetries: drawOptional(t, "retries", int32(0), 2),
			UserData: drawOptional(t, "user data", resource.Encryption{}, resource.Encryption{Mode: "DISABLED"}, kms(keyARN), kms(other)),
			Tags:     drawMap(t, "tags"),
		}
		d.Definition.FindMatches = drawOptional(t, "parameters", resource.FindMatches{
			PrimaryKeyColumnName: drawOptional(t, "primary key", "id", ""), PrecisionRecallTradeoff: drawOptional(t, "precision", 0.0, 1, 0.3),
			AccuracyCostTradeoff: drawOptional(t, "accuracy", 0.0, 0.9), EnforceProvidedLabels: drawOptional(t, "enforced", false, true),
		})
		d.Status = rapid.SampledFrom([]string{"READY", "READY", "NOT_READY", "DELETING"}).Draw(t, "status")
		d.LabelCount = rapid.SampledFrom([]int{0, 1, 120}).Draw(t, "labels")
		if rapid.Bool().Draw(t, "never evaluated") {
			d.Metrics = nil
		}
	})
}

func drawEncryption(t *rapid.T, label string) resource.Encryption {
	return rapid.SampledFrom([]resource.Encryption{{}, {Mode: "DISABLED"}, sseS3(), kms(keyARN), kms(other), kms("")}).Draw(t, label)
}

func drawSurroundings(t *rapid.T) resource.Surroundings {
	s := drawEndpoint(t)
	if rapid.Bool().Draw(t, "transform") {
		s = drawTransform(t)
	}
	switch rapid.IntRange(0, 3).Draw(t, "configuration") {
	case 0:
		s = dangling(s)
	case 1, 2:
		c := resource.SecurityConfiguration{Name: "old"}
		for range rapid.IntRange(0, 2).Draw(t, "entries") {
			c.S3 = append(c.S3, drawEncryption(t, "S3"))
		}
		c.CloudWatch = drawOptional(t, "logs", resource.Encryption{Mode: "DISABLED"}, kms(other))
		c.JobBookmarks = drawOptional(t, "bookmarks", resource.Encryption{}, resource.Encryption{Mode: "CSE-KMS", KMSKey: other})
		s = with(s, c)
	}
	s.WantedKey = rapid.SampledFrom([]resource.Fact[resource.KeyDetail]{noKey(), key(keyARN, "alias/data"), resource.Absent[resource.KeyDetail]()}).Draw(t, "wanted key")
	s.Dependents = rapid.SampledFrom([]resource.Fact[[]resource.Dependent]{
		resource.Known(jobs()), resource.Known[[]resource.Dependent](nil), resource.Unknown[[]resource.Dependent](resource.Failure{}),
	}).Draw(t, "dependents")
	return s
}

func drawWanted(t *rapid.T) plan.Wanted {
	w := plan.Wanted{
		Mode: rapid.SampledFrom([]resource.Mode{"SSE-S3", "SSE-KMS", "NONE", ""}).Draw(t, "mode"), Logs: rapid.Bool().Draw(t, "logs"),
		Key: rapid.SampledFrom([]string{"", keyARN}).Draw(t, "key"), Strategy: rapid.SampledFrom([]plan.Strategy{"", plan.Replace, plan.SideBySide, plan.Retire}).Draw(t, "strategy"),
		LabelsS3: rapid.SampledFrom([]string{"", labels}).Draw(t, "labels"), Prove: rapid.SampledFrom([]string{"", "s3://proof/"}).Draw(t, "prove"),
		RepointJobs: rapid.Bool().Draw(t, "repoint"),
	}
	if rapid.Bool().Draw(t, "new key") {
		creating(&w)
	}
	if rapid.Bool().Draw(t, "grant") {
		w.Grant = &plan.Grant{}
	}
	if rapid.Bool().Draw(t, "logs only") {
		w.Findings = []plan.FindingRef{finding(control.DevEndpointLogs)}
	}
	return w
}

// phases lists every list of steps that a change of the item may run, all of them worked off.
func phases(t *rapid.T, i plan.Item) map[string][]plan.Step {
	all := map[string][]plan.Step{"apply": i.Steps, "unwind": append(plan.Inverses(i.Steps), plan.VerifyOriginal(i))}
	k := plan.Kept{Item: i, SavedEndpoint: i.Endpoint, SavedTransform: i.Transform, Labels: labels, Current: map[plan.Role]resource.Identity{}, DeleteLabels: true}
	if i.Strategy != plan.Retire {
		k.Current[plan.Twin] = resource.Identity{Type: i.Identity.Type, ARN: "arn:twin", ID: "tfm-2", Name: "twin", CreatedAt: at(50)}
	}
	var err error
	if all["finalize"], err = plan.FinalizeSteps(k); err != nil {
		t.Fatalf("finalize: %v", err)
	}
	if i.Endpoint != nil && i.Strategy == plan.Replace {
		k.Current[plan.Replacement] = resource.Identity{Type: i.Identity.Type, ARN: i.Identity.ARN, Name: i.Identity.Name, CreatedAt: at(51)}
	}
	if all["restore"], err = plan.Restore(k); err != nil {
		t.Fatalf("restore: %v", err)
	}
	return all
}

func TestPlansAreSafe(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w, s := drawWanted(t), drawSurroundings(t)
		i := plan.Propose(w, s)
		if (i.Blocked == nil) != (len(i.Steps) > 0) {
			t.Fatalf("blocked: %+v, steps: %v", i.Blocked, names(i.Steps))
		}
		if i.Blocked != nil {
			return
		}
		for phase, steps := range phases(t, i) {
			checkNames(t, phase, steps)
			checkDefinitions(t, steps)
			checkOrder(t, phase, steps)
		}
		checkApply(t, i)
		checkRestored(t, i)
	})
}

// checkNames: the names of a phase are unique, and each step says what it does and on whom.
func checkNames(t *rapid.T, phase string, steps []plan.Step) {
	seen := map[string]bool{}
	for _, s := range steps {
		if s.Name == "" || s.Summary == "" || seen[s.Name] {
			t.Fatalf("%s: step %q (%q) is nameless or twice there: %v", phase, s.Name, s.Summary, names(steps))
		}
		seen[s.Name] = true
		waits := s.Kind == plan.WaitReady || s.Kind == plan.WaitGone || s.Kind == plan.WaitTaskRun || s.Kind == plan.WaitProof
		if waits && s.LimitMinutes == 0 {
			t.Fatalf("%s: %s waits for ever", phase, s.Name)
		}
	}
}

// checkDefinitions: what creations are given, they take.
func checkDefinitions(t *rapid.T, steps []plan.Step) {
	for _, s := range steps {
		if d := s.Endpoint; d != nil {
			if (d.WorkerType != "" || d.NumberOfWorkers > 0) && d.NumberOfNodes > 0 || d.PublicKey != "" && len(d.PublicKeys) > 0 {
				t.Fatalf("%s: inputs that exclude each other: %+v", s.Name, d)
			}
			checkTags(t, s.Name, d.Tags)
		}
		if d := s.Transform; d != nil {
			if d.MaxCapacity != nil && (d.WorkerType != "" || d.NumberOfWorkers != nil) {
				t.Fatalf("%s: inputs that exclude each other: %+v", s.Name, d)
			}
			checkTags(t, s.Name, d.Tags)
		}
		if c := s.Configuration; c != nil && (len(c.S3) != 1 || c.Name != plan.ConfigurationName(*c)) {
			t.Fatalf("%s: %+v", s.Name, c)
		}
	}
}

func checkTags(t *rapid.T, step string, tags map[string]string) {
	for key := range tags {
		if plan.OwnTag(key) || key[:min(4, len(key))] == "aws:" {
			t.Fatalf("%s: tag %s", step, key)
		}
	}
}

// checkOrder: nothing irrevocable happens before what replaces it is verified; and what is made before can be unmade.
func checkOrder(t *rapid.T, phase string, steps []plan.Step) {
	last := slices.IndexFunc(steps, func(s plan.Step) bool { return s.Irrevocable })
	for n, s := range steps {
		creates := s.Kind == plan.CreateEndpoint || s.Kind == plan.CreateTransform
		if creates && (last < 0 || n < last) && !deletes(s.Inverse, s.Role) {
			t.Fatalf("%s: %s can't be taken back", phase, s.Name)
		}
		if len(s.Inverse) > 0 && last >= 0 && n > last {
			t.Fatalf("%s: %s is taken back after something irrevocable", phase, s.Name)
		}
		if (s.Kind == plan.DeleteEndpoint || s.Kind == plan.DeleteTransform) && s.Role == plan.Original && !s.Irrevocable {
			t.Fatalf("%s: %s is irrevocable and does not say so", phase, s.Name)
		}
	}
	if phase == "restore" && last >= 0 && !slices.ContainsFunc(steps[:last], func(s plan.Step) bool {
		return s.Kind == plan.Verify && (s.Role == plan.RestoredTwin || s.Role == plan.Restored)
	}) {
		t.Fatalf("restore: the encrypted one goes before another is proven: %v", names(steps))
	}
}

func deletes(steps []plan.Step, r plan.Role) bool {
	return slices.ContainsFunc(steps, func(s plan.Step) bool {
		return (s.Kind == plan.DeleteEndpoint || s.Kind == plan.DeleteTransform) && s.Role == r
	})
}

// checkApply: the original is saved before anything else touches it, and is not deleted before the twin is verified.
func checkApply(t *rapid.T, i plan.Item) {
	index := func(match func(plan.Step) bool) int { return slices.IndexFunc(i.Steps, match) }
	saved := index(func(s plan.Step) bool { return s.Kind == plan.SaveDefinition })
	deleted := index(func(s plan.Step) bool { return deletes([]plan.Step{s}, plan.Original) })
	verified := index(func(s plan.Step) bool { return s.Kind == plan.Verify && s.Role == plan.Twin && s.Promise.ChangeTags })
	made := index(func(s plan.Step) bool { return s.Role == plan.Twin })
	switch {
	case saved < 0 || made >= 0 && made < saved || deleted >= 0 && deleted < saved:
		t.Fatalf("the definition is saved too late: %v", names(i.Steps))
	case i.Strategy != plan.Retire && deleted >= 0 && (verified < 0 || deleted < verified):
		t.Fatalf("the original goes before the twin is verified: %v", names(i.Steps))
	case i.Strategy != plan.Retire && i.Transform != nil && deleted >= 0, i.Strategy == plan.SideBySide && deleted >= 0:
		t.Fatalf("the original goes before finalize: %v", names(i.Steps))
	case len(i.Attributes) == 0 || len(i.Consequences) == 0 || len(i.Permissions) == 0:
		t.Fatal("an item that does not say what it means")
	}
}

// checkRestored: what a backout makes is what was saved, as a creation takes it: without a configuration that does not
// exist.
func checkRestored(t *rapid.T, i plan.Item) {
	made := step(phases(t, i)["restore"], "create-restored")
	switch {
	case i.Endpoint != nil:
		want := plan.RecreatableEndpoint(i.Endpoint.Definition)
		if i.Configuration == nil {
			want.SecurityConfiguration = ""
		}
		if diff := cmp.Diff(&want, made.Endpoint); diff != "" {
			t.Fatalf("restored (-saved +made):\n%s", diff)
		}
		if diff := plan.DiffEndpoint(want, *made.Endpoint); len(diff) > 0 {
			t.Fatalf("restored differs: %+v", diff)
		}
	default:
		want := plan.RecreatableTransform(i.Transform.Definition)
		if i.Configuration == nil {
			want.TaskRunSecurityConfiguration = ""
		}
		want.Name = made.Transform.Name // it takes its own by a rename, or has it at once
		if diff := cmp.Diff(&want, made.Transform); diff != "" {
			t.Fatalf("restored (-saved +made):\n%s", diff)
		}
	}
}

func TestEncodeAndDecode(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var items []plan.Item
		for range rapid.IntRange(0, 3).Draw(t, "items") {
			items = append(items, plan.Propose(drawWanted(t), drawSurroundings(t)))
		}
		p, err := plan.Seal(plan.Plan{
			CreatedAt: at(rapid.IntRange(0, 59).Draw(t, "minute")), AuditID: rapid.String().Draw(t, "audit"), Changes: items,
			Accepted: rapid.SliceOfN(rapid.SampledFrom([]string{"*", "a", "b"}), 0, 3).Draw(t, "accepted"), Errored: rapid.Bool().Draw(t, "errored"),
		})
		if err != nil {
			t.Fatal(err)
		}
		text, err := p.Encode()
		if err != nil {
			t.Fatal(err)
		}
		got, err := plan.Decode("p", text)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(p, got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("not what was written (-want +got):\n%s", diff)
		}
		at := rapid.IntRange(0, len(text)-1).Draw(t, "byte")
		text[at] ^= byte(rapid.IntRange(1, 255).Draw(t, "flip"))
		if _, err := plan.Decode("p", text); err == nil {
			t.Fatalf("byte %d was flipped to %q and accepted", at, text[at])
		}
	})
}

// Definitions that creations take stay as they are, and differ from themselves in nothing.
func TestRecreatableIsStable(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		e, _ := drawEndpoint(t).Endpoint.Value()
		once := plan.RecreatableEndpoint(e.Definition)
		if diff := cmp.Diff(once, plan.RecreatableEndpoint(once)); diff != "" {
			t.Fatalf("endpoint (-once +twice):\n%s", diff)
		}
		m, _ := drawTransform(t).Transform.Value()
		first := plan.RecreatableTransform(m.Definition)
		if diff := cmp.Diff(first, plan.RecreatableTransform(first)); diff != "" {
			t.Fatalf("transform (-once +twice):\n%s", diff)
		}
		if len(plan.DiffEndpoint(e.Definition, once)) > 0 || len(plan.DiffTransform(m.Definition, first)) > 0 {
			t.Fatal("a definition differs from itself")
		}
	})
}
