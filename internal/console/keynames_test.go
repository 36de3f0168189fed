package console

import (
	"strings"
	"testing"

	"github.com/glueguard/glueguard/internal/api/openapi"
	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/resource"
)

// TestKeyNames shows what a key is called beside the key, once that was asked for, and how to ask for it before.
func TestKeyNames(t *testing.T) {
	t.Parallel()
	const key = "arn:aws:kms:eu-west-1:111122223333:key/k1"
	for _, c := range []struct {
		name   string
		path   string
		change func(*openapi.ResourceDetail)
		want   string // of the settings, or what is about it
		asks   bool   // the page looks it up
	}{
		{"not yet", "", nil, "KMS key Look up its alias " + key, true},
		{"read", "&keys=named", nil, "KMS key alias/glue-data " + key, false},
		{"two names", "&keys=named", func(d *openapi.ResourceDetail) { d.Keys[0].Aliases = []string{"alias/a", "alias/b"} }, "alias/a alias/b " + key, false},
		{"no name", "&keys=named", func(d *openapi.ResourceDetail) { d.Keys[0].Aliases = nil }, "KMS key no alias " + key, false},
		{"not read", "&keys=named", func(d *openapi.ResourceDetail) {
			d.Keys[0].Aliases, d.Keys[0].Unread = nil, "AWS answered: no."
		}, "alias not read: AWS answered: no. " + key, false},
		{"no key", "", func(d *openapi.ResourceDetail) { d.Encryption.KMSKey, d.Findings, d.Keys = "", nil, nil }, "S3 encryption SSE-KMS", false},
		{"a key itself", "", func(d *openapi.ResourceDetail) { asKey(d, key) }, "Alias Look up its alias", true},
		{"a key itself, read", "&keys=named", func(d *openapi.ResourceDetail) { asKey(d, key) }, "Alias alias/glue-data", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := full("analytics")
			f.detail.Encryption, f.detail.Findings = control.Encryption{Mode: resource.ModeSSEKMS, KMSKey: key}, nil
			f.detail.Keys = []openapi.KeyNames{{Key: key, Aliases: []string{"alias/glue-data"}}}
			if c.change != nil {
				c.change(&f.detail)
			}
			doc := browse(t, f, auth.Viewer).page("/resource?arn=" + endpointARN + "&audit=a1" + c.path)
			checkPage(t, doc)
			shown, asks := "", ""
			for _, n := range all(doc, named("dl")) {
				if id := attr(n, "id"); id == "settings" || id == "about-facts" {
					shown += strings.Join(strings.Fields(text(n)), " ") + "\n"
					asks += attr(n, "hx-get")
				}
			}
			if !strings.Contains(spaceless(shown), spaceless(c.want)) {
				t.Errorf("shown is\n%s\nnot %q", shown, c.want)
			}
			if want := "arn:aws:glue:eu-west-1:111122223333:devEndpoint/analytics"; c.asks != (asks != "") || c.asks && asks != with("/resource", map[string][]string{"arn": {want}}, "audit", "a1", "keys", "named") {
				t.Errorf("it asks for %q", asks)
			}
		})
	}
}

func asKey(d *openapi.ResourceDetail, arn string) {
	d.Resource = resource.Ref{Type: resource.TypeKey, ARN: arn, ID: "k1", Account: "111122223333", Region: "eu-west-1"}
	d.Encryption = control.Encryption{}
}

// spaceless leaves out the space between elements, which is as the template has it.
func spaceless(text string) string { return strings.Join(strings.Fields(text), "") }
