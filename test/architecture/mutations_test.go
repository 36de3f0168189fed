package architecture

import (
	"fmt"
	"go/ast"
	"go/types"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"
)

// changers are the rooms that may call AWS operations that change something; the sandbox is AWS and calls none.
func changers() []string {
	return []string{"internal/action", "internal/deliver", "internal/sandbox", "test"}
}

// reads matches the names of AWS operations that change nothing. AssumeRole makes credentials, not resources.
func reads() *regexp.Regexp {
	return regexp.MustCompile(`^(Get|List|Describe|BatchGet|Lookup|Head|Simulate|AssumeRole$)`)
}

// TestNothingChangesAWSOutsideItsRooms finds the calls by their types: an operation of the SDK is any call that takes a
// pointer to one of its Input structs, through an interface of ours too.
func TestNothingChangesAWSOutsideItsRooms(t *testing.T) {
	t.Parallel()
	seen := 0
	for _, p := range product(t) {
		if below(changers()...)(strings.TrimPrefix(p.PkgPath, module+"/")) {
			continue
		}
		for _, op := range operationsCalled(p) {
			seen++
			if !reads().MatchString(op.name) {
				t.Errorf("%s calls %s, which changes something at AWS", op.position, op.name)
			}
		}
	}
	if seen < 8 {
		t.Errorf("found only %d calls of AWS operations in the whole product: the search itself is broken", seen)
	}
}

// product loads the product's packages with their types; one that does not compile would hide calls.
func product(t *testing.T) []*packages.Package {
	t.Helper()
	cfg := &packages.Config{
		Context: t.Context(), Dir: "../..",
		Mode: packages.NeedName | packages.NeedSyntax | packages.NeedTypes | packages.NeedTypesInfo | packages.NeedFiles | packages.NeedImports,
	}
	pkgs, err := packages.Load(cfg, "./internal/...", "./cmd/...")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pkgs {
		if len(p.Errors) > 0 {
			t.Fatalf("%s: %v", p.PkgPath, p.Errors[0])
		}
	}
	return pkgs
}

type operation struct{ name, position string }

func operationsCalled(p *packages.Package) []operation {
	var ops []operation
	for _, file := range p.Syntax {
		ast.Inspect(file, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			object := p.TypesInfo.ObjectOf(sel.Sel) // a method, or a field that holds one
			if object == nil {
				return true
			}
			if sig, ok := object.Type().Underlying().(*types.Signature); ok && takesSDKInput(sig) {
				ops = append(ops, operation{object.Name(), fmt.Sprint(p.Fset.Position(n.Pos()))})
			}
			return true
		})
	}
	return ops
}

// takesSDKInput tells whether the second parameter is *service.SomethingInput of the AWS SDK.
func takesSDKInput(sig *types.Signature) bool {
	if sig.Params().Len() < 2 {
		return false
	}
	pointer, ok := sig.Params().At(1).Type().(*types.Pointer)
	if !ok {
		return false
	}
	named, ok := pointer.Elem().(*types.Named)
	return ok && named.Obj().Pkg() != nil && strings.HasSuffix(named.Obj().Name(), "Input") &&
		strings.HasPrefix(named.Obj().Pkg().Path(), "github.com/aws/aws-sdk-go-v2/service/")
}
