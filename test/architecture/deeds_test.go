package architecture

import (
	"go/ast"
	"go/types"
	"reflect"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"

	"github.com/glueguard/glueguard/internal/store"
)

// untold are the calls of a store's changing methods that need no deed of their own, by room and method, with why.
func untold() map[string]string {
	return map[string]string{
		"internal/daemon UpdateRequest":  "the results of a request under way, whose changes and end are told of",
		"internal/daemon UpdateSchedule": "when a schedule's next turn is, and what became of the last: its requests are told of",
		"internal/daemon SaveApprovals":  "the same again, to see whether the store can be written to",
		"internal/repair OpenChange":     "whoever has changes moved tells of it before it begins",
		"internal/leftover OpenChange":   "where nobody has asked to be told; the command line has",
		"internal/propose SavePlan":      "where nobody has asked to be told; the command line and the API have",
		"internal/cli SavePlan":          "a plan's file, under its own digest, just before it is told that it is applied",
	}
}

// TestChangesAreToldOf finds the calls of store.Writes' methods by their types: outside the store they go through
// store.Writes, which Trail.Together hands out, so that each change is one with its entry of the audit trail.
func TestChangesAreToldOf(t *testing.T) {
	t.Parallel()
	methods, allowed := changing(), untold()
	through, used := 0, map[string]bool{}
	for _, p := range product(t) {
		room := strings.TrimPrefix(p.PkgPath, module+"/")
		if below("internal/store")(room) {
			continue
		}
		for _, c := range storeCalls(p, methods) {
			call := room + " " + c.name
			switch {
			case c.told:
				through++
			case allowed[call] == "":
				t.Errorf("%s: %s changes the store without a deed: call it in Trail.Together", c.position, c.name)
			}
			used[call] = used[call] || !c.told
		}
	}
	for call := range allowed {
		if !used[call] {
			t.Errorf("%q is allowed, and nobody does it any more", call)
		}
	}
	if through < 20 {
		t.Errorf("found only %d changes that are told of: the search itself is broken", through)
	}
}

// changing are the names of the methods of store.Writes, but for the one that tells.
func changing() map[string]bool {
	names := map[string]bool{}
	for m := range reflect.TypeFor[store.Writes]().Methods() {
		names[m.Name] = m.Name != "Record"
	}
	return names
}

type storeCall struct {
	name, position string
	told           bool
}

// storeCalls are the uses of methods of these names that the store declares.
func storeCalls(p *packages.Package, methods map[string]bool) []storeCall {
	var calls []storeCall
	for _, file := range p.Syntax {
		ast.Inspect(file, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok || !methods[sel.Sel.Name] {
				return true
			}
			f, ok := p.TypesInfo.ObjectOf(sel.Sel).(*types.Func)
			if !ok || !changesStore(f) {
				return true
			}
			calls = append(calls, storeCall{
				name: f.Name(), position: p.Fset.Position(n.Pos()).String(), told: isWrites(p.TypesInfo.TypeOf(sel.X)),
			})
			return true
		})
	}
	return calls
}

// changesStore tells a store's method from others of its name, such as the API's operations: it is declared below the
// store, or takes what the store's does.
func changesStore(f *types.Func) bool {
	if f.Pkg() != nil && below("internal/store")(strings.TrimPrefix(f.Pkg().Path(), module+"/")) {
		return true
	}
	return f.Name() == "SavePlan" || f.Name() == "OpenChange" // which others declare for themselves
}

func isWrites(t types.Type) bool {
	named, ok := t.(*types.Named)
	return ok && named.Obj().Name() == "Writes" && named.Obj().Pkg().Path() == module+"/internal/store"
}
