package house_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// Sizes that keep a file and a function readable at one sitting.
const (
	maxFile = 500
	maxFunc = 60
)

func TestFilesAndFunctionsStaySmall(t *testing.T) {
	t.Parallel()
	eachGoFile(t, func(path string) error {
		if strings.HasSuffix(path, "_test.go") {
			return nil
		}
		return measure(t, path)
	})
}

// eachGoFile visits every Go file of the project's own.
func eachGoFile(t *testing.T, visit func(path string) error) {
	t.Helper()
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "node_modules" || d.Name() == "build" || strings.HasPrefix(d.Name(), ".") && path != root):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go"):
			return nil
		}
		return visit(path)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func measure(t *testing.T, path string) error {
	t.Helper()
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution|parser.ParseComments)
	if err != nil {
		return err
	}
	if ast.IsGenerated(file) {
		return nil
	}
	line := func(p token.Pos) int { return set.Position(p).Line }
	if n := line(file.FileEnd); n > maxFile {
		t.Errorf("%s has %d lines, over %d", path, n, maxFile)
	}
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Body != nil {
			if n := line(f.Body.Rbrace) - line(f.Pos()) - typeSwitches(f.Body, line); n > maxFunc {
				t.Errorf("%s: %s has %d lines, over %d", path, f.Name.Name, n, maxFunc)
			}
		}
	}
	return nil
}

// typeSwitches counts the lines of a function's type switches. A switch with a case
// for each event is read like a table, and one that is cut in two to be short can no
// longer be checked for completeness.
func typeSwitches(body *ast.BlockStmt, line func(token.Pos) int) (lines int) {
	ast.Inspect(body, func(n ast.Node) bool {
		s, ok := n.(*ast.TypeSwitchStmt)
		if ok {
			lines += line(s.End()) - line(s.Pos())
		}
		return !ok
	})
	return lines
}
