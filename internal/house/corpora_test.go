package house_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Sizes of a corpus: every run of the tests plays it, with the race detector as well.
const (
	fewestInputs = 2
	mostInputs   = 32
	longestInput = 8 << 10 // bytes of its file, in which each byte may take four
)

// fuzzHead begins each file of a corpus.
var fuzzHead = []byte("go test fuzz v1\n")

// TestFuzzTargetsHaveACorpus finds the inputs of each fuzz target in testdata/fuzz
// beside it, and no inputs whose target has another name by now.
func TestFuzzTargetsHaveACorpus(t *testing.T) {
	t.Parallel()
	targets := map[string]bool{} // folders
	eachGoFile(t, func(name string) error {
		if !strings.HasSuffix(name, "_test.go") {
			return nil
		}
		for _, target := range fuzzTargets(t, name) {
			folder := filepath.Join(filepath.Dir(name), "testdata", "fuzz", target)
			targets[folder] = true
			for _, wrong := range corpusFaults(t, folder) {
				t.Error(wrong)
			}
		}
		return nil
	})
	if len(targets) < 30 {
		t.Errorf("only %d fuzz targets were found", len(targets))
	}
	for _, folder := range corpora(t) {
		if !targets[folder] {
			t.Errorf("%s: no test has this fuzz target", folder)
		}
	}
}

// TestCorpusFaultsAreFound shows that the test is not blind.
func TestCorpusFaultsAreFound(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"good": "go test fuzz v1\nint(1)\n", "raw": "\x01\x02", "long": string(fuzzHead) + strings.Repeat("x", longestInput),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got := corpusFaults(t, dir); len(got) != 2 {
		t.Errorf("of two bad files: %q", got)
	}
	if got := corpusFaults(t, filepath.Join(dir, "none")); len(got) != 1 {
		t.Errorf("of a folder that is not there: %q", got)
	}
}

// fuzzTargets lists the names of a test file's fuzz targets.
func fuzzTargets(t *testing.T, name string) (targets []string) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(text, []byte("\nfunc Fuzz")) {
		return nil
	}
	file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range file.Decls {
		if f, is := d.(*ast.FuncDecl); is && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Fuzz") {
			targets = append(targets, f.Name.Name)
		}
	}
	return targets
}

// corpusFaults says what is wrong with a folder of inputs.
func corpusFaults(t *testing.T, folder string) (faults []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) < fewestInputs {
		return []string{folder + " has no inputs: docs/adding.md says how to make some"}
	}
	if len(entries) > mostInputs {
		faults = append(faults, folder+" has more inputs than a run of the tests should play")
	}
	for _, e := range entries {
		name := filepath.Join(folder, e.Name())
		text, err := os.ReadFile(name)
		switch {
		case err != nil:
			t.Fatal(err)
		case !bytes.HasPrefix(text, fuzzHead):
			faults = append(faults, name+" is not in the format of go test")
		case len(text) > longestInput:
			faults = append(faults, name+" is longer than an input should be")
		}
	}
	return faults
}

// corpora lists the folders of inputs in the repository.
func corpora(t *testing.T) (folders []string) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join("..", ".."), func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "node_modules" || d.Name() == "build" || d.Name() == ".git"):
			return filepath.SkipDir
		case d.IsDir() && strings.HasSuffix(filepath.ToSlash(filepath.Dir(name)), "/testdata/fuzz"):
			folders = append(folders, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return folders
}
