package house_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"testing"
)

// reason is the text of a skip: what is missing, then where the test does run.
var reason = regexp.MustCompile(`^\S+( \S+){2,}; runs (on|as|in) \S+`)

// go test shows no skip unless it is asked to. So every one says here, in its
// source, why it skips and who runs the test after all.
func TestSkipsSayWhereTheTestRuns(t *testing.T) {
	t.Parallel()
	skips := 0
	eachGoFile(t, func(path string) error {
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			c, ok := n.(*ast.CallExpr)
			if !ok || !isSkip(c) {
				return true
			}
			skips++
			text := skipText(c)
			if !reason.MatchString(text) {
				t.Errorf("%s: a test is skipped with %q: write \"what is missing; runs on|as|in where\"", set.Position(c.Pos()), text)
			}
			t.Logf("%s: %s", set.Position(c.Pos()), text)
			return true
		})
		return nil
	})
	if skips == 0 {
		t.Error("no skip was found: is this test blind?")
	}
}

// isSkip reports whether a call is one of testing's, by the names that tests give
// to their T: t, tb, b, f, or a field of that name.
func isSkip(c *ast.CallExpr) bool {
	method, ok := c.Fun.(*ast.SelectorExpr)
	if !ok || !slices.Contains([]string{"Skip", "Skipf", "SkipNow"}, method.Sel.Name) {
		return false
	}
	var on string
	switch x := method.X.(type) {
	case *ast.Ident:
		on = x.Name
	case *ast.SelectorExpr:
		on = x.Sel.Name
	}
	return slices.Contains([]string{"t", "tb", "b", "f"}, on)
}

func skipText(c *ast.CallExpr) string {
	if len(c.Args) == 0 {
		return ""
	}
	literal, ok := c.Args[0].(*ast.BasicLit)
	if !ok {
		return ""
	}
	text, _ := strconv.Unquote(literal.Value)
	return text
}
