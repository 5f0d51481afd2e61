package host

import (
	"testing"

	"foyer/engine/call"
	"foyer/engine/call/reach"
	"foyer/internal/testenv"
)

// TestCameAgain: the first guest from outside is told of, and the first one after a way in
// was lost.
func TestCameAgain(t *testing.T) {
	log, _ := testenv.NewLog()
	var told []call.Identity
	s := &Server{settings{Config: Config{Log: log, Came: func(id call.Identity, _ string) { told = append(told, id) }}}}
	r := &router{s: s}
	r.noteOutside("hall", "grace", "Grace")
	r.noteOutside("hall", "linus", "Linus")
	r.changed()
	r.noteOutside("hall", "ken", "Ken")
	if len(told) != 1 || told[0] != "grace" {
		t.Errorf("before: %v", told)
	}
	r.last.Router.State = reach.Opened
	r.changed()
	r.noteOutside("hall", "dennis", "Dennis")
	r.noteOutside("hall", "ken", "Ken")
	if len(told) != 2 || told[1] != "dennis" {
		t.Errorf("afterwards: %v", told)
	}
}
