package licences

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"foyer/assets"
)

// A program of ours is listed with its sum, its parts and their licences, twice the same.
func TestBill(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	file := filepath.Join(t.TempDir(), "sbom")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", file, "./internal/licences/sbom")
	build.Dir = root
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	p := Program{File: file, Version: "1.2.3", Root: root, Time: time.Unix(1, 0), C: map[string]string{"libvpx": "9.8"}}
	bill, err := List(p)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]Component{}
	for _, c := range bill.Components {
		if _, twice := found[c.Ref]; twice {
			t.Errorf("%s is listed twice", c.Ref)
		}
		found[c.Ref] = c
	}
	if c := found["part:libvpx"]; c.Version != "9.8" || len(c.Licences) != 1 {
		t.Errorf("libvpx is %+v", c)
	}
	if c := found["part:RNNoise"]; len(c.Hashes) != 1 {
		t.Errorf("RNNoise is %+v", c)
	}
	if c := found["tests:node_modules/livekit-client"]; c.Scope != "excluded" || len(c.Hashes) != 1 || len(c.Hashes[0].Content) != 128 {
		t.Errorf("livekit-client is %+v", c)
	}
	if c := found["tests:node_modules/@livekit/mutex"]; !strings.HasPrefix(c.URL, "pkg:npm/%40livekit/mutex@") {
		t.Errorf("mutex is %+v", c)
	}
	again, err := List(p)
	if err != nil {
		t.Fatal(err)
	}
	first, err := json.Marshal(bill)
	if err != nil {
		t.Fatal(err)
	}
	if second, err := json.Marshal(again); err != nil || string(first) != string(second) {
		t.Errorf("the second bill differs from the first: %v", err)
	}

	for what, wrong := range map[string]Program{
		"a file that is no program":         {File: "bill.go", Root: root},
		"a version of a library not linked": {File: file, Root: root, C: map[string]string{"libfoo": "1"}},
	} {
		if _, err := List(wrong); err == nil {
			t.Errorf("%s is listed", what)
		}
	}
	stranger := &debug.BuildInfo{GoVersion: "go1.26", Deps: []*debug.Module{{Path: "example.org/stranger", Version: "v1.0.0"}}}
	if _, err := goParts(stranger, assets.Licences{}); err == nil {
		t.Error("a module without a licence is listed")
	}
}
