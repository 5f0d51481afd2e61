package rtp

import (
	"errors"
	"testing"
	"time"

	"foyer/engine/call"
)

// TestSectionsAreBounded: what a server may ask for at once it may not ask for
// again and again.
func TestSectionsAreBounded(t *testing.T) {
	tr := bareTransport(t)
	for range maxTransceivers / maxSections {
		if err := tr.AddSections(maxSections/2, maxSections/2); err != nil {
			t.Fatal(err)
		}
	}
	if err := tr.AddSections(maxTransceivers%maxSections, 0); err != nil {
		t.Fatal(err)
	}
	if err := tr.AddSections(1, 0); !errors.Is(err, call.ErrServerGarbage) {
		t.Errorf("one more: %v", err)
	}
	for _, bad := range [][2]int{{maxSections + 1, 0}, {0, maxSections + 1}} {
		if err := tr.AddSections(bad[0], bad[1]); !errors.Is(err, call.ErrServerGarbage) {
			t.Errorf("%v: %v", bad, err)
		}
	}
}

func TestSectionsWait(t *testing.T) {
	var n Sections
	for n.Tries = range sectionTries {
		if w := n.Wait(); w != 0 {
			t.Errorf("try %d waits %v", n.Tries, w)
		}
	}
	for _, tt := range []struct {
		tries int
		want  time.Duration
	}{{sectionTries, sectionWait}, {sectionTries + 1, 2 * sectionWait}, {1 << 20, maxSectionWait}} {
		if n.Tries = tt.tries; n.Wait() != tt.want {
			t.Errorf("try %d waits %v, want %v", tt.tries, n.Wait(), tt.want)
		}
	}
}
