package house_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var link = regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`)

// TestLinks follows every relative link of every document.
func TestLinks(t *testing.T) {
	t.Parallel()
	followAll(t, link, 10, func(document, target string) string { return filepath.Join(filepath.Dir(document), target) })
}

var namedPath = regexp.MustCompile("`((?:app|assets|bench|docs|e2e|engine|internal|scripts|ui)/[A-Za-z0-9_./-]+)`")

// TestPathsInDocuments looks for each file that a document names.
func TestPathsInDocuments(t *testing.T) {
	t.Parallel()
	followAll(t, namedPath, 30, func(_, target string) string { return target })
}

// shortPath is a folder or file of a part of the engine, as docs name it there.
var shortPath = regexp.MustCompile("`((?:client|devices|host|media)/[A-Za-z0-9_./-]+)`")

// TestShortPathsInDocuments looks for those below engine.
func TestShortPathsInDocuments(t *testing.T) {
	t.Parallel()
	followAll(t, shortPath, 20, func(_, target string) string { return filepath.Join("engine", target) })
}

// followAll looks for the file of each match of every document, of which there are
// at least so many. path says where a document's target is, from the root.
func followAll(t *testing.T, match *regexp.Regexp, least int, path func(document, target string) string) {
	t.Helper()
	root := filepath.Join("..", "..")
	out, err := exec.CommandContext(t.Context(), "git", "-C", root, "ls-files", "*.md").Output()
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for name := range strings.FieldsSeq(string(out)) {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range match.FindAllStringSubmatch(string(text), -1) {
			found++
			if _, err := os.Stat(filepath.Join(root, path(name, m[1]))); err != nil {
				t.Errorf("%s names %s: %v", name, m[1], err)
			}
		}
	}
	if found < least {
		t.Errorf("only %d files are named", found)
	}
}
