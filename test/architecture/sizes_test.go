package architecture

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// The largest that anything may grow; most should be far smaller.
const (
	maxFileLines     = 600
	maxFunctionLines = 100
	maxMethods       = 6
)

func TestSizes(t *testing.T) {
	t.Parallel()
	for _, p := range listPackages(t) {
		for _, name := range p.GoFiles {
			checkFile(t, p.room(), filepath.Join(p.Dir, name))
		}
	}
}

func checkFile(t *testing.T, room, path string) {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, path, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	if ast.IsGenerated(file) {
		return
	}
	where := room + "/" + filepath.Base(path)
	if n := fset.File(file.Pos()).LineCount(); n > maxFileLines {
		t.Errorf("%s has %d lines, more than %d: split it by meaning", where, n, maxFileLines)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if n.Recv == nil && n.Name.Name == "init" {
				t.Errorf("%s has an init function: use an explicit list", where)
			}
			if lines := fset.Position(n.End()).Line - fset.Position(n.Pos()).Line + 1; lines > maxFunctionLines {
				t.Errorf("%s: %s has %d lines, more than %d", where, n.Name.Name, lines, maxFunctionLines)
			}
		case *ast.TypeSpec:
			if i, ok := n.Type.(*ast.InterfaceType); ok && i.Methods.NumFields() > maxMethods {
				t.Errorf("%s: interface %s has %d methods, more than %d", where, n.Name.Name, i.Methods.NumFields(), maxMethods)
			}
		}
		return true
	})
}

func TestNoForbiddenPackageNames(t *testing.T) {
	t.Parallel()
	forbidden := map[string]bool{"core": true, "types": true, "models": true, "common": true, "util": true, "utils": true, "helpers": true}
	for _, p := range listPackages(t) {
		if forbidden[p.Name] || strings.HasSuffix(p.Name, "util") {
			t.Errorf("%s: the name says nothing; each room owns its noun", p.room())
		}
	}
}
