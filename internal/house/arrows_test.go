package house_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// pkg is what go list says of a package.
type pkg struct {
	ImportPath   string
	Imports      []string
	Deps         []string
	TestImports  []string
	XTestImports []string
}

const (
	fyne    = "fyne.io/"
	pion    = "github.com/pion/"
	capture = "github.com/pion/mediadevices/pkg/driver/"
	malgo   = "github.com/gen2brain/malgo"
	media   = "github.com/pion/mediadevices"
	sfu     = "github.com/livekit/livekit-server"
)

// mayImport is the project's own imports that a package, or one below it, may
// have: the arrows of docs/architecture.md. The longest matching name counts.
var mayImport = map[string][]string{
	"foyer":                {"foyer/app", "foyer/app/console"},
	"foyer/app":            {"foyer/ui", "foyer/engine", "foyer/assets", "foyer/app/about", "foyer/app/desktop", "foyer/app/install", "foyer/app/instance", "foyer/app/language", "foyer/app/locale", "foyer/app/loglevel", "foyer/app/manual", "foyer/app/memory", "foyer/app/native", "foyer/app/printer", "foyer/app/profiling", "foyer/app/trial", "foyer/app/voice", "foyer/app/atspi", "foyer/app/muted", "foyer/app/webpage", "foyer/app/update", "foyer/app/snapshot", "foyer/app/appleevent", "foyer/app/netreport", "foyer/app/serving", "foyer/app/relaying"},
	"foyer/app/snapshot":   {"foyer/app/printer", "foyer/engine/call"},
	"foyer/app/printer":    {"foyer/engine/call", "foyer/engine/eventqueue", "foyer/ui/words"},
	"foyer/app/trial":      {"foyer/engine", "foyer/engine/call", "foyer/engine/eventqueue", "foyer/engine/private", "foyer/engine/roomserver", "foyer/ui/words"},
	"foyer/app/about":      {"foyer/assets", "foyer/engine/private", "foyer/ui/view"},
	"foyer/app/desktop":    {"foyer/ui/desk", "foyer/assets"},
	"foyer/app/native":     {"foyer/ui/desk"},
	"foyer/app/profiling":  {},
	"foyer/app/install":    {"foyer/app/manual", "foyer/assets"},
	"foyer/app/instance":   {"foyer/engine/call", "foyer/engine/private"},
	"foyer/app/language":   {},
	"foyer/app/locale":     {},
	"foyer/app/loglevel":   {},
	"foyer/app/manual":     {},
	"foyer/app/memory":     {},
	"foyer/assets":         {},
	"foyer/ui":             {"foyer/ui", "foyer/engine", "foyer/engine/call", "foyer/engine/eventqueue", "foyer/assets"},
	"foyer/ui/model":       {"foyer/ui/words", "foyer/ui/model", "foyer/engine", "foyer/engine/call", "foyer/engine/eventqueue"},
	"foyer/ui/words":       {"foyer/engine", "foyer/engine/call", "foyer/engine/doorapi", "foyer/assets"},
	"foyer/app/atspi":      {"foyer/ui/access"},
	"foyer/app/muted":      {"foyer/engine/call"},
	"foyer/app/webpage":    {"foyer/assets", "foyer/engine/call", "foyer/ui/words"},
	"foyer/app/update":     {"foyer/engine/private"},
	"foyer/app/appleevent": {},
	"foyer/app/relaying":   {"foyer/engine/call", "foyer/engine/relay"},
	"foyer/app/serving":    {"foyer/app/argv", "foyer/engine/call", "foyer/engine/host", "foyer/engine/roomserver", "foyer/ui/words"},
	"foyer/app/netreport":  {"foyer/engine/call", "foyer/ui/words"},
	"foyer/app/console":    {},
	"foyer/packaging":      {"foyer/app/install", "foyer/assets"},
	// Its tests let a trace happen again.
	"foyer/engine":            {"foyer/engine/call", "foyer/engine/doorapi", "foyer/engine/eventqueue", "foyer/engine/internal", "foyer/engine/trace"},
	"foyer/engine/call":       {"foyer/engine/internal", "foyer/engine/call/mic", "foyer/engine/call/reach"},
	"foyer/app/voice":         {"foyer/engine/call"},
	"foyer/engine/doorapi":    {"foyer/engine/call"},
	"foyer/engine/doorclient": {"foyer/engine/call", "foyer/engine/doorapi", "foyer/engine/internal"},
	"foyer/engine/netcheck":   {"foyer/engine/call", "foyer/engine/doorapi", "foyer/engine/doorclient"},
	// Its tests run a server in a process, and a guest.
	"foyer/engine/roomserver": {"foyer/engine/call", "foyer/engine/doorclient", "foyer/engine/doorapi", "foyer/engine/host", "foyer/engine/client"},
	"foyer/engine/eventqueue": {"foyer/engine/call"},
	"foyer/engine/internal":   {"foyer/engine/call", "foyer/engine/internal"},
	"foyer/engine/trace":      {"foyer/engine", "foyer/engine/call", "foyer/engine/doorapi", "foyer/engine/internal", "foyer/engine/private"},
	"foyer/engine/enginetest": {"foyer/engine", "foyer/engine/call", "foyer/engine/doorapi"},
	"foyer/engine/devices":    {"foyer/engine/call", "foyer/engine/internal", "foyer/engine/devices"},
	"foyer/engine/media":      {"foyer/engine/call", "foyer/engine/internal", "foyer/engine/media"},
	"foyer/engine/private":    {"foyer/engine/call"},
	"foyer/engine/client":     {"foyer/engine/call", "foyer/engine/doorclient", "foyer/engine/doorapi", "foyer/engine/internal", "foyer/engine/client"},
	// The keeper, a hidden participant, sits in every room through client.
	"foyer/engine/host":  {"foyer/engine/call", "foyer/engine/doorclient", "foyer/engine/doorapi", "foyer/engine/internal", "foyer/engine/host", "foyer/engine/private", "foyer/engine/client", "foyer/engine/relay"},
	"foyer/engine/relay": {"foyer/engine/call", "foyer/engine/private", "foyer/engine/host/limits", "foyer/engine/internal", "foyer/engine/relay"},
	"foyer/internal":     {"foyer/internal"},
	// It writes an asset, and its test reads it.
	"foyer/internal/licences": {"foyer/internal", "foyer/assets"},
	// The attacker signs joins, and knows the words of the door and of the relay.
	"foyer/internal/attack": {"foyer/internal", "foyer/engine/call", "foyer/engine/doorapi", "foyer/engine/relay/relaywire"},
	"foyer/bench":           {"foyer/internal", "foyer/engine", "foyer/engine/call", "foyer/engine/doorapi", "foyer/engine/devices", "foyer/engine/eventqueue", "foyer/engine/media", "foyer/engine/client", "foyer/engine/relay/relaywire", "foyer/ui", "foyer/bench"},
	"foyer/e2e":             {"foyer/internal", "foyer/engine", "foyer/engine/call", "foyer/engine/doorapi", "foyer/engine/devices", "foyer/engine/client", "foyer/ui/words", "foyer/e2e"},
}

// helpers are for tests alone: any test may import them, besides what its package
// may, and nothing that is shipped does.
var helpers = []string{"foyer/internal", "foyer/engine/enginetest", "foyer/engine/client/roster/rostertest", "foyer/engine/client/data/datatest", "foyer/engine/host/hosttest", "foyer/ui/uitest"}

// exact lists the packages that the names in mayImport mean alone, without what
// lies below: the engine itself is not a licence for its parts.
var exact = []string{"foyer/engine", "foyer/app", "foyer"}

// neverReaches is what a package must not come to, however far away.
var neverReaches = []struct {
	who   func(path string) bool
	what  []string
	cause string
}{
	{is("foyer/engine", "foyer/engine/call", "foyer/engine/doorapi", "foyer/engine/enginetest", "foyer/engine/eventqueue"), []string{fyne, pion, sfu, malgo},
		"the core is pure Go and is tested in a second"},
	{below("foyer/engine"), []string{fyne}, "the engine knows no window"},
	{below("foyer/ui/model"), []string{fyne}, "the window's state is tested without a window"},
	{except(below("foyer"), "foyer", "foyer/app", "foyer/engine/devices/hw"), []string{capture + "camera", capture + "microphone", capture + "screen"},
		"drivers list the hardware when they are loaded, and can panic"},
	{below("foyer/ui"), []string{pion, sfu, media}, "the window knows values and events alone"},
}

func is(paths ...string) func(string) bool {
	return func(p string) bool { return slices.Contains(paths, p) }
}

func below(root string) func(string) bool {
	return func(p string) bool { return p == root || strings.HasPrefix(p, root+"/") }
}

func except(all func(string) bool, paths ...string) func(string) bool {
	return func(p string) bool { return all(p) && !slices.Contains(paths, p) }
}

func list(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports,Deps,TestImports,XTestImports", "foyer/...")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var all []pkg
	for dec := json.NewDecoder(out); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("go list: %v", err)
	}
	if len(all) < 5 {
		t.Fatalf("go list found %d packages", len(all))
	}
	return all
}

func TestArrows(t *testing.T) {
	t.Parallel()
	for _, p := range list(t) {
		allowed := allowedFor(p.ImportPath)
		if allowed == nil {
			t.Errorf("%s has no place in the house: give it one in docs/architecture.md and here", p.ImportPath)
			continue
		}
		for _, imported := range p.Imports {
			if below("foyer")(imported) && !may(allowed, imported) && p.ImportPath != "foyer/app" {
				t.Errorf("%s imports %s, which its place in the house does not allow", p.ImportPath, imported)
			}
			if may(helpers, imported) && !may(append([]string{"foyer/e2e", "foyer/bench"}, helpers...), p.ImportPath) {
				t.Errorf("%s imports %s, which is for tests alone", p.ImportPath, imported)
			}
		}
		for _, imported := range slices.Concat(p.TestImports, p.XTestImports) {
			if below("foyer")(imported) && imported != p.ImportPath && !may(allowed, imported) && !may(helpers, imported) && p.ImportPath != "foyer/app" {
				t.Errorf("a test of %s imports %s, which its place in the house does not allow", p.ImportPath, imported)
			}
		}
		for _, rule := range neverReaches {
			if !rule.who(p.ImportPath) {
				continue
			}
			for _, dep := range slices.Concat(p.Deps, p.TestImports, p.XTestImports) {
				if hit := slices.IndexFunc(rule.what, func(w string) bool { return strings.HasPrefix(dep, w) }); hit >= 0 {
					t.Errorf("%s reaches %s: %s", p.ImportPath, dep, rule.cause)
					break
				}
			}
		}
	}
}

// Only app may import the window, and bench, which measures it; only main may import app.
func TestTopOfTheHouse(t *testing.T) {
	t.Parallel()
	for _, p := range list(t) {
		for _, imported := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			switch {
			case imported == p.ImportPath: // from a test
			case imported == "foyer/app" && p.ImportPath != "foyer":
				t.Errorf("%s imports app: only main does", p.ImportPath)
			case imported == "foyer/ui" && p.ImportPath != "foyer/app" && !below("foyer/ui")(p.ImportPath) &&
				!below("foyer/bench")(p.ImportPath):
				t.Errorf("%s imports ui: only app does", p.ImportPath)
			}
		}
	}
}

// In the program, only `foyer serve` runs a room server: the commands that join, invite or
// administer reach it through its door.
func TestServeAloneHasTheServer(t *testing.T) {
	t.Parallel()
	mayRun := is("foyer", "foyer/app", "foyer/app/serving", "foyer/engine/host", "foyer/engine/host/sfu")
	for _, p := range list(t) {
		reaches := slices.ContainsFunc(p.Deps, func(dep string) bool { return strings.HasPrefix(dep, sfu) })
		if reaches && !mayRun(p.ImportPath) {
			t.Errorf("%s reaches the media server, which runs in foyer serve alone", p.ImportPath)
		}
	}
	const serve, host = "../../app/serve.go", `"foyer/engine/host`
	files, err := filepath.Glob("../../app/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		imports := bytes.Contains(text, []byte(host))
		if name == serve && !imports {
			t.Error("app/serve.go does not run the server")
		}
		if name != serve && imports && !strings.HasSuffix(name, "_test.go") {
			t.Errorf("%s imports the room server: only app/serve.go does", name)
		}
	}
}

func allowedFor(path string) []string {
	for name := path; ; {
		if allowed, ok := mayImport[name]; ok {
			return allowed
		}
		cut := strings.LastIndexByte(name, '/')
		if cut < 0 {
			return nil
		}
		name = name[:cut]
		if name == "foyer" {
			return nil // a new top-level folder
		}
	}
}

func may(allowed []string, imported string) bool {
	return slices.ContainsFunc(allowed, func(a string) bool {
		return imported == a || !slices.Contains(exact, a) && strings.HasPrefix(imported, a+"/")
	})
}
