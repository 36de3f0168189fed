package report_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/report"
)

// What is put together by hand is what encoding/json makes of the same, whatever there is in an audit.
func TestTextsByHand(t *testing.T) {
	t.Parallel()
	compare := func(t *testing.T, audit report.Source) {
		t.Helper()
		err := report.EachByHand(audit, func(byHand, byReflection string) {
			if byHand != byReflection {
				t.Errorf("by hand\n%s\nnot\n%s", byHand, byReflection)
			}
		})
		if err != nil {
			t.Error(err)
		}
	}
	for name, audit := range audits() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			compare(t, audit)
		})
	}
	t.Run("compared", func(t *testing.T) {
		t.Parallel()
		compare(t, changed(t))
	})
	t.Run("any", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(rt *rapid.T) {
			text := func(what string) string { return rapid.String().Draw(rt, what) }
			f := endpoint("111122223333", text("region"), text("name"), control.Status(text("status")), control.Reason(text("reason")), text("message"))
			f.ID, f.Resource.ARN, f.Control = text("id"), text("arn"), control.ID(text("control"))
			f.Resource.Tags = rapid.MapOf(rapid.String(), rapid.String()).Draw(rt, "tags")
			f.Encryption = control.Encryption{KMSKey: text("key"), SecurityConfiguration: text("configuration")}
			for range rapid.IntRange(0, 3).Draw(rt, "advisories") {
				f.Advisories = append(f.Advisories, control.Advisory{Code: text("code"), Message: text("advisory")})
			}
			if rapid.Bool().Draw(rt, "excepted") {
				f.Exception = &finding.Exception{Reason: text("why"), Owner: text("owner"), Expires: text("until"), Expired: rapid.Bool().Draw(rt, "expired")}
			}
			err := report.EachByHand(newSource(nil, f), func(byHand, byReflection string) {
				if byHand != byReflection {
					rt.Errorf("by hand\n%s\nnot\n%s", byHand, byReflection)
				}
			})
			if err != nil {
				rt.Error(err)
			}
		})
	})
}
