package house_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// onTheWire matches the names of constants whose values clients read or send.
var onTheWire = regexp.MustCompile(`^(?:Topic|Method|Attribute|Notice)[A-Z]`)

// TestProtocolIsDescribed looks in docs/protocol.md for every topic, method,
// attribute and kind of notice of package doorapi.
func TestProtocolIsDescribed(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	text, err := os.ReadFile(filepath.Join(root, "docs", "protocol.md"))
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(root, "engine", "doorapi", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for constant, value := range stringConstants(file) {
			if !onTheWire.MatchString(constant) {
				continue
			}
			found++
			if !strings.Contains(string(text), "`"+value+"`") {
				t.Errorf("docs/protocol.md does not describe `%s` (%s)", value, constant)
			}
		}
	}
	if found < 12 {
		t.Errorf("only %d constants found", found)
	}
}

// TestEventsAreDescribed looks in docs/contract.md for the name of every event that
// foyer join prints.
func TestEventsAreDescribed(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	text, err := os.ReadFile(filepath.Join(root, "docs", "contract.md"))
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(root, "app", "printer", "describe.go")
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	ast.Inspect(file, func(n ast.Node) bool {
		r, ok := n.(*ast.ReturnStmt)
		if !ok || len(r.Results) != 2 {
			return true
		}
		if literal, ok := r.Results[0].(*ast.BasicLit); ok && literal.Value != `""` {
			found++
			if event := strings.Trim(literal.Value, `"`); !strings.Contains(string(text), "`"+event+"`") {
				t.Errorf("docs/contract.md does not list the event %s", event)
			}
		}
		return true
	})
	if found < 20 {
		t.Errorf("only %d events found", found)
	}
}

// stringConstants maps the names of a file's constants to their texts.
func stringConstants(file *ast.File) map[string]string {
	constants := map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Names) != len(spec.Values) {
			return true
		}
		for i, value := range spec.Values {
			if literal, ok := value.(*ast.BasicLit); ok && literal.Kind == token.STRING {
				if text, err := strconv.Unquote(literal.Value); err == nil {
					constants[spec.Names[i].Name] = text
				}
			}
		}
		return true
	})
	return constants
}
