package evidence_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/evidence"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/resource"
)

// large is a store with a great many findings, each made when it is asked for.
type large struct {
	*memory
	findings int
}

func (l large) ref(n int) resource.Ref {
	at := resource.Location{Partition: "aws", Account: fmt.Sprintf("%012d", n/1000), Region: "eu-west-1"}
	name := fmt.Sprintf("endpoint-%d", n)
	return resource.Ref{
		Type: resource.TypeDevEndpoint, ARN: at.ARN("glue", "devEndpoint/"+name).String(), Name: name, Account: at.Account, Region: at.Region,
		Tags: map[string]string{"team": fmt.Sprintf("team-%d", n%100), "cost-center": "4711", "glueguard:change": "0197d2f0"},
	}
}

func (l large) EachFinding(_ context.Context, _ string, yield func(finding.Finding) error) error {
	for n := range l.findings {
		f := finding.Finding{ID: fmt.Sprintf("%064x", n), Outcome: control.Outcome{
			Control: control.DevEndpointS3, Status: control.Fail, Reason: "no-security-configuration", Severity: control.High, Resource: l.ref(n),
			Message:    "The development endpoint names no security configuration, so what it writes to S3 is not encrypted by Glue.",
			Encryption: control.Encryption{Mode: resource.ModeNone},
			Advisories: []control.Advisory{{Code: "runtime-end-of-life", Message: "Glue 1.0 reached its end of life on 2026-04-01."}},
		}}
		if err := yield(f); err != nil {
			return err
		}
	}
	return nil
}

func (l large) EachFacts(_ context.Context, _ string, yield func(resource.Record) error) error {
	for n := range l.findings {
		ref := l.ref(n)
		r := resource.Record{
			Type: ref.Type, ARN: ref.ARN, ID: ref.Name, Name: ref.Name, Account: ref.Account, Region: ref.Region, State: resource.RecordKnown,
			Facts: json.RawMessage(`{"name":"` + ref.Name + `","role_arn":"arn:aws:iam::111111111111:role/AWSGlueServiceRole-dev","status":"READY","glue_version":"1.0",` +
				`"arguments":{"--enable-glue-datacatalog":"true","--conf":"spark.sql.shuffle.partitions=64"},"tags":{"team":"data","cost-center":"4711"}}`),
		}
		if err := yield(r); err != nil {
			return err
		}
	}
	return nil
}

// BenchmarkExport says how long the evidence of that many findings takes, and how much memory is in use at its end.
func BenchmarkExport(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		b.Run(fmt.Sprintf("%d findings", n), func(b *testing.B) {
			dir := b.TempDir()
			for b.Loop() {
				f, err := os.Create(filepath.Join(dir, "records"))
				if err != nil {
					b.Fatal(err)
				}
				o := evidence.Options{Selection: evidence.Selection{Audit: "audit-1"}, Tool: "glueguard bench", Now: at(30), Signer: key(b, 1), Scratch: f}
				w := &last{Writer: io.Discard}
				if _, err := evidence.Export(b.Context(), w, large{memory: world(b), findings: n}, o); err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(w.heap)/(1<<20), "MB-live")
				if err := f.Close(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "findings/s")
		})
	}
}

// BenchmarkCheck says how long it takes to check the evidence of that many findings.
func BenchmarkCheck(b *testing.B) {
	var bundle bytes.Buffer
	o := evidence.Options{Selection: evidence.Selection{Audit: "audit-1"}, Tool: "glueguard bench", Now: at(30), Signer: key(b, 1)}
	if _, err := evidence.Export(b.Context(), &bundle, large{memory: world(b), findings: 100_000}, o); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := evidence.Check(b.Context(), bytes.NewReader(bundle.Bytes()), nil); err != nil {
			b.Fatal(err)
		}
	}
}

// last measures what is in use when the archive is written, with all records made: at its first byte.
type last struct {
	io.Writer
	heap uint64
}

func (l *last) Write(p []byte) (int, error) {
	if l.heap == 0 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		l.heap = m.HeapAlloc
	}
	return l.Writer.Write(p)
}
