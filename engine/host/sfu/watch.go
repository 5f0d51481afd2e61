package sfu

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/livekit/livekit-server/pkg/rtc/types"
	"github.com/livekit/livekit-server/pkg/service"
	"github.com/livekit/protocol/livekit"
	"golang.org/x/time/rate"

	"foyer/engine/internal/pause"
)

// opened is something that a guest makes LiveKit and pion keep for as long as they are
// there. Neither limits any of it.
type opened int

const (
	nothing opened = iota
	channel        // of data: a buffer of 64 kB and a goroutine
	stream         // of media that was not announced: its last 500 packets
	report         // about a stream that does not exist: half a kilobyte
	source         // an address from which a check of ICE came: pairs with all of ours
	kinds
)

// most is how much of each one guest may open.
var most = [kinds]int{
	// Clients open three channels, and three more for each time that they begin
	// anew.
	channel: 32,
	stream:  32,
	// One is about a track that has just ended. Who pages through a room of 500
	// cameras every minute has so many after hours.
	report: 4096,
	// Each of a client's addresses is one, and each new port that a router gives it.
	source: 256,
}

// reasons are for the log.
var reasons = [kinds]string{
	channel: "too many data channels", stream: "too many unknown streams",
	report: "reports about too many unknown streams", source: "media from too many addresses",
}

const (
	// maxReports is for all guests together. Beyond it who has most is removed.
	maxReports = 1 << 17
	// sourceAgain is how often one source more is let in: routers give clients new
	// ports now and then, and whoever begins anew forgets the old ones.
	sourceAgain = 10 * time.Second
	// watchMost limits who is remembered, and removeTimeout how long somebody who is
	// being removed waits to do more. After it they do one thing every slowly, until
	// LiveKit has let go of them: it closes what they sent when it has been read.
	watchMost     = 4096
	removeTimeout = 2 * time.Second
	slowly        = 10 * time.Millisecond
)

// Words of LiveKit's log that tell of them. It has no other event for them, nor
// a setting.
const (
	channelOpened  = " data channel open"                      // rtc/transport.go, onDataChannel
	streamLeftOver = "simulcast probe limit has been"          // pion/webrtc errors.go
	streamUnknown  = "Incoming unhandled RTP ssrc("            // pion/webrtc constants.go
	reportUnknown  = "Incoming unhandled RTCP ssrc("           // pion/webrtc peerconnection.go
	sourceNew      = "Adding a new peer-reflexive candidate: " // pion/ice agent.go
	labelRoom      = "room"                                    // rtc/utils.go
	labelIdentity  = "participant"
	labelSID       = "participantID"
)

// openedBy is what a line of LiveKit's log tells of.
func openedBy(msg string) opened {
	switch {
	case strings.HasPrefix(msg, reportUnknown):
		return report
	case strings.HasPrefix(msg, sourceNew):
		return source
	case strings.HasPrefix(msg, streamLeftOver), strings.HasPrefix(msg, streamUnknown):
		return stream
	case strings.HasSuffix(msg, channelOpened):
		return channel
	}
	return nothing
}

// guest is one stay of somebody, by LiveKit's log.
type guest struct{ room, identity, sid string }

// watcher counts what guests open, and removes who goes too far.
type watcher struct {
	people people

	group sync.WaitGroup

	mu      sync.Mutex
	known   map[string]*counts // by SID
	reports int                // of all who are known
	relief  *ending            // nil, or making room for more reports
}

// people are the guests whom LiveKit has.
type people interface {
	here(g guest) bool
	remove(g guest, reason string) // bounded
}

type counts struct {
	guest
	n       [kinds]int
	sources *rate.Limiter // nil until there is one
	gone    *ending       // nil: they may stay
}

// ending is a removal.
type ending struct {
	done   chan struct{} // closed after it
	latest time.Time     // until when it is waited for
}

func newEnding() *ending { return &ending{make(chan struct{}), time.Now().Add(removeTimeout)} }

func newWatcher(p people) *watcher { return &watcher{people: p, known: map[string]*counts{}} }

// see takes a line of LiveKit's log. It returns late for guests who
// open more than they may: they are being removed, and what they wanted was not made.
func (w *watcher) see(msg string, g guest) {
	what := openedBy(msg)
	if what == nothing || g.sid == "" {
		return
	}
	e := w.count(g, what)
	if e == nil {
		return
	}
	pause.Unless(e.done, time.Until(e.latest))
	_ = pause.For(context.Background(), slowly)
}

// count returns nil within the limits.
func (w *watcher) count(g guest, what opened) *ending {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.known[g.sid]
	if c == nil {
		if len(w.known) >= watchMost {
			for _, other := range w.known { // anybody: who goes too far does so at once
				w.forget(other)
				break
			}
		}
		c = &counts{guest: g}
		w.known[g.sid] = c
	}
	if c.gone != nil {
		return c.gone
	}
	if c.take(what); c.n[what] > most[what] {
		w.remove(c, reasons[what])
		return c.gone
	}
	if what != report {
		return nil
	}
	w.reports++
	if w.reports <= maxReports {
		return nil
	}
	if w.relief == nil {
		relief := newEnding()
		w.relief = relief
		w.group.Go(func() { w.relieve(relief.done) })
	}
	return w.relief
}

// take counts one more.
func (c *counts) take(what opened) {
	if what != source {
		c.n[what]++
		return
	}
	if c.sources == nil {
		c.sources = rate.NewLimiter(rate.Every(sourceAgain), most[source])
	}
	if !c.sources.Allow() {
		c.n[source] = most[source] + 1
	}
}

// forget drops somebody. w.mu is held.
func (w *watcher) forget(c *counts) {
	if w.known[c.sid] == c {
		w.reports -= c.n[report]
		delete(w.known, c.sid)
	}
}

// remove begins to remove somebody. w.mu is held.
func (w *watcher) remove(c *counts, reason string) {
	gone := newEnding()
	c.gone = gone
	w.group.Go(func() {
		defer close(gone.done)
		w.people.remove(c.guest, reason)
	})
}

// relieve forgets those who have left, and removes who has most, until there is room.
// LiveKit must not be asked under w.mu: it logs under its own locks.
func (w *watcher) relieve(done chan struct{}) {
	defer close(done)
	w.mu.Lock()
	all := make([]*counts, 0, len(w.known))
	for _, c := range w.known {
		all = append(all, c)
	}
	w.mu.Unlock()
	var left []*counts
	for _, c := range all {
		if !w.people.here(c.guest) {
			left = append(left, c)
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.relief = nil
	for _, c := range left {
		w.forget(c)
	}
	for w.reports > maxReports {
		var first *counts
		for _, c := range w.known {
			if c.gone == nil && (first == nil || c.n[report] > first.n[report]) {
				first = c
			}
		}
		if first == nil {
			return
		}
		w.remove(first, reasons[report])
		w.reports -= first.n[report]
		first.n[report] = 0
	}
}

// roomPeople asks a server's room manager.
type roomPeople struct {
	manager *service.RoomManager
	tell    func(g guest, reason string)
}

func (p roomPeople) here(g guest) bool {
	room := p.manager.GetRoom(context.Background(), livekit.RoomName(g.room))
	return room != nil && room.GetParticipantByID(livekit.ParticipantID(g.sid)) != nil
}

// remove removes somebody from their room.
func (p roomPeople) remove(g guest, reason string) {
	p.tell(g, reason)
	ctx, cancel := context.WithTimeout(context.Background(), removeTimeout)
	defer cancel()
	if room := p.manager.GetRoom(ctx, livekit.RoomName(g.room)); room != nil {
		room.RemoveParticipant(livekit.ParticipantIdentity(g.identity), livekit.ParticipantID(g.sid),
			types.ParticipantCloseReasonServiceRequestRemoveParticipant)
	}
}
