package roomserver

import (
	"os"
	"testing"
)

// An update of Foyer while it runs takes effect with the next window: this one goes on
// with the room server that it was made with.
func TestUpdatedWhileItRuns(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if got := programFile(program); got != program {
		t.Errorf("starts %s, want %s", got, program)
	}
	aside := program + ".before"
	if err := os.Rename(program, aside); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.Rename(aside, program); err != nil {
			t.Fatal(err)
		}
	})
	start := func(when string) {
		t.Helper()
		c, _ := newTestChild(t, roleServe)
		if _, err := c.Start(t.Context(), "hall", ""); err != nil {
			t.Fatalf("%s: %v", when, err)
		}
	}
	start("removed")
	if err := os.WriteFile(program, []byte("#!/bin/sh\nexit 7\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	start("replaced")
}
