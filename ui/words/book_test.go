package words

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Keys that are put together from a prefix and a value.
var families = regexp.MustCompile(`^(action|device|duration|error|failed|farewell\.people|gone|left|weekday|people\.(make|remove|ban)|role|room\.network|bar)[._]`)

// Every key that the window says is in the catalogue, and nothing else is.
func TestCatalogueAndCodeAgree(t *testing.T) {
	literals := map[string]bool{}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			collect(t, path, n, literals)
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for key := range English().texts {
		if !literals[key] && !families.MatchString(key) {
			t.Errorf("nobody says %q", key)
		}
	}
}

// collect notes every string, and checks those that are given to T whole.
func collect(t *testing.T, path string, n ast.Node, literals map[string]bool) {
	t.Helper()
	switch v := n.(type) {
	case *ast.BasicLit:
		if s, err := strconv.Unquote(v.Value); err == nil {
			literals[s] = true
		}
	case *ast.CallExpr:
		f, ok := v.Fun.(*ast.SelectorExpr)
		if !ok || f.Sel.Name != "T" || len(v.Args) == 0 {
			return
		}
		if lit, ok := v.Args[0].(*ast.BasicLit); ok {
			if key, err := strconv.Unquote(lit.Value); err == nil && !English().Has(key) {
				t.Errorf("%s says %q, which is not in the catalogue", path, key)
			}
		}
	}
}

// A sentence has balanced placeholders and no blank at its ends.
func TestCatalogueIsClean(t *testing.T) {
	for key, text := range English().texts {
		if text == "" || strings.TrimSpace(text) != text || strings.Count(text, "{") != strings.Count(text, "}") {
			t.Errorf("%s: %q", key, text)
		}
	}
}
