package sqlite_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
	"github.com/glueguard/glueguard/internal/store/sqlite"
	"github.com/glueguard/glueguard/internal/store/storetest"
)

// childEnv makes the test binary act as another process of ours on the store that the variable names.
const childEnv = "GLUEGUARD_STORE_TEST_CHILD"

func TestMain(m *testing.M) {
	if spec := os.Getenv(childEnv); spec != "" {
		mode, path, _ := strings.Cut(spec, "=")
		if err := child(mode, path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child writes an audit of 200 parts; in mode "killed" it dies in the middle as if by kill -9.
func child(mode, path string) error {
	ctx := context.Background()
	if mode == "deeds" {
		return recordDeeds(ctx, path)
	}
	if mode == "lease" {
		return hold(ctx, path)
	}
	if mode == "index" {
		return dieIndexing(ctx, path)
	}
	s, err := sqlite.Open(ctx, path)
	if err != nil {
		return err
	}
	id := fmt.Sprintf("%s-%d", mode, os.Getpid())
	if err := s.BeginAudit(ctx, store.Audit{ID: id, StartedAt: storetest.Start(1)}); err != nil {
		return err
	}
	for i := range 200 {
		if err := s.AddPart(ctx, id, part("111111111111", fmt.Sprintf("region-%d", i), 2)); err != nil {
			return err
		}
	}
	if mode == "killed" {
		self, err := os.FindProcess(os.Getpid())
		if err != nil {
			return err
		}
		return self.Kill()
	}
	if err := s.FinishAudit(ctx, store.Audit{ID: id, FinishedAt: storetest.Start(2)}); err != nil {
		return err
	}
	return s.Close()
}

func command(t testing.TB, mode, path string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+mode+"="+path)
	return cmd
}

func part(account, region string, n int) store.Part {
	l := resource.Location{Partition: "aws", Account: account, Region: region}
	p := store.Part{Location: l, Settled: []control.ID{control.DevEndpointS3}}
	for _, op := range []string{"glue:GetDevEndpoints", "glue:GetMLTransforms"} {
		p.Coverage = append(p.Coverage, resource.Coverage{Account: account, Region: region, Operation: op, Status: "ok", Items: n, Pages: 1})
	}
	for i := range n {
		p.Findings = append(p.Findings, storetest.Finding(account, region, fmt.Sprintf("dev-%d", i), control.Fail))
	}
	return p
}

func open(t testing.TB, path string) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestConformance(t *testing.T) {
	storetest.Test(t, func(t testing.TB) store.Store { return open(t, filepath.Join(t.TempDir(), "state.db")) })
}

func TestSeveralProcessesAtOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "new", "state.db")
	const processes = 4
	var cmds []*exec.Cmd
	for range processes {
		cmd := command(t, "several", path)
		cmd.Stderr = new(bytes.Buffer)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		cmds = append(cmds, cmd)
	}
	s := open(t, path) // migrates at the same time as they do
	for _, cmd := range cmds {
		if err := cmd.Wait(); err != nil {
			t.Errorf("%v: %s", err, cmd.Stderr)
			continue
		}
		n := 0
		id := fmt.Sprintf("several-%d", cmd.Process.Pid)
		if err := s.EachFinding(t.Context(), id, func(finding.Finding) error { n++; return nil }); err != nil || n != 400 {
			t.Errorf("audit %s: %d findings, %v", id, n, err)
		}
	}
}

func TestKilledInTheMiddle(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	cmd := command(t, "killed", path)
	if err := cmd.Run(); err == nil {
		t.Fatal("the child was not killed")
	}
	s := open(t, path)
	a, err := s.Audit(t.Context(), fmt.Sprintf("killed-%d", cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	if !a.FinishedAt.IsZero() {
		t.Errorf("a killed audit is finished at %v", a.FinishedAt)
	}
	if _, err := s.Audit(t.Context(), "latest"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("latest: %v, want ErrNotFound", err)
	}
}

func TestAddedPartsOutliveClose(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	s, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.BeginAudit(t.Context(), store.Audit{ID: "a", StartedAt: storetest.Start(1)}); err != nil {
		t.Fatal(err)
	}
	if err := s.AddPart(t.Context(), "a", part("1", "r", 3)); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	n := 0
	if err := open(t, path).EachFinding(t.Context(), "a", func(finding.Finding) error { n++; return nil }); err != nil || n != 3 {
		t.Errorf("%d findings, %v, want 3", n, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	database := func(name string, statements ...string) string {
		path := filepath.Join(dir, name)
		db, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range statements {
			if _, err := db.ExecContext(t.Context(), s); err != nil {
				t.Fatal(err)
			}
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		return path
	}
	newer := filepath.Join(dir, "newer.db")
	if s, err := sqlite.Open(t.Context(), newer); err != nil {
		t.Fatal(err)
	} else if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	database("newer.db", `INSERT INTO goose_db_version (version_id, is_applied) VALUES (42, 1)`)

	for name, c := range map[string]struct {
		path string
		want error
		text string
	}{
		"a newer store":                 {newer, store.ErrNewer, "schema is version 42, this glueguard knows version"},
		"a text file":                   {file("notes.txt", strings.Repeat("not a database at all\n", 100)), store.ErrForeign, "notes.txt"},
		"another program's database":    {database("other.db", `CREATE TABLE cookies (a)`), store.ErrForeign, "another program"},
		"a folder":                      {dir, store.ErrUnusable, "directory"},
		"a folder that can't be made":   {filepath.Join(file("plain", ""), "sub", "state.db"), store.ErrUnusable, "not a directory"},
		"a folder where there is a dot": {filepath.Join(dir, "x") + "/", store.ErrUnusable, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := sqlite.Open(context.Background(), c.path)
			if err == nil {
				_ = s.Close()
			}
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) {
				t.Errorf("got %v, want %v with %q", err, c.want, c.text)
			}
		})
	}
}

func TestPrivateToItsOwner(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "odd ?#%41 name", "state.db")
	open(t, path)
	for p, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700} {
		info, err := os.Stat(p)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", p, got, want)
		}
	}
}

// TestLibcVersion keeps modernc.org/libc at the version that sqlite was made and tested with.
func TestLibcVersion(t *testing.T) {
	t.Parallel()
	sqliteMod := goList(t, "-m", "-f", "{{.GoMod}}", "modernc.org/sqlite")
	text, err := os.ReadFile(sqliteMod)
	if err != nil {
		t.Fatal(err)
	}
	want := goList(t, "-m", "-f", "{{.Path}} {{.Version}}", "modernc.org/libc")
	if !strings.Contains(string(text), want) {
		t.Errorf("go.mod has %s; %s names another version", want, sqliteMod)
	}
}

func goList(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", append([]string{"list"}, args...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// BenchmarkAudit stores 17,000 locations with 30,000 findings.
func BenchmarkAudit(b *testing.B) {
	ctx := b.Context()
	for n := 0; b.Loop(); n++ {
		s := open(b, filepath.Join(b.TempDir(), "state.db"))
		for round := range 2 { // the second finds all in the history
			id := fmt.Sprintf("%d-%d", n, round)
			if err := s.BeginAudit(ctx, store.Audit{ID: id, StartedAt: storetest.Start(round)}); err != nil {
				b.Fatal(err)
			}
			for i := range 17000 {
				findings := 2
				if i%17 >= 15 {
					findings = 0
				}
				p := part(fmt.Sprintf("%012d", i/17), fmt.Sprintf("region-%d", i%17), findings)
				if err := s.AddPart(ctx, id, p); err != nil {
					b.Fatal(err)
				}
			}
			if err := s.FinishAudit(ctx, store.Audit{ID: id, FinishedAt: storetest.Start(round)}); err != nil {
				b.Fatal(err)
			}
		}
	}
}
