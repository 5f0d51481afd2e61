package house_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// private matches references that a reader of the repository cannot follow:
// one-letter names of other repositories, and files that stand outside.
var private = regexp.MustCompile(`\((?:P|S) [a-z][a-z/]*[.:" ]|\b(?:signalling|media|devices|house|network|look|packaging|field|bugs|ime)\.md\b`)

// TestReferences reports references that lead nowhere. A foreign file is named
// by its module and path.
func TestReferences(t *testing.T) {
	root := filepath.Join("..", "..")
	out, err := exec.CommandContext(t.Context(), "git", "-C", root, "ls-files", "*.go", "*.md", "*.sh", "Makefile").Output()
	if err != nil {
		t.Fatal(err)
	}
	for name := range strings.FieldsSeq(string(out)) {
		if strings.HasSuffix(name, "references_test.go") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(root, name))
		if os.IsNotExist(err) {
			continue // removed, and not committed yet
		}
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(text), "\n") {
			if !strings.Contains(line, ".md") && !strings.Contains(line, "(P ") && !strings.Contains(line, "(S ") {
				continue // the expression takes a hundred times as long
			}
			if m := private.FindString(line); m != "" {
				t.Errorf("%s:%d: %q leads nowhere", name, i+1, m)
			}
		}
	}
}
