package app

import (
	"bytes"
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

func TestAReaderThatDiesDoesNotKillTheProgram(t *testing.T) {
	cmd := exec.Command("foyer", "join", goodLink, "--profile", t.TempDir())
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
	if got := orVariable("", apiKeyVariable); got != "key" {
		t.Errorf("key %q from the environment", got)
	}
	if got := orVariable("mine", apiKeyVariable); got != "mine" {
		t.Errorf("the flag gives way to the environment: %q", got)
	}
}
