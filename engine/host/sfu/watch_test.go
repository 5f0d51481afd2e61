package sfu

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/livekit/protocol/logger/pionlogger"
	"github.com/sirupsen/logrus"
)

// fakePeople notes who is removed.
type fakePeople struct {
	mu      sync.Mutex
	removed []string
	left    map[string]bool // by identity
}

func (p *fakePeople) here(g guest) bool { return !p.left[g.identity] }

func (p *fakePeople) remove(g guest, reason string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.removed = append(p.removed, g.identity+": "+reason)
}

func TestWatcherRemovesOnce(t *testing.T) {
	lines := [kinds]string{
		channel: "x data channel open", stream: "Incoming unhandled RTP ssrc(5), OnTrack will not be fired. x",
		report: "Incoming unhandled RTCP ssrc(5), OnTrack will not be fired", source: "Adding a new peer-reflexive candidate: 127.0.0.1:5 ",
	}
	for what := channel; what < kinds; what++ {
		t.Run(reasons[what], func(t *testing.T) {
			p := &fakePeople{}
			w := newWatcher(p)
			anna := guest{"hall", "anna", "PA_1"}
			for range most[what] {
				w.see(lines[what], anna)
				w.see("anything else", anna)
				w.see(lines[what], guest{})
			}
			w.group.Wait()
			if len(p.removed) != 0 {
				t.Fatal("removed within the limits")
			}
			for range 5 {
				w.see(lines[what], anna)
			}
			w.group.Wait()
			if want := []string{"anna: " + reasons[what]}; !slices.Equal(p.removed, want) {
				t.Errorf("removed: %q", p.removed)
			}
		})
	}
	w := newWatcher(&fakePeople{})
	for i := range 2 * watchMost {
		w.see(lines[report], guest{"hall", "x", fmt.Sprint(i)})
	}
	if len(w.known) > watchMost || w.reports != len(w.known) {
		t.Errorf("%d are remembered, with %d reports", len(w.known), w.reports)
	}
}

// Many who each keep within their limit do not go beyond that of all: who has left
// does not count, and then who has most has to go.
func TestWatcherLimitsTheSum(t *testing.T) {
	const line = "Incoming unhandled RTCP ssrc(5), OnTrack will not be fired"
	p := &fakePeople{left: map[string]bool{"left": true}}
	w := newWatcher(p)
	reports := func(identity string, n int) {
		for range n {
			w.see(line, guest{"hall", identity, "PA_" + identity})
		}
	}
	reports("left", 4000)
	reports("most", 4096)
	for n := 0; w.reports < maxReports; n++ {
		reports(fmt.Sprint(n), min(4000, maxReports-w.reports))
	}
	reports("new", 1)
	w.group.Wait()
	if len(p.removed) != 0 || w.reports != maxReports+1-4000 {
		t.Fatalf("removed: %q, %d are left", p.removed, w.reports)
	}
	reports("new", 4001)
	w.group.Wait()
	if want := []string{"most: " + reasons[report]}; !slices.Equal(p.removed, want) || w.reports > maxReports {
		t.Errorf("removed: %q, %d are left", p.removed, w.reports)
	}
}

// LiveKit leaves out a line of pion's before its logger sees it. Ours has to.
func TestReportsAreSeen(t *testing.T) {
	log := logrus.New()
	sendLogsTo(log)
	w := newWatcher(&fakePeople{})
	logWatcher.Store(w)
	defer logWatcher.Store(nil)
	guest := bridge{}.WithValues(labelRoom, "hall", labelIdentity, "anna", labelSID, "PA_1")
	pionlogger.NewLoggerFactory(guest).NewLogger("pc").Warnf("Incoming unhandled RTCP ssrc(%d), OnTrack will not be fired", 5)
	pionlogger.NewLoggerFactory(guest).NewLogger("ice").Debugf("Adding a new peer-reflexive candidate: %s ", "127.0.0.1:5")
	if c := w.known["PA_1"]; c == nil || c.n[report] != 1 || c.sources == nil {
		t.Errorf("not seen: %+v", c)
	}
}

func TestLinesAreShort(t *testing.T) {
	var out bytes.Buffer
	log := logrus.New()
	log.SetOutput(&out)
	sendLogsTo(log)
	long := strings.Repeat("x", 1<<20)
	bridge{}.WithValues(labelRoom, "hall").Warnw(long, errors.New(long), "text", long)
	if out.Len() == 0 || out.Len() > 5*maxValueBytes {
		t.Errorf("a line of %d bytes", out.Len())
	}
}
