package api_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"github.com/glueguard/glueguard/internal/api"
	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/store"
	"github.com/glueguard/glueguard/internal/store/sqlite"
	"github.com/glueguard/glueguard/internal/store/storetest"
)

// BenchmarkOperations asks what pages ask of a store with 100,000 findings in each of two audits, and 1,000 changes.
func BenchmarkOperations(b *testing.B) {
	s, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "state.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	w := &world{store: s, now: time.Now(), worker: &worker{policy: policy.Default(policy.SOP)}, hub: &hub{}}
	if w.auth, err = auth.New(auth.Options{Users: s, Credentials: s, Trail: s, Now: w.clock}); err != nil {
		b.Fatal(err)
	}
	found := storetest.Various(100_000)
	first := storetest.Keep(b, s, 1, found)
	storetest.Keep(b, s, 2, found)
	many(b, s)
	server, err := api.New(api.Options{Store: s, Auth: w.auth, Worker: w.worker, Events: w.hub, Now: w.clock, NewID: w.newID})
	if err != nil {
		b.Fatal(err)
	}
	handler, err := server.Handler()
	if err != nil {
		b.Fatal(err)
	}
	ctx := auth.With(b.Context(), auth.Principal{Actor: store.Actor{Kind: store.ActorUser, Name: "ada"}, Roles: []auth.Role{auth.Administrator}})
	began := time.Now()
	if err := server.Prepare(ctx); err != nil {
		b.Fatal(err)
	}
	b.Logf("prepared in %s", time.Since(began))
	for _, path := range []string{
		"/overview", "/findings?facets=true", "/findings?status=fail&sort=status&offset=5000&facets=true", "/findings?q=endpoint-77&facets=true",
		"/resource?arn=" + url.QueryEscape(found[77].Resource.ARN), "/changes", "/changes?q=change-77", "/audits", "/plans", "/requests", "/exceptions",
		"/audits/latest/coverage?unread=true", "/audits/latest/since/" + first, "/policy", "/controls", "/trail", "/trail/check",
	} {
		b.Run(path, func(b *testing.B) {
			for b.Loop() {
				out := httptest.NewRecorder()
				handler.ServeHTTP(out, httptest.NewRequest(http.MethodGet, api.BasePath+path, nil).WithContext(ctx))
				if out.Code != http.StatusOK {
					b.Fatalf("answered %d %s", out.Code, out.Body)
				}
			}
		})
	}
}

// many stores 1,000 changes.
func many(b *testing.B, s *sqlite.Store) {
	b.Helper()
	for n := range 1000 {
		i := item(fmt.Sprintf("many-%d", n))
		id := fmt.Sprintf("change-%d", n)
		lease, err := s.Lease(b.Context(), i.Resource.ARN, store.Holder{Change: id})
		if err != nil {
			b.Fatal(err)
		}
		head := change.Head{ID: id, PlanDigest: "sha256:ab", Item: i}
		if err := s.OpenChange(b.Context(), lease, change.Entry{Seq: 1, At: start(), Kind: change.Opened, Head: &head}); err != nil {
			b.Fatal(err)
		}
		if err := lease.Release(); err != nil {
			b.Fatal(err)
		}
	}
}
