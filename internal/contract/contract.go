// Package contract ties the rows of the room's contract to the tests that show
// them: a test that shows row K8 has K8 in its name, as in TestK8_Ban or
// TestK8_J7_Banned. Command status writes the table. Nothing here is shared
// between goroutines.
package contract

import (
	"bufio"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Test is a test function.
type Test struct {
	Package string // import path
	Name    string
	Where   string // file, from the root
}

// Result of a test.
type Result string

// Results, the worst first.
const (
	Fail   Result = "fail"
	NotRun Result = "not run"
	Skip   Result = "skip"
	Pass   Result = "pass"
)

// numbers reads the rows at the beginning of a test's name: one or more, each
// before an underscore or the end.
var numbers = regexp.MustCompile(`^(?:Test|Fuzz|Benchmark)((?:[NJLKO][0-9]{1,2}(?:_|$))+)`)

// Numbers are the rows that a test's name carries.
func Numbers(name string) []string {
	m := numbers.FindStringSubmatch(name)
	if m == nil {
		return nil
	}
	return strings.Split(strings.Trim(m[1], "_"), "_")
}

// hasNoTests reports whether a folder has none of ours.
func hasNoTests(folder string) bool {
	return strings.HasPrefix(folder, ".") ||
		slices.Contains([]string{"node_modules", "testdata", "build", "artifacts"}, folder)
}

// isTest reports whether a function of that name is a test or a fuzz target.
func isTest(name string) bool {
	return name != "TestMain" && (strings.HasPrefix(name, "Test") || strings.HasPrefix(name, "Fuzz"))
}

// Find lists the tests and fuzz targets of the module at root, whatever system
// they are for.
func Find(root, module string) ([]Test, error) {
	var tests []Test
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != root && hasNoTests(d.Name()):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, "_test.go"):
			return nil
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		found, err := names(name)
		for _, f := range found {
			tests = append(tests, Test{Package: path.Join(module, path.Dir(rel)), Name: f, Where: rel})
		}
		return err
	})
	return tests, err
}

// names of the tests in a file.
func names(file string) ([]string, error) {
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if ok && fn.Recv == nil && isTest(fn.Name.Name) {
			all = append(all, fn.Name.Name)
		}
	}
	return all, nil
}

// Of lists the tests that show a row.
func (r Row) Of(tests []Test) []Test {
	var mine []Test
	for _, t := range tests {
		if slices.Contains(Numbers(t.Name), r.ID) || slices.Contains(r.Tests, t.Name) {
			mine = append(mine, t)
		}
	}
	return mine
}

// Results are of tests by package and name.
type Results map[Test]Result

// maxLine bounds one line of test output, in bytes.
const maxLine = 8 << 20

// Of is the result of a test.
func (r Results) Of(t Test) Result {
	if result, ok := r[Test{Package: t.Package, Name: t.Name}]; ok {
		return result
	}
	return NotRun
}

// Read adds what `go test -json` has printed. Later results replace earlier
// ones.
func (r Results) Read(in io.Reader) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		if !strings.HasPrefix(lines.Text(), "{") {
			continue // of the build, or a program's own
		}
		var e struct{ Action, Package, Test string }
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return fmt.Errorf("test output: %w", err)
		}
		if result := Result(e.Action); e.Test != "" && (result == Pass || result == Fail || result == Skip) {
			r[Test{Package: e.Package, Name: e.Test}] = result
		}
	}
	return lines.Err()
}

// Table is the contract as a table of Markdown. A row's result is the worst of its
// tests; skipped ones count only where none has passed.
func Table(rows []Row, tests []Test, results Results) string {
	var b strings.Builder
	b.WriteString("| Row | Promise | Tests | Result |\n|---|---|---|---|\n")
	for _, row := range rows {
		mine := row.Of(tests)
		cells := make([]string, 0, len(mine))
		worst, ran := Skip, false
		for _, t := range mine {
			result := results.Of(t)
			cell := fmt.Sprintf("[%s](../%s)", t.Name, t.Where)
			if result != Pass {
				cell += " (" + string(result) + ")"
			}
			cells = append(cells, cell)
			ran = ran || result == Pass
			if rank(result) < rank(worst) {
				worst = result
			}
		}
		if worst == Skip && ran { // what was skipped runs elsewhere, as its own text says
			worst = Pass
		}
		outcome := string(worst)
		if len(mine) == 0 {
			outcome = row.Reason
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", row.ID, row.Statement, strings.Join(cells, "<br>"), outcome)
	}
	return b.String()
}

func rank(r Result) int { return slices.Index([]Result{Fail, NotRun, Skip, Pass}, r) }
