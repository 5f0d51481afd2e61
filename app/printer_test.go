package app

import (
	"errors"
	"strings"
	"testing"
	"time"

	"foyer/engine/call"
)

// A reader is late from when something waits for it, not from when it last read.
func TestAQuietHourIsNotTheReadersFault(t *testing.T) {
	for name, lines := range map[string]int{"behind": 2, "more than fits": 9} {
		t.Run(name, func(t *testing.T) {
			p := &printer{wrote: time.Now().Add(-time.Hour), wake: make(chan struct{}, 1), gone: make(chan struct{})}
			for range lines {
				p.line("chat", time.Now(), fields{"text": strings.Repeat("x", maxAheadOfReader/2)})
			}
			if lines > 2 {
				if err := p.failure(); !errors.Is(err, call.ErrServerFlood) {
					t.Errorf("gave up with %v, want %v", err, call.ErrServerFlood)
				}
				return
			}
			if !p.behind(time.Now()) || p.failure() != nil {
				t.Errorf("given up at once: %v", p.failure())
			}
			p.behind(time.Now().Add(unreadTimeout + time.Second))
			if err := p.failure(); !errors.Is(err, call.ErrOutputUnread) {
				t.Errorf("later %v, want %v", err, call.ErrOutputUnread)
			}
		})
	}
}
