package architecture

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/glueguard/glueguard"

// pkg is what `go list -json` says of a package.
type pkg struct {
	ImportPath   string
	Name         string
	Dir          string
	Doc          string
	GoFiles      []string
	TestGoFiles  []string
	XTestGoFiles []string
	Imports      []string
}

// room is the path of the package below the module, e.g. "internal/control".
func (p pkg) room() string { return strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/") }

func listPackages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Name,Dir,Doc,GoFiles,TestGoFiles,XTestGoFiles,Imports", "./...")
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var pkgs []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return pkgs
		} else if err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
}

// pureRooms are the rooms without a world, in the order of the pipeline: each imports only those before it.
func pureRooms() []string {
	return []string{
		"internal/resource", "internal/iampolicy", "internal/policy", "internal/control", "internal/finding", "internal/plan", "internal/preflight", "internal/change",
		"internal/procedure", "internal/redact",
	}
}

// rule forbids imports and says why. It applies to the rooms that `from` accepts.
type rule struct {
	name   string
	why    string
	from   func(room string) bool
	forbid func(room, imported string) bool
}

func below(roots ...string) func(string) bool {
	return func(room string) bool {
		return slices.ContainsFunc(roots, func(root string) bool { return room == root || strings.HasPrefix(room, root+"/") })
	}
}

func outside(roots ...string) func(string) bool {
	in := below(roots...)
	return func(room string) bool { return !in(room) }
}

func importsAny(prefixes ...string) func(string, string) bool {
	return func(_, imported string) bool {
		return slices.ContainsFunc(prefixes, func(p string) bool { return imported == p || strings.HasPrefix(imported, p+"/") })
	}
}

// rules are the import rules of docs/architecture.md.
func rules() []rule {
	sdk := importsAny("github.com/aws/aws-sdk-go-v2", "github.com/aws/smithy-go")
	return []rule{
		{
			"pure rooms touch no world", "their verdicts must depend on their arguments alone",
			below(pureRooms()...),
			importsAny("github.com/aws", "database/sql", "net", "os", "syscall", "modernc.org"),
		},
		{
			"pure rooms import leftwards", "the order of the pipeline is the order of the imports",
			below(pureRooms()...),
			func(room, imported string) bool {
				target, ours := strings.CutPrefix(imported, module+"/")
				if !ours || below(room)(target) {
					return false
				}
				mine := slices.IndexFunc(pureRooms(), func(r string) bool { return below(r)(room) })
				theirs := slices.IndexFunc(pureRooms(), func(r string) bool { return below(r)(target) })
				return theirs < 0 || theirs > mine
			},
		},
		{
			"the AWS SDK stays in its rooms", "only they know how AWS speaks",
			outside("internal/inventory", "internal/action", "internal/deliver", "internal/awsapi", "internal/sandbox", "test"), sdk,
		},
		{
			"SQL stays in the stores", "everything else speaks to the contract of internal/store",
			outside("internal/store"), importsAny("database/sql", "modernc.org/sqlite", "github.com/pressly/goose"),
		},
		{
			"the sandbox imports nothing of ours", "it must not share our misunderstandings of AWS",
			below("internal/sandbox"),
			func(_, imported string) bool {
				target, ours := strings.CutPrefix(imported, module+"/")
				return ours && !below("internal/sandbox")(target)
			},
		},
		{
			"only the command line starts the sandbox", "the product must not depend on its own test double",
			outside("internal/sandbox", "internal/cli", "test"), importsAny(module + "/internal/sandbox"),
		},
		{
			"nothing imports the command line but main", "cmd imports cli, never back",
			outside("cmd", "docs", "internal/cli", "test"), importsAny(module + "/internal/cli"),
		},
		{
			"the store knows data, not work", "it is told what to keep",
			below("internal/store"), importsAny(module+"/internal/audit", module+"/internal/inventory", module+"/internal/awsapi", module+"/internal/report",
				module+"/internal/action", module+"/internal/execute", module+"/internal/verify", module+"/internal/propose", module+"/internal/repair", module+"/internal/engine"),
		},
		{
			"execute knows no engine and no AWS", "the same steps must run under every engine",
			below("internal/execute"), importsAny(module+"/internal/engine", module+"/internal/repair", module+"/internal/action", module+"/internal/verify",
				module+"/internal/inventory", module+"/internal/awsapi", module+"/internal/store/sqlite"),
		},
		{
			"engines know the work only by its contract", "what a change does must not depend on where it runs",
			below("internal/engine"), importsAny(module+"/internal/repair", module+"/internal/action", module+"/internal/verify", module+"/internal/propose",
				module+"/internal/inventory", module+"/internal/awsapi", module+"/internal/store/sqlite"),
		},
		{
			"verification shares nothing with what it verifies", "a mistake in making must not be repeated in checking",
			below("internal/verify"), importsAny(module+"/internal/action", module+"/internal/engine", module+"/internal/repair"),
		},
		{
			"reports read the store's contract only", "a report must be able to render any stored audit",
			below("internal/report"), importsAny(module+"/internal/audit", module+"/internal/inventory", module+"/internal/awsapi", module+"/internal/store/sqlite"),
		},
		{
			"the console asks the API", "whatever a page can do, a program can do as well, and the same guard stands before both",
			below("internal/console"), importsAny(module+"/internal/store/sqlite", module+"/internal/daemon", module+"/internal/audit", module+"/internal/propose",
				module+"/internal/repair", module+"/internal/engine", module+"/internal/inventory", module+"/internal/awsapi", module+"/internal/action"),
		},
		{
			"the API does no work", "what takes AWS or time is the daemon's, behind an interface",
			below("internal/api", "internal/auth"), importsAny(module+"/internal/store/sqlite", module+"/internal/daemon", module+"/internal/console",
				module+"/internal/inventory", module+"/internal/action", module+"/internal/engine/local"),
		},
		{
			"the daemon is wired by the command line", "cli imports daemon, daemon imports api and console, never back",
			outside("internal/cli", "internal/daemon", "test"), importsAny(module + "/internal/daemon"),
		},
	}
}

func violations(pkgs []pkg, rs []rule) []string {
	var found []string
	for _, p := range pkgs {
		for _, r := range rs {
			if !r.from(p.room()) {
				continue
			}
			for _, imported := range p.Imports {
				if r.forbid(p.room(), imported) {
					found = append(found, fmt.Sprintf("%s imports %s: %s (%s)", p.room(), imported, r.name, r.why))
				}
			}
		}
	}
	return found
}

func TestImportRules(t *testing.T) {
	t.Parallel()
	for _, v := range violations(listPackages(t), rules()) {
		t.Error(v)
	}
}

// TestImportRulesCatch shows that each rule refuses what it is there for, so that none can rot into always passing.
func TestImportRulesCatch(t *testing.T) {
	t.Parallel()
	bad := map[string]pkg{
		"pure rooms touch no world":                {ImportPath: module + "/internal/control", Imports: []string{"net/http"}},
		"pure rooms import leftwards":              {ImportPath: module + "/internal/policy", Imports: []string{module + "/internal/control"}},
		"the AWS SDK stays in its rooms":           {ImportPath: module + "/internal/report", Imports: []string{"github.com/aws/aws-sdk-go-v2/service/glue"}},
		"SQL stays in the stores":                  {ImportPath: module + "/internal/cli", Imports: []string{"database/sql"}},
		"the sandbox imports nothing of ours":      {ImportPath: module + "/internal/sandbox/glue", Imports: []string{module + "/internal/resource"}},
		"only the command line starts the sandbox": {ImportPath: module + "/internal/audit", Imports: []string{module + "/internal/sandbox"}},
		"nothing imports the command line but main": {
			ImportPath: module + "/internal/report", Imports: []string{module + "/internal/cli/view"},
		},
		"execute knows no engine and no AWS":                {ImportPath: module + "/internal/execute", Imports: []string{module + "/internal/action"}},
		"engines know the work only by its contract":        {ImportPath: module + "/internal/engine/local", Imports: []string{module + "/internal/repair"}},
		"verification shares nothing with what it verifies": {ImportPath: module + "/internal/verify", Imports: []string{module + "/internal/action"}},
		"the store knows data, not work":                    {ImportPath: module + "/internal/store/sqlite", Imports: []string{module + "/internal/audit"}},
		"reports read the store's contract only":            {ImportPath: module + "/internal/report", Imports: []string{module + "/internal/store/sqlite"}},
		"the console asks the API":                          {ImportPath: module + "/internal/console", Imports: []string{module + "/internal/store/sqlite"}},
		"the API does no work":                              {ImportPath: module + "/internal/api", Imports: []string{module + "/internal/inventory"}},
		"the daemon is wired by the command line":           {ImportPath: module + "/internal/console", Imports: []string{module + "/internal/daemon"}},
	}
	for _, r := range rules() {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			p, ok := bad[r.name]
			if !ok {
				t.Fatal("the rule has no example that breaks it")
			}
			if len(violations([]pkg{p}, []rule{r})) == 0 {
				t.Errorf("%s importing %v was not refused", p.ImportPath, p.Imports)
			}
		})
	}
}

func TestEveryPackageHasADocComment(t *testing.T) {
	t.Parallel()
	for _, p := range listPackages(t) {
		if len(p.GoFiles) > 0 && len(p.Doc) < 20 {
			t.Errorf("%s: no package doc comment that says what it is for", p.room())
		}
	}
}
