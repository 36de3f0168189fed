package glue

import (
	"slices"
	"sync"
	"testing"
	"time"

	awsglue "github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// pagesOf reads a whole listing, in pages of any size, and returns the names.
func pagesOf(t *rapid.T, w *world, between func()) []string {
	var names []string
	in := &awsglue.GetDevEndpointsInput{}
	for {
		if rapid.Bool().Draw(t, "with size") {
			in.MaxResults = ptr(rapid.Int32Range(1, 200).Draw(t, "size"))
		}
		out := must[awsglue.GetDevEndpointsOutput](w, in)
		for i := range out.DevEndpoints {
			names = append(names, *out.DevEndpoints[i].EndpointName)
		}
		if deref(out.NextToken) == "" {
			return names
		}
		in.NextToken = out.NextToken
		between()
	}
}

func TestPagesAreTheSet(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t, func(s *Settings) {
			s.LastToken = LastToken(rapid.IntRange(0, 2).Draw(rt, "last token"))
			s.Quotas.DevEndpoints = 1000
		})
		names := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-zA-Z0-9_-]{1,12}`), 0, 120, rapid.ID[string]).Draw(rt, "names")
		var made sync.WaitGroup // in any order, at once
		for part := range slices.Chunk(names, max(1, len(names)/4)) {
			made.Go(func() {
				for _, name := range part {
					if _, err := w.createDevEndpoint(w.call("CreateDevEndpoint"), endpointInput(func(in *awsglue.CreateDevEndpointInput) { in.EndpointName = &name })); err != nil {
						t.Error(err)
					}
				}
			})
		}
		made.Wait()
		got := pagesOf(rt, w, func() {})
		slices.Sort(names)
		if diff := cmp.Diff(names, got, cmpopts.EquateEmpty()); diff != "" {
			rt.Errorf("pages (-want +got):\n%s", diff)
		}
	})
}

// TestPagesWhileOthersComeAndGo checks that what is there all the time is listed exactly once.
func TestPagesWhileOthersComeAndGo(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t, func(s *Settings) { s.Provisioning, s.Quotas.DevEndpoints = 0, 1000 })
		name := rapid.StringMatching(`[a-z]{1,6}`)
		stay := rapid.SliceOfNDistinct(name, 1, 60, rapid.ID[string]).Draw(rt, "stay")
		for _, n := range stay {
			w.PutDevEndpoint(account, region, types.DevEndpoint{EndpointName: &n}, nil)
		}
		got := pagesOf(rt, w, func() {
			n := name.Draw(rt, "other")
			if slices.Contains(stay, n) {
				return
			}
			in := endpointInput(func(in *awsglue.CreateDevEndpointInput) { in.EndpointName = &n })
			if _, err := do[awsglue.CreateDevEndpointOutput](w, in); err != nil {
				must[awsglue.DeleteDevEndpointOutput](w, &awsglue.DeleteDevEndpointInput{EndpointName: &n})
			}
		})
		got = slices.DeleteFunc(got, func(n string) bool { return !slices.Contains(stay, n) })
		slices.Sort(stay)
		if diff := cmp.Diff(stay, got); diff != "" {
			rt.Errorf("pages (-want +got):\n%s", diff)
		}
	})
}

// endpointModel is what an endpoint's state must be, said again in the simplest way.
type endpointModel struct {
	exists           bool
	created, deleted time.Time // deleted: zero unless being deleted
	broken           bool
}

func (m endpointModel) status(now time.Time, provision time.Duration) string {
	switch {
	case !m.exists, !m.deleted.IsZero() && !now.Before(m.deleted.Add(provision/4)):
		return ""
	case !m.deleted.IsZero():
		return terminating
	case m.broken && !now.Before(m.created.Add(provision/2)):
		return failed
	case !m.broken && !now.Before(m.created.Add(provision)):
		return ready
	}
	return provisioning
}

func TestEndpointStateMachine(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		const provision = 10 * time.Minute
		models := map[string]*endpointModel{}
		name := rapid.SampledFrom([]string{"a", "b", "c"})
		model := func(n string) *endpointModel {
			if models[n] == nil {
				models[n] = &endpointModel{}
			}
			return models[n]
		}
		rt.Repeat(map[string]func(*rapid.T){
			"create": func(rt *rapid.T) {
				n, broken := name.Draw(rt, "name"), rapid.Bool().Draw(rt, "broken")
				in := endpointInput(func(in *awsglue.CreateDevEndpointInput) {
					in.EndpointName = &n
					if broken {
						in.SubnetId, in.SecurityGroupIds = ptr("subnet-gone"), []string{"sg"}
					}
				})
				_, err := do[awsglue.CreateDevEndpointOutput](w, in)
				m := model(n)
				free := m.status(w.now, provision) == ""
				if (err == nil) != free {
					rt.Fatalf("create %s: %v, though its name is free: %v", n, err, free)
				}
				if free {
					*m = endpointModel{exists: true, created: w.now, broken: broken}
				}
			},
			"delete": func(rt *rapid.T) {
				n := name.Draw(rt, "name")
				_, err := do[awsglue.DeleteDevEndpointOutput](w, &awsglue.DeleteDevEndpointInput{EndpointName: &n})
				m := model(n)
				gone := m.status(w.now, provision) == ""
				if (err != nil) != gone {
					rt.Fatalf("delete %s: %v, though gone: %v", n, err, gone)
				}
				if !gone && m.deleted.IsZero() {
					m.deleted = w.now
				}
			},
			"pass": func(rt *rapid.T) {
				w.pass(time.Duration(rapid.IntRange(0, 700).Draw(rt, "seconds")) * time.Second)
			},
			"": func(rt *rapid.T) {
				got := map[string]string{}
				for _, e := range must[awsglue.GetDevEndpointsOutput](w, &awsglue.GetDevEndpointsInput{}).DevEndpoints {
					got[*e.EndpointName] = *e.Status
				}
				want := map[string]string{}
				for n, m := range models {
					if s := m.status(w.now, provision); s != "" {
						want[n] = s
					}
				}
				if diff := cmp.Diff(want, got); diff != "" {
					rt.Fatalf("states (-want +got):\n%s", diff)
				}
			},
		})
	})
}

// TestConcurrentCalls lets calls of every kind meet in one location; the race detector is the judge.
func TestConcurrentCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(s *Settings) { s.Provisioning, s.Quotas.DevEndpoints = time.Millisecond, 1000 })
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			for i := range 50 {
				c := w.call("GetDevEndpoints")
				c.Now = c.Now.Add(time.Duration(i) * time.Millisecond)
				n := string(rune('a'+worker)) + string(rune('a'+i%10))
				_, _ = w.createDevEndpoint(c, endpointInput(func(in *awsglue.CreateDevEndpointInput) { in.EndpointName = &n })) // may exist
				if _, err := w.getDevEndpoints(c, &awsglue.GetDevEndpointsInput{}); err != nil {
					t.Error(err)
				}
				arn := "arn:aws:glue:eu-west-1:111122223333:devEndpoint/" + n
				_ = w.AddTags(c, arn, map[string]string{"i": n}) // may be gone
				w.EachTagged(c, func(string, map[string]string) {})
				_, _ = w.deleteDevEndpoint(c, &awsglue.DeleteDevEndpointInput{EndpointName: &n}) // may be gone
				w.Change(func(s *Settings) { s.LastToken = LastToken(i % 3) })
			}
		})
	}
	all.Wait()
}
