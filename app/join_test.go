package app

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// run runs the program with nothing on stdin.
func run(args ...string) (status int, out, errs string) {
	var stdout, stderr bytes.Buffer
	status = Main(args, strings.NewReader(""), &stdout, &stderr)
	return status, stdout.String(), stderr.String()
}

const goodLink = "ws://127.0.0.1:1/?token=e30.eyJzdWIiOiJhZGEiLCJuYW1lIjoiQWRhIiwidmlkZW8iOnsicm9vbSI6InIifX0.c2ln"

func TestWrongCommandLinesSayWhatIsWrong(t *testing.T) {
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	for _, c := range []struct {
		name string
		args []string
		want string // on stderr; a leading ! says that scripts are told on stdout as well
	}{
		{"unknown command", []string{"frobnicate"}, "unknown command"},
		{"join without link", []string{"join", "--name", "Ada"}, "one link"},
		{"join with two links", []string{"join", goodLink, goodLink, "--name", "Ada"}, "one link"},
		{"unreadable link", []string{"join", "http://example.org", "--name", "Ada"}, "!not an invite link"},
		{"cut link", []string{"join", "foyer://127.0.0.1:1/r?v=1&s=x", "--name", "Ada"}, "!too short"},
		{"insecure link", []string{"join", strings.Replace(goodLink, "127.0.0.1", "192.0.2.1", 1), "--name", "Ada"}, "!unencrypted"},
		{"name too long", []string{"join", goodLink, "--name", strings.Repeat("é", 128)}, "!256 of at most 255"},
		{"name with a control character", []string{"join", goodLink, "--name", "A\x07da"}, "!position 2"},
		{"unknown flag", []string{"join", goodLink, "--frob"}, "frob"},
		{"bad log level", []string{"join", goodLink, "--log-level", "loud"}, "log-level"},
		{"serve with an argument", []string{"serve", "now"}, "now"},
		{"serve on nonsense", []string{"serve", "--listen", "nowhere", "--data", t.TempDir()}, "ADDRESS:PORT"},
		{"serve with half a cluster", []string{"serve", "--livekit", "ws://127.0.0.1:1", "--data", t.TempDir()}, "key"},
		{"invite without server", []string{"invite", "--room", "r"}, "--server"},
		{"invite without room", []string{"invite", "--server", "https://127.0.0.1:1", "--admin-key-file", "x"}, "room"},
		{"invite to a forbidden room", []string{"invite", "--room", "a b"}, "position 2"},
		{"invite for a fraction", []string{"invite", "--room", "r", "--for", "10ms"}, "whole seconds"},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, out, errs := run(c.args...)
			if status != exitUsage {
				t.Errorf("exit status %d, want %d", status, exitUsage)
			}
			want, told := strings.CutPrefix(c.want, "!")
			if !strings.Contains(errs, want) {
				t.Errorf("stderr %q does not say %q", errs, want)
			}
			if said := lines(t, []byte(out), "command_failed"); told != (len(said) == 1) {
				t.Errorf("stdout %q, want an event: %v", out, told)
			}
		})
	}
}

func TestN4_ThreeEmptyNamesAreThreeErrors(t *testing.T) { // contract N4
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	anonymous := strings.Replace(goodLink, "eyJzdWIiOiJhZGEiLCJuYW1lIjoiQWRhIiwidmlkZW8iOnsicm9vbSI6InIifX0", "eyJzdWIiOiJhZGEiLCJ2aWRlbyI6eyJyb29tIjoiciJ9fQ", 1)
	_, _, name := run("join", anonymous)
	_, _, room := run("invite", "--room", "")
	seen := map[string]bool{name: true, room: true}
	if len(seen) != 2 || !strings.Contains(name, "name") || !strings.Contains(room, "room") {
		t.Errorf("errors are not told apart: %q, %q", name, room)
	}
}

func TestSecretsStayOutOfErrors(t *testing.T) {
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	const secret = "do-not-show-me"
	_, out, errs := run("join", "foyer://127.0.0.1:1/r%zz?v=1&s="+secret+"&c=00000000", "--name", "Ada")
	if strings.Contains(out+errs, secret) {
		t.Errorf("the link's secret is shown: %q", out+errs)
	}
}

func TestVersionAndHelp(t *testing.T) {
	for _, args := range [][]string{{"version"}, {"help"}, {"--help"}} {
		if status, out, _ := run(args...); status != exitOK || !strings.Contains(strings.ToLower(out), "foyer") {
			t.Errorf("%v: status %d, output %q", args, status, out)
		}
	}
}

func TestUnreachableServerEndsWithLeft(t *testing.T) {
	in, feed := io.Pipe() // stays open: the program ends by itself
	defer feed.Close()
	var stdout, stderr bytes.Buffer
	status := Main([]string{"join", goodLink, "--profile", t.TempDir()}, in, &stdout, &stderr)
	if status != exitOtherReason {
		t.Errorf("exit status %d, want %d", status, exitOtherReason)
	}
	left := lines(t, stdout.Bytes(), "left")
	if len(left) != 1 || left[0]["reason"] != "join_failed" || left[0]["message"] == "" || left[0]["code"] != nil {
		t.Errorf("left events %v", left)
	}
}

// lines are the events of that name.
func lines(t *testing.T, out []byte, event string) []map[string]any {
	t.Helper()
	var found []map[string]any
	for line := range bytes.Lines(out) {
		var e map[string]any
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
		if e["ts"] == nil {
			t.Errorf("no ts in %s", line)
		}
		if e["event"] == event {
			found = append(found, e)
		}
	}
	return found
}

// asProgram makes the test binary the program itself.
const asProgram = "FOYER_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

func TestAReaderThatDiesDoesNotKillTheProgram(t *testing.T) {
	cmd := exec.Command(os.Args[0], "join", goodLink, "--profile", t.TempDir())
	cmd.Env = append(os.Environ(), asProgram+"=1")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdin, err := cmd.StdinPipe() // stays open
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	_ = stdout.Close()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// It quits, or its join fails first.
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != exitOK && cmd.ProcessState.ExitCode() != exitOtherReason {
		t.Errorf("the program ended with %v, want a status of its own", err)
	}
}

func TestSecretsOfAClusterComeFromTheEnvironment(t *testing.T) {
	t.Setenv(apiKeyVariable, "key")
	t.Setenv(apiSecretVariable, "")
	status, _, errs := run("serve", "--livekit", "ws://127.0.0.1:1", "--data", t.TempDir())
	if status != exitUsage || !strings.Contains(errs, "secret") {
		t.Errorf("without a secret: status %d, %q", status, errs)
	}
	if got := orVariable("", apiKeyVariable); got != "key" {
		t.Errorf("key %q from the environment", got)
	}
	if got := orVariable("mine", apiKeyVariable); got != "mine" {
		t.Errorf("the flag gives way to the environment: %q", got)
	}
}
