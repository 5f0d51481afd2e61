package sfu

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

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
		channel: "x data channel open", stream: "Incoming unhandled RTP ssrc(5), OnTrack will not be fired. x", layer: "stream found",
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
	if len(w.known) > watchMost || w.sum[report] != len(w.known) {
		t.Errorf("%d are remembered, with %d reports", len(w.known), w.sum[report])
	}
}

// Many who each keep within their limit do not go beyond that of all: who left long
// ago does not count, and then who has most has to go.
func TestWatcherLimitsTheSum(t *testing.T) {
	const line = "Incoming unhandled RTCP ssrc(5), OnTrack will not be fired"
	p := &fakePeople{left: map[string]bool{"left": true}}
	w := newWatcher(p)
	at := time.Now()
	w.now = func() time.Time { return at }
	reports := func(identity string, n int) {
		for range n {
			w.see(line, guest{"hall", identity, "PA_" + identity})
		}
	}
	reports("left", 4000)
	reports("most", 4096)
	for n := 0; w.sum[report] < sums[report]; n++ {
		reports(fmt.Sprint(n), min(4000, sums[report]-w.sum[report]))
	}
	at = at.Add(keptFor)
	reports("new", 1)
	w.group.Wait()
	if len(p.removed) != 0 || w.sum[report] != sums[report]+1-4000 {
		t.Fatalf("removed: %q, %d are left", p.removed, w.sum[report])
	}
	reports("new", 4001)
	w.group.Wait()
	if want := []string{"most: " + reasons[report]}; !slices.Equal(p.removed, want) || w.sum[report] > sums[report] {
		t.Errorf("removed: %q, %d are left", p.removed, w.sum[report])
	}
}

// TestWatcherRemembersWhoHasLeft: LiveKit keeps streams and channels until a minute after
// a guest came. Until then they count, and nobody comes and goes past the limit.
func TestWatcherRemembersWhoHasLeft(t *testing.T) {
	lines := [kinds]string{channel: "x data channel open", stream: streamNameless + " MediaTrack", layer: layerFound}
	for what := channel; what <= layer; what++ {
		t.Run(reasons[what], func(t *testing.T) {
			p := &fakePeople{left: map[string]bool{}}
			w := newWatcher(p)
			at := time.Now()
			w.now = func() time.Time { return at }
			visits := 0
			for ; len(p.removed) == 0 && visits < 1000; visits++ {
				anna := guest{"hall", "anna", fmt.Sprint("PA_", visits)}
				for range most[what] {
					w.see(lines[what], anna)
				}
				w.group.Wait()
			}
			if each := most[what] - own[what]; visits > sums[what]/each+1 {
				t.Fatalf("%d visits of %d each", visits, each)
			}
			p.left["anna"] = true
			removed := len(p.removed)
			bob := guest{"hall", "bob", "PA_bob"}
			for range own[what] + spared[what] {
				w.see(lines[what], bob)
			}
			w.group.Wait()
			if len(p.removed) != removed {
				t.Errorf("removed for what is their own: %q", p.removed)
			}
			at = at.Add(keptFor)
			for range most[what] {
				w.see(lines[what], guest{"hall", "carl", "PA_carl"})
			}
			w.group.Wait()
			if len(p.removed) != removed {
				t.Errorf("removed because of those who are gone: %q", p.removed)
			}
		})
	}
}

// TestLayersFindTheirTracks: a layer counts until LiveKit knows what it is of.
func TestLayersFindTheirTracks(t *testing.T) {
	p := &fakePeople{}
	w := newWatcher(p)
	anna := guest{"hall", "anna", "PA_1"}
	for range 100 { // cameras
		for _, rid := range []string{"q", "h", "f"} {
			w.see(layerFound, anna)
			w.see(layerPublished, anna, "kind", "video", labelLayer, rid)
			w.see(layerFound, anna)
			w.see(layerPaired, anna)
		}
		w.see(layerPublished, anna, "kind", "audio", labelLayer, "")
	}
	w.group.Wait()
	if len(p.removed) != 0 || w.known["PA_1"].n[layer] != 0 || w.sum[layer] != 0 {
		t.Errorf("removed: %q, %d are left", p.removed, w.known["PA_1"].n[layer])
	}
	for range 100 {
		w.see(layerPublished, anna, labelLayer, "q")
	}
	for range mostAhead + most[layer] + 1 {
		w.see(layerFound, anna)
	}
	w.group.Wait()
	if len(p.removed) != 1 {
		t.Errorf("removed: %q, with %d layers", p.removed, w.known["PA_1"].n[layer])
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
	guest.Infow(layerPublished, labelLayer, "q")
	if c := w.known["PA_1"]; c == nil || c.n[report] != 1 || c.sources == nil || c.n[layer] != -1 {
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
