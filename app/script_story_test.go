package app

import (
	"bytes"
	"flag"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"foyer/engine/call"
)

// TestMain lets scripts and tests run the program as “foyer”, which is in $PATH.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"foyer": func() { os.Exit(Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
	})
}

var rewrite = flag.Bool("update", false, "let the scripts expect what the program prints")

// TestScripts runs the scripts of testdata/script: the command line as a user types
// it. Beside testscript's own commands they have
//
//	status N foyer ARG...     run Main, with “<FILE” before “foyer” as its stdin; the
//	                          exit status must be N
//	sentence [TEXT]           stderr must be one line, with TEXT in it
//	capture REGEXP            stdout must match; named groups set variables
//	start NAME foyer ARG...   run the program in the background, with an open stdin
//	await NAME REGEXP         wait for a line on its stdout; named groups set variables
//	tell NAME LINE            write a line to its stdin
//	interrupt NAME            send it what Ctrl-C sends
//	finish NAME N             close its stdin; it must end with exit status N
//
// After status and finish, stdout and stderr are those of the program that ended.
// $LINK is a link to a server that does not answer.
func TestScripts(t *testing.T) {
	dir, err := filepath.Abs(filepath.Join("testdata", "script")) // status changes the folder
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:   dir,
		Setup: setUpScript,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status":    scriptStatus,
			"sentence":  scriptSentence,
			"capture":   scriptCapture,
			"start":     scriptStart,
			"await":     scriptAwait,
			"tell":      scriptTell,
			"interrupt": scriptInterrupt,
			"finish":    scriptFinish,
		},
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       *rewrite,
	})
}

// scriptVariables are those that tell the program something, and are each script's
// own.
var scriptVariables = []string{
	"HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", linkVariable, apiKeyVariable, apiSecretVariable, "DISPLAY", "WAYLAND_DISPLAY",
}

// setUpScript gives a script folders, variables and programs of its own.
func setUpScript(e *testscript.Env) error {
	for _, name := range scriptVariables {
		e.Setenv(name, "")
	}
	for name, folder := range map[string]string{"HOME": "home", "XDG_CONFIG_HOME": "config", "XDG_DATA_HOME": "share"} {
		e.Setenv(name, filepath.Join(e.WorkDir, folder))
	}
	taken, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return err
	}
	e.Defer(func() { taken.Close() })
	for name, value := range map[string]string{
		"LINK":        goodLink,
		"TAKEN_PORT":  strconv.Itoa(taken.LocalAddr().(*net.UDPAddr).Port),
		"BELL":        "\a",
		"NEWLINE":     "\n",
		"LONG_NAME":   strings.Repeat("é", call.MaxName/2+1),
		"LONG_ID":     strings.Repeat("i", 64),
		"LONG_TEXT":   strings.Repeat("x", call.MaxText+1),
		"LONG_ROOM":   strings.Repeat("r", 129),
		"GOOD_ROOM":   strings.Repeat("r", 128),
		"APOSTROPHES": strings.Repeat("’", 42),
	} {
		e.Setenv(name, value)
	}
	e.Values[backgroundKey{}] = map[string]*background{}
	return nil
}

// here is held while the program runs in this process: folder and variables are
// everybody's.
var here sync.Mutex

func scriptStatus(ts *testscript.TestScript, neg bool, args []string) {
	var stdin []byte
	if len(args) > 1 && strings.HasPrefix(args[1], "<") {
		stdin = []byte(ts.ReadFile(args[1][1:]))
		args = slices.Delete(args, 1, 2)
	}
	if neg || len(args) < 2 || args[1] != "foyer" {
		ts.Fatalf("usage: status N [<FILE] foyer ARG...")
	}
	here.Lock()
	defer here.Unlock()
	back, err := os.Getwd()
	ts.Check(err)
	ts.Check(os.Chdir(ts.MkAbs(".")))
	defer os.Chdir(back)
	for _, name := range scriptVariables {
		if old, there := os.LookupEnv(name); there {
			defer os.Setenv(name, old)
		} else {
			defer os.Unsetenv(name)
		}
		ts.Check(os.Setenv(name, ts.Getenv(name)))
	}
	wantStatus(ts, Main(args[2:], bytes.NewReader(stdin), ts.Stdout(), ts.Stderr()), args[0])
}

func wantStatus(ts *testscript.TestScript, got int, want string) {
	if strconv.Itoa(got) != want {
		ts.Fatalf("exit status %d, want %s", got, want)
	}
}

func scriptCapture(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: capture REGEXP")
	}
	wanted, err := regexp.Compile(args[0])
	ts.Check(err)
	if !capture(ts, wanted, ts.ReadFile("stdout")) {
		ts.Fatalf("stdout does not match")
	}
}

func scriptSentence(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 1 {
		ts.Fatalf("usage: sentence [TEXT]")
	}
	got := ts.ReadFile("stderr")
	if !strings.HasPrefix(got, "foyer") || strings.Count(got, "\n") != 1 || !strings.HasSuffix(got, "\n") {
		ts.Fatalf("stderr is not one line of the program's")
	}
	if want := strings.Join(args, ""); !strings.Contains(got, want) {
		ts.Fatalf("stderr does not say %q", want)
	}
}
