package house_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestReleaseIsPrepared asks the script of the releases whether the version that the
// tree has can be tagged, and what it says of others.
func TestReleaseIsPrepared(t *testing.T) {
	t.Parallel()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("there is no bash; runs on Linux, where releases are prepared")
	}
	root := filepath.Join("..", "..")
	text, err := os.ReadFile(filepath.Join(root, "FyneApp.toml"))
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`Version = "(.+)"`).FindStringSubmatch(string(text))
	if version == nil {
		t.Fatal("FyneApp.toml has no version")
	}
	release := func(args ...string) (string, error) {
		args = append([]string{filepath.Join(root, "scripts", "release.sh")}, args...)
		out, err := exec.CommandContext(t.Context(), bash, args...).CombinedOutput()
		return string(out), err
	}
	if out, err := release("check", "v"+version[1]); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	notes, err := release("notes", version[1])
	if err != nil || strings.Contains(notes, "\n  ") || strings.HasPrefix(notes, "#") {
		t.Errorf("the notes have lines that go on in the next, or a heading: %v\n%s", err, notes)
	}
	for _, wrong := range [][]string{{"check", "9.9.9"}, {"check", "nightly"}, {"notes", "9.9.9"}, {"sums", t.TempDir()}, {"sums"}} {
		if out, err := release(wrong...); err == nil {
			t.Errorf("%v succeeds: %s", wrong, out)
		}
	}
	dir := t.TempDir()
	for _, name := range []string{"a package.deb", "another.rpm"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // the second time there is a file of sums, which is none of the packages
		if out, err := release("sums", dir); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	sums, err := os.ReadFile(filepath.Join(dir, "SHA256SUMS"))
	if lines := strings.Count(string(sums), "\n"); err != nil || lines != 2 || !strings.Contains(string(sums), "  a package.deb\n") {
		t.Errorf("SHA256SUMS has %d lines, %v:\n%s", lines, err, sums)
	}
}
