package sfu

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sirupsen/logrus"
)

func TestWatcherRemovesOnce(t *testing.T) {
	removed := make(chan string, 10)
	w := newWatcher(func(g guest, reason string) { removed <- g.identity + ": " + reason })
	anna, ben := guest{"hall", "anna", "PA_1"}, guest{"hall", "ben", "PA_2"}
	for range maxChannels {
		w.see("_reliable data channel open", anna)
		w.see("x data channel open", ben)
	}
	w.see("anything else", anna)
	w.see("x data channel open", guest{})
	if len(removed) != 0 {
		t.Fatal("removed within the limits")
	}
	for range 5 {
		w.see("x data channel open", anna)
	}
	for range maxStreams + 5 {
		w.see(fmt.Sprintf("Incoming unhandled RTP ssrc(%d), OnTrack will not be fired. x", 5), ben)
	}
	w.group.Wait()
	close(removed)
	var got []string
	for r := range removed {
		got = append(got, r)
	}
	if len(got) != 2 || got[0] != "anna: too many data channels" || got[1] != "ben: too many unknown streams" {
		t.Errorf("removed: %q", got)
	}
	for i := range 2 * watchMost {
		w.see("x data channel open", guest{"hall", "x", fmt.Sprint(i)})
	}
	if len(w.known) > watchMost {
		t.Errorf("%d are remembered", len(w.known))
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
