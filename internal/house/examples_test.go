package house_test

import (
	"bytes"
	"go/doc"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// withoutExample has packages that nobody can try without what they are about.
var withoutExample = map[string]string{
	"foyer/engine/devices/hw":    "it opens hardware",
	"foyer/engine/host/acmecert": "it asks an authority on the internet",
	"foyer/engine/relay":         "it needs a room server on another computer",
}

// TestPackagesHaveExamples finds an Example for each package of the engine that the
// window or the command line uses. go test runs an Example only if it says what it
// prints.
func TestPackagesHaveExamples(t *testing.T) {
	t.Parallel()
	examples := map[string]int{} // by folder
	eachGoFile(t, func(name string) error {
		if !strings.HasSuffix(name, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil || !bytes.Contains(text, []byte("\nfunc Example")) {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ParseComments)
		if err != nil {
			return err
		}
		for _, e := range doc.Examples(file) {
			if e.Output == "" && !e.EmptyOutput {
				t.Errorf("%s: Example%s says nothing of its output, so it is not run", name, e.Name)
			}
			folder, err := filepath.Rel(filepath.Join("..", ".."), filepath.Dir(name))
			if err != nil {
				return err
			}
			examples["foyer/"+filepath.ToSlash(folder)]++
		}
		return nil
	})
	used := map[string]bool{}
	for _, p := range list(t) {
		if !below("foyer/app")(p.ImportPath) && !below("foyer/ui")(p.ImportPath) {
			continue
		}
		for _, path := range p.Imports {
			used[path] = used[path] || below("foyer/engine")(path)
		}
	}
	found := 0
	for path, isEngine := range used {
		switch _, excepted := withoutExample[path]; {
		case !isEngine:
		case excepted == (examples[path] > 0):
			t.Errorf("%s: %d Examples; excepted: %v", path, examples[path], excepted)
		default:
			found++
		}
	}
	if found < 15 {
		t.Errorf("only %d packages are used", found)
	}
}
