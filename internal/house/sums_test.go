package house_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// sumMark stands above an interface that has one unexported method, so that only
// types of its own package implement it: a sum type.
const sumMark = "//sumtype:decl"

// sum is such a type, and what it may be.
type sum struct {
	name     string // such as call.Event
	method   string
	variants map[string]bool
}

// A switch over a sum type that has no default names every variant: a new event
// must be thought of wherever events are told apart, and nowhere falls through in
// silence. (gochecksumtype, as a linter, sees one package at a time and so misses
// the switches outside the package of the type.)
func TestSwitchesOverSumTypesAreComplete(t *testing.T) {
	t.Parallel()
	set := token.NewFileSet()
	files := map[string]*ast.File{}
	eachGoFile(t, func(path string) error {
		file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution|parser.ParseComments)
		files[path] = file
		return err
	})
	sums := sumTypes(files)
	if len(sums) < 3 {
		t.Fatalf("%d sum types found", len(sums))
	}
	for path, file := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue // a test watches for what it is about
		}
		for _, wrong := range incomplete(sums, path, file, set) {
			t.Error(wrong)
		}
	}
}

// The check itself can fail.
func TestAnIncompleteSwitchIsFound(t *testing.T) {
	t.Parallel()
	const source = `package call
//sumtype:decl
type Event interface{ event() }
type A struct{}
type B struct{}
func (A) event() {}
func (B) event() {}
func f(e Event) {
	switch e.(type) {
	case A:
	}
	switch e.(type) {
	case A, B:
	}
	switch e.(type) {
	case A:
	default:
	}
}`
	set := token.NewFileSet()
	path := filepath.Join(t.TempDir(), "call", "x.go")
	file, err := parser.ParseFile(set, path, source, parser.SkipObjectResolution|parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	wrong := incomplete(sumTypes(map[string]*ast.File{path: file}), path, file, set)
	if len(wrong) != 1 || !strings.Contains(wrong[0], "x.go:9") || !strings.HasSuffix(wrong[0], "call.B") {
		t.Errorf("found %q", wrong)
	}
}

// sumTypes finds the marked interfaces and their variants.
func sumTypes(files map[string]*ast.File) []sum {
	var sums []sum
	for _, file := range files {
		for _, d := range file.Decls {
			decl, ok := d.(*ast.GenDecl)
			if !ok || decl.Doc == nil || !slices.ContainsFunc(decl.Doc.List, func(c *ast.Comment) bool { return c.Text == sumMark }) {
				continue
			}
			spec := decl.Specs[0].(*ast.TypeSpec)
			for _, m := range spec.Type.(*ast.InterfaceType).Methods.List {
				if len(m.Names) == 1 && !m.Names[0].IsExported() {
					sums = append(sums, sum{file.Name.Name + "." + spec.Name.Name, m.Names[0].Name, map[string]bool{}})
				}
			}
		}
	}
	for _, file := range files {
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Recv == nil || f.Type.Params.NumFields() > 0 {
				continue
			}
			for _, s := range sums {
				if f.Name.Name == s.method && strings.HasPrefix(s.name, file.Name.Name+".") {
					s.variants[typeName(file, f.Recv.List[0].Type)] = true
				}
			}
		}
	}
	return sums
}

// typeName is a type's name with its package's, whatever file it stands in.
func typeName(file *ast.File, e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return typeName(file, e.X)
	case *ast.SelectorExpr:
		return fmt.Sprint(e.X) + "." + e.Sel.Name
	case *ast.Ident:
		if e.Name == "nil" {
			return e.Name
		}
		return strings.TrimSuffix(file.Name.Name, "_test") + "." + e.Name
	default:
		return ""
	}
}

// incomplete lists the switches of a file that miss a variant. Some types are
// variants of two sums: a switch is complete if it is for one of them.
func incomplete(sums []sum, path string, file *ast.File, set *token.FileSet) (wrong []string) {
	ast.Inspect(file, func(n ast.Node) bool {
		s, ok := n.(*ast.TypeSwitchStmt)
		if !ok {
			return true
		}
		var named []string
		for _, c := range s.Body.List {
			clause := c.(*ast.CaseClause)
			if clause.List == nil {
				return true // a default
			}
			for _, e := range clause.List {
				named = append(named, typeName(file, e))
			}
		}
		shortest, found := []string(nil), false
		for _, sum := range sums {
			other := slices.ContainsFunc(named, func(n string) bool { return !sum.variants[n] && n != "nil" })
			if len(named) == 0 || other {
				continue // a switch over something else
			}
			missing := missingOf(sum, named)
			if !found || len(missing) < len(shortest) {
				shortest, found = missing, true
			}
		}
		if len(shortest) > 0 {
			at := set.Position(s.Pos())
			wrong = append(wrong, fmt.Sprintf("%s:%d: neither a default nor a case for %s",
				filepath.ToSlash(strings.TrimPrefix(path, ".."+string(os.PathSeparator))), at.Line, strings.Join(shortest, ", ")))
		}
		return true
	})
	return wrong
}

func missingOf(s sum, named []string) (missing []string) {
	for v := range s.variants {
		if !slices.Contains(named, v) {
			missing = append(missing, v)
		}
	}
	slices.Sort(missing)
	return missing
}
