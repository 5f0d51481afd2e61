package app

import (
	"errors"
	"testing"

	"github.com/go-gl/glfw/v3.3/glfw"

	"foyer/engine/call"
)

func TestDrawSaysWhyThereIsNoWindow(t *testing.T) {
	stuck := func(err error) { t.Errorf("stuck: %v", err) }
	if err := draw(func() error { return nil }, stuck); err != nil {
		t.Errorf("a window that opens: %v", err)
	}
	for name, open := range map[string]func() error{
		"an error": func() error { return call.ErrNoDisplay },
		"a panic":  func() error { panic(&glfw.Error{Code: glfw.APIUnavailable, Desc: "nothing there"}) },
	} {
		if err := draw(open, stuck); !errors.Is(err, call.ErrNoDisplay) {
			t.Errorf("%s: %v", name, err)
		}
	}
	defer func() {
		if got := recover(); got != "a bug" {
			t.Errorf("a bug is taken for a missing display: %v", got)
		}
	}()
	_ = draw(func() error { panic("a bug") }, stuck)
}

func TestCauseOfAMissingDisplay(t *testing.T) {
	for said, want := range map[string]string{
		"": "",
		"2026/11/29 20:00:45 Fyne error:  window creation error\n2026/11/29 20:00:45   Cause: APIUnavailable: GLX\n2026/11/29 20:00:45   At: x.go:1\n": "APIUnavailable: GLX",
		"2026/11/29 20:00:41 PlatformError: X11: Failed to open display :4711\n":                                                                       "PlatformError: X11: Failed to open display :4711",
		"No protocol specified\n2026/11/29 20:00:41 PlatformError: X11\n":                                                                              "No protocol specified PlatformError: X11",
	} {
		if got := causeOf(said); got != want {
			t.Errorf("%q: %q", said, got)
		}
	}
}
