package api_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/api/openapi"
	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/store"
)

// TestKeysOfAResource asks what its keys are called, of those who answer and those who don't.
func TestKeysOfAResource(t *testing.T) {
	t.Parallel()
	keyed := func(key string) func(*testing.T, *world) {
		return func(t *testing.T, w *world) {
			t.Helper()
			f := found("lab", control.Pass)
			f.Encryption = control.Encryption{Mode: "SSE-KMS", KMSKey: key}
			logs := found("lab", control.Pass)
			logs.Control, logs.Encryption, logs.ID = control.DevEndpointLogs, f.Encryption, "logs"
			w.audited(t, store.Audit{ID: "audit-1", StartedAt: start()}, f, logs)
		}
	}
	const arn = "arn:aws:kms:" + region + ":" + account + ":"
	for _, c := range []struct {
		name, key, query string
		fails            error
		want             []openapi.KeyNames
	}{
		{"by its ARN", arn + "key/7", "&keys=true", nil, []openapi.KeyNames{{Key: arn + "key/7", Aliases: []string{"alias/of-7"}}}},
		{"not asked for", arn + "key/7", "", nil, nil},
		{"no key", "", "&keys=true", nil, nil},
		{"an alias", arn + "alias/data", "&keys=true", errors.New("is not asked"), []openapi.KeyNames{{Key: arn + "alias/data", Aliases: []string{"alias/data"}}}},
		{"can't be read", arn + "key/7", "&keys=true", errors.New("secret"), []openapi.KeyNames{{
			Key: arn + "key/7", Aliases: []string{}, Unread: "Something went wrong in the server. Its log says what.",
		}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, keyed(c.key))
			w.worker.err = c.fails
			vera := w.session(t, w.user(t, "vera", auth.Viewer).ID)
			var r openapi.ResourceDetail
			w.ask(t, vera, "GET", "/resource?arn="+labARN+c.query, nil).into(t, &r)
			if diff := cmp.Diff(c.want, r.Keys); diff != "" {
				t.Error(diff)
			}
		})
	}
}
