package argv

import (
	"bytes"
	"os"
	"os/exec"
	"testing"
)

const secret = "foyer://host/room#secret"

// TestHide looks at the command line of another process of this program, as anybody can.
func TestHide(t *testing.T) {
	if len(args) > 1 && args[len(args)-1] == secret {
		kept := Hide(secret)
		shown, err := os.ReadFile("/proc/self/cmdline")
		if err != nil || kept != secret {
			t.Fatalf("kept %q, %v", kept, err)
		}
		if bytes.Contains(shown, []byte("#secret")) || !bytes.Contains(shown, []byte("-test.run")) {
			t.Errorf("the command line is %q", shown)
		}
		return
	}
	out, err := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestHide$", "-test.v", secret).CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("--- PASS: TestHide")) {
		t.Errorf("%v\n%s", err, out)
	}
}

// A text that is no argument stays as it is: its bytes may be a constant's.
func TestHide_noArgument(t *testing.T) {
	if got := Hide("constant"); got != "constant" {
		t.Errorf("got %q", got)
	}
}
