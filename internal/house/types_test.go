package house_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// Sizes that keep a type and a package in one head.
const (
	maxMethods = 60
	maxPackage = 3000 // lines, without tests
)

// tooManyMethods and tooLong have what is over these sizes, and how far over it may
// be: less every time that somebody splits it, and never more.
var (
	tooManyMethods = map[string]int{}
	tooLong        = map[string]int{
		"engine": 4500, // one state machine with one owner
	}
)

// TestTypesAndPackagesStaySmall counts the methods of each type and the lines of
// each package, tests excepted.
func TestTypesAndPackagesStaySmall(t *testing.T) {
	t.Parallel()
	methods, lines := map[string]int{}, map[string]int{}
	eachGoFile(t, func(name string) error {
		if strings.HasSuffix(name, "_test.go") {
			return nil
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution|parser.ParseComments)
		if err != nil || ast.IsGenerated(file) {
			return err
		}
		folder := filepath.ToSlash(strings.TrimPrefix(path.Dir(filepath.ToSlash(name)), "../../"))
		lines[folder] += set.Position(file.FileEnd).Line
		for _, d := range file.Decls {
			if f, is := d.(*ast.FuncDecl); is && f.Recv != nil {
				methods[folder+"."+receiver(f.Recv.List[0].Type)]++
			}
		}
		return nil
	})
	check(t, methods, tooManyMethods, maxMethods, "methods")
	check(t, lines, tooLong, maxPackage, "lines without tests")
}

// check compares sizes with their limit. An exception that is not needed goes.
func check(t *testing.T, sizes, exceptions map[string]int, limit int, what string) {
	t.Helper()
	for name, n := range sizes {
		most, excepted := exceptions[name]
		if n > max(limit, most) {
			t.Errorf("%s has %d %s, over %d: split it", name, n, what, max(limit, most))
		}
		if excepted && n <= limit {
			t.Errorf("%s has only %d %s: it is no exception any more", name, n, what)
		}
	}
	for name := range exceptions {
		if sizes[name] == 0 {
			t.Errorf("there is no %s: it is no exception any more", name)
		}
	}
}

// receiver is the name of a method's type.
func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.IndexListExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	default:
		return ""
	}
}
