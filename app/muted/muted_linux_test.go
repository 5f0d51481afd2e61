package muted

import (
	"io"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// What is written to stderr, more than a pipe holds, is kept from the terminal
// and does not block; afterwards stderr is what it was.
func TestMuteKeepsWhatIsSaid(t *testing.T) {
	from, to, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	saved, err := unix.Dup(stderr)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(saved)
	defer unix.Dup3(saved, stderr, 0)
	if err := unix.Dup3(int(to.Fd()), stderr, 0); err != nil {
		t.Fatal(err)
	}
	to.Close()

	h := Begin()
	const much = 4 * maxSaid
	n, err := io.WriteString(os.Stderr, "libX11 says\n"+strings.Repeat("x", much))
	if err != nil || n < much {
		t.Errorf("%d bytes written, %v", n, err)
	}
	said := h.End()
	if !strings.HasPrefix(said, "libX11 says\n") || len(said) != maxSaid {
		t.Errorf("%d bytes kept: %.20q", len(said), said)
	}
	if again := h.End(); again != said {
		t.Error("a second end says something else")
	}
	h.Say("after all")
	unix.Dup3(saved, stderr, 0) // the last writer of the pipe goes
	if heard, err := io.ReadAll(from); err != nil || string(heard) != "after all" {
		t.Errorf("the terminal has heard %q, %v", heard, err)
	}
}
