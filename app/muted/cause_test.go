package muted

import "testing"

func TestCauseOfAMissingDisplay(t *testing.T) {
	for said, want := range map[string]string{
		"": "",
		"2026/11/29 20:00:45 Fyne error:  window creation error\n2026/11/29 20:00:45   Cause: APIUnavailable: GLX\n2026/11/29 20:00:45   At: x.go:1\n": "APIUnavailable: GLX",
		"2026/11/29 20:00:41 PlatformError: X11: Failed to open display :4711\n":                                                                       "PlatformError: X11: Failed to open display :4711",
		"No protocol specified\n2026/11/29 20:00:41 PlatformError: X11\n":                                                                              "No protocol specified PlatformError: X11",
	} {
		if got := Cause(said); got != want {
			t.Errorf("%q: %q", said, got)
		}
	}
}
