package house_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// helperFile has what several test files of a package share.
var helperFile = regexp.MustCompile(`^(?:harness|golden|fakes?|main|bench|race|norace|example)(?:_\w+)?_test\.go$`)

// system is a part of a file name that names an operating system, or the tests
// of scripts/vm-run.sh.
var system = regexp.MustCompile(`_(?:linux|darwin|windows|unix|other|vm)$`)

// whole matches folders whose tests are stories of the whole program, or rules
// about it.
var whole = regexp.MustCompile(`/(?:e2e|internal/(?:attack|contract|house))$`)

// TestTestFilesAreFound finds the tests of x.go in x_test.go. Tests of a whole
// package are in a file with its name, stories over several files in
// x_story_test.go.
func TestTestFilesAreFound(t *testing.T) {
	t.Parallel()
	seen := 0
	eachGoFile(t, func(path string) error {
		name := filepath.Base(path)
		stem, isTest := strings.CutSuffix(name, "_test.go")
		if !isTest {
			return nil
		}
		seen++
		dir := filepath.Dir(path)
		if whole.MatchString(filepath.ToSlash(dir)) {
			return nil
		}
		plain := system.ReplaceAllString(stem, "")
		switch {
		case helperFile.MatchString(name), strings.HasSuffix(stem, "_story"), plain == filepath.Base(dir):
		case exists(filepath.Join(dir, stem+".go")), exists(filepath.Join(dir, plain+".go")):
		default:
			t.Errorf("%s: there is no %s.go; name it after what it tests, or %s_story_test.go", path, plain, stem)
		}
		return nil
	})
	if seen < 40 {
		t.Errorf("only %d test files were seen", seen)
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
