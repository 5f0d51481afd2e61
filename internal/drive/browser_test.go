//go:build unix

package drive

import (
	"os"
	"path/filepath"
	"testing"
)

func TestFindChromium(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	t.Setenv(chromiumVariable, "")
	if path, err := findChromium(); err == nil {
		t.Fatalf("found %s where there is none", path)
	}
	install := func(name string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, nil, 0o700); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, name := range []string{"google-chrome", "chromium-browser", "chromium"} { // the later is liked more
		want := install(name)
		if path, err := findChromium(); err != nil || path != want {
			t.Errorf("findChromium() = %s, %v; want %s", path, err, want)
		}
	}
	mine := install("my-browser")
	t.Setenv(chromiumVariable, mine)
	if path, err := findChromium(); err != nil || path != mine {
		t.Errorf("findChromium() = %s, %v; want %s", path, err, mine)
	}
	t.Setenv(chromiumVariable, filepath.Join(dir, "gone"))
	if path, err := findChromium(); err == nil {
		t.Errorf("found %s, which is not there", path)
	}
}
