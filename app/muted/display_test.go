package muted

import (
	"errors"
	"testing"

	"github.com/go-gl/glfw/v3.3/glfw"

	"foyer/engine/call"
)

func TestDrawSaysWhyThereIsNoWindow(t *testing.T) {
	stuck := func(err error) { t.Errorf("stuck: %v", err) }
	if err := Draw(func() error { return nil }, stuck); err != nil {
		t.Errorf("a window that opens: %v", err)
	}
	for name, open := range map[string]func() error{
		"an error": func() error { return call.ErrNoDisplay },
		"a panic":  func() error { panic(&glfw.Error{Code: glfw.APIUnavailable, Desc: "nothing there"}) },
	} {
		if err := Draw(open, stuck); !errors.Is(err, call.ErrNoDisplay) {
			t.Errorf("%s: %v", name, err)
		}
	}
	defer func() {
		if got := recover(); got != "a bug" {
			t.Errorf("a bug is taken for a missing display: %v", got)
		}
	}()
	_ = Draw(func() error { panic("a bug") }, stuck)
}
