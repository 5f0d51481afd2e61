package house_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

var (
	dependencyRow = regexp.MustCompile("(?m)^\\| `([^`]+)`[^|]*\\| *([^|]*?) *\\| *([^|]*?) *\\|$")
	requirement   = regexp.MustCompile(`(?m)^(?:\t|require )([^\s()]+) v[^\s]+$`) // without // indirect
	licence       = regexp.MustCompile(`\b(?:Apache-2\.0|BSD-[23]-Clause|MIT|MPL-2\.0|Unlicense)\b`)
)

// TestDependencies compares docs/dependencies.md with go.mod and with the
// browser's package.json.
func TestDependencies(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	read := func(elem ...string) string {
		text, err := os.ReadFile(filepath.Join(append([]string{root}, elem...)...))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	required := map[string]bool{}
	for _, m := range requirement.FindAllStringSubmatch(read("go.mod"), -1) {
		required[m[1]] = true
	}
	if len(required) < 20 {
		t.Errorf("only %d requirements found in go.mod", len(required))
	}
	var browser struct{ Dependencies, DevDependencies map[string]string }
	if err := json.Unmarshal([]byte(read("e2e", "browser", "package.json")), &browser); err != nil {
		t.Fatal(err)
	}
	for name := range browser.Dependencies {
		required[name] = true
	}
	for name := range browser.DevDependencies {
		required[name] = true
	}
	for _, m := range dependencyRow.FindAllStringSubmatch(read("docs", "dependencies.md"), -1) {
		name, why, terms := m[1], m[2], m[3]
		if !required[name] {
			t.Errorf("docs/dependencies.md has %s twice, or nothing requires it", name)
		}
		delete(required, name)
		if why == "" || !licence.MatchString(terms) {
			t.Errorf("%s: what for is %q, the licence %q", name, why, terms)
		}
	}
	for name := range required {
		t.Errorf("docs/dependencies.md lacks %s", name)
	}
}
