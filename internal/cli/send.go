package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/deliver"
	"github.com/glueguard/glueguard/internal/diag"
	"github.com/glueguard/glueguard/internal/report"
	"github.com/glueguard/glueguard/internal/store"
	"github.com/glueguard/glueguard/internal/store/sqlite"
)

// toHub is the value of --send that stands for Security Hub.
const toHub = "securityhub"

// The deeds of sending a report, before and after it, of the audit's id.
const (
	deedSends = "audit.send" + deedBegin
	deedSend  = "audit.send"
)

func addSend(flags *pflag.FlagSet, to *[]string) {
	flags.StringArrayVar(to, "send", nil, "send `WHERE`: the findings to securityhub, or the reports to s3://BUCKET/PREFIX (repeatable)")
}

// access says as whom AWS is called.
type access struct{ profile, role, externalID string }

func (a access) open(ctx context.Context, attempt time.Duration) (*awsapi.Session, error) {
	return awsapi.Open(ctx, awsapi.Options{Profile: a.profile, Role: a.role, ExternalID: a.externalID, AttemptTimeout: attempt})
}

// destination is where something is sent.
type destination struct {
	text   string
	bucket deliver.Bucket // no name: Security Hub
}

func parseSend(values []string) ([]destination, error) {
	var all []destination
	for _, v := range values {
		d := destination{text: v}
		if v != toHub {
			var err error
			if d.bucket, err = deliver.ParseBucket(v); err != nil {
				return nil, fmt.Errorf("--send %q: want %s, s3://BUCKET or s3://BUCKET/PREFIX", v, toHub)
			}
		}
		if slices.ContainsFunc(all, func(o destination) bool { return o.bucket == d.bucket }) {
			return nil, fmt.Errorf("--send %s: is there twice", v)
		}
		all = append(all, d)
	}
	return all, nil
}

// formatsOf are the formats that -o asks for, each once; json where it asks for none.
func formatsOf(outputs []string) []string {
	var all []string
	for _, o := range outputs {
		name, _, _ := strings.Cut(o, "=")
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	if len(all) == 0 {
		return []string{"json"}
	}
	return all
}

// sending is what is sent, and where to.
type sending struct {
	env     Env
	to      []destination
	access  access
	session *awsapi.Session // of the audit that has just run; nil: one is opened
	state   interface {
		report.Memory
		store.Trail
	}

	audit   report.Source
	formats []string
	as      rendering
	name    string // of the reports, without their endings
}

// sending returns what sends an audit that has just run; nil where nothing is to be sent.
func (o *auditOptions) sending(ctx context.Context, env Env, session *awsapi.Session, s *sqlite.Store) func(storedAudit) error {
	if len(o.to) == 0 {
		return nil
	}
	return func(a storedAudit) error {
		return sending{
			env: env, to: o.to, access: access{o.profile, o.role, o.externalID}, session: session, state: s,
			audit: a, formats: formatsOf(o.outputs), as: auditRenderer(a), name: a.head.ID,
		}.send(ctx)
	}
}

// send delivers to every destination, and tells what each took. Its error is a diag.Status where any of it was not
// delivered, and everything else was.
func (s sending) send(ctx context.Context) error {
	failed := false
	for _, to := range s.to {
		var err error
		if to.bucket.Name == "" {
			err = s.toHub(ctx)
		} else {
			err = s.toBucket(ctx, to.bucket)
		}
		var status diag.Status
		switch {
		case errors.Is(err, awsapi.ErrInterrupted):
			return err
		case errors.As(err, &status):
			failed = true
		case err != nil:
			failed = true
			diag.Of(fmt.Errorf("--send %s: %w", to.text, err)).Print(s.env.Stderr)
		}
	}
	if failed {
		return diag.Status(diag.Error)
	}
	return nil
}

// toHub sends the findings to Security Hub.
func (s sending) toHub(ctx context.Context) (err error) {
	session := s.session
	if session == nil {
		if session, err = s.access.open(ctx, 0); err != nil {
			return err
		}
		defer session.Close()
	}
	if err := s.begins(ctx, session, toHub); err != nil {
		return err
	}
	if s.env.StderrTerminal { // ten batches a second is all that a location takes
		fmt.Fprintln(s.env.Stderr, "glueguard: sending findings to Security Hub")
	}
	sent, err := deliver.Hubs{Session: session, Memory: s.state, Version: buildVersion()}.Send(ctx, s.audit)
	deed := map[string]string{"to": toHub, "findings": strconv.Itoa(sent.Findings), "resolved": strconv.Itoa(sent.Resolved), "refused": strconv.Itoa(len(sent.Refused))}
	if recorded := s.record(ctx, session, deed, err != nil || len(sent.Refused) > 0); err == nil {
		err = recorded
	}
	if errors.Is(err, awsapi.ErrInterrupted) && sent.Findings+sent.Resolved > 0 {
		fmt.Fprintf(s.env.Stderr, "glueguard: Security Hub took %s until the interruption; `glueguard report --audit %s --send securityhub` sends all again, which changes nothing of these\n",
			count(sent.Findings+sent.Resolved, "finding"), s.audit.Head().ID)
	}
	if err != nil {
		return err
	}
	text := fmt.Sprintf("Security Hub took %s in %s", count(sent.Findings, "finding"), count(sent.Locations, "location"))
	if sent.Resolved > 0 {
		text += fmt.Sprintf(", and %s gone since: archived", areOf(sent.Resolved))
	}
	fmt.Fprintf(s.env.Stderr, "glueguard: %s\n", text)
	if len(sent.Refused) == 0 {
		return nil
	}
	for _, d := range diag.Unsent(sent.Refused) {
		d.Print(s.env.Stderr)
	}
	return diag.Status(diag.Error)
}

// toBucket puts the reports into S3.
func (s sending) toBucket(ctx context.Context, to deliver.Bucket) (err error) {
	dir, err := os.MkdirTemp("", "glueguard-send-")
	if err != nil {
		return fmt.Errorf("make a temporary folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	session, err := s.access.open(ctx, deliver.UploadTimeout)
	if err != nil {
		return err
	}
	defer session.Close()
	if err := s.begins(ctx, session, to.URL("")); err != nil {
		return err
	}
	up, err := deliver.NewUploader(ctx, session, to)
	if err == nil {
		var files outputs
		for _, f := range s.formats {
			files = append(files, &output{format: f, path: filepath.Join(dir, f)})
		}
		if err := errors.Join(files.open(), files.writeFiles(s.as)); err != nil {
			return errors.Join(err, files.discard())
		}
		for _, f := range s.formats {
			if err = s.put(ctx, up, to, dir, f); err != nil {
				break
			}
		}
	}
	deed := map[string]string{"to": to.URL(""), "formats": strings.Join(s.formats, " ")}
	return errors.Join(s.explain(to, err), s.record(ctx, session, deed, err != nil))
}

// explain tells of an upload that failed; what was interrupted is left to others to tell.
func (s sending) explain(to deliver.Bucket, err error) error {
	if err == nil || errors.Is(err, awsapi.ErrInterrupted) {
		return err
	}
	diag.Unput(to.URL(""), err).Print(s.env.Stderr)
	return diag.Status(diag.Error)
}

func (s sending) put(ctx context.Context, up *deliver.Uploader, to deliver.Bucket, dir, format string) error {
	ending, contentType := fileType(format)
	name := s.name + ending
	size, err := up.Put(ctx, deliver.File{Name: name, Path: filepath.Join(dir, format), ContentType: contentType})
	if err != nil {
		return err
	}
	fmt.Fprintf(s.env.Stderr, "glueguard: wrote %s (%d bytes)\n", to.URL(name), size)
	return nil
}

// begins writes down that something is about to be sent: it changes what is there.
func (s sending) begins(ctx context.Context, session *awsapi.Session, to string) error {
	return s.env.record(ctx, s.state, store.Deed{
		Action: deedSends, Subject: s.audit.Head().ID, Outcome: store.DeedOK,
		Actor: store.Actor{Role: roleOf(ctx, session)}, Detail: map[string]string{"to": to},
	})
}

func (s sending) record(ctx context.Context, session *awsapi.Session, detail map[string]string, failed bool) error {
	d := store.Deed{
		Action: deedSend, Subject: s.audit.Head().ID, Outcome: store.DeedOK, Actor: store.Actor{Role: roleOf(ctx, session)}, Detail: detail,
	}
	if failed {
		d.Outcome = store.DeedFailed
	}
	return s.env.record(ctx, s.state, d)
}

// fileType is how the name of a report ends, and what S3 is told that it is.
func fileType(format string) (ending, contentType string) {
	switch format {
	case "jsonl":
		return ".jsonl", "application/x-ndjson"
	case "csv":
		return ".csv", "text/csv; charset=utf-8"
	case "markdown":
		return ".md", "text/markdown; charset=utf-8"
	case "html":
		return ".html", "text/html; charset=utf-8"
	case "junit":
		return ".junit.xml", "application/xml"
	case "sarif":
		return ".sarif", "application/sarif+json"
	case "ocsf", "asff":
		return "." + format + ".json", "application/json"
	case "json":
		return ".json", "application/json"
	}
	return ".txt", "text/plain; charset=utf-8"
}

func areOf(n int) string {
	if n == 1 {
		return "1 that is"
	}
	return strconv.Itoa(n) + " that are"
}
