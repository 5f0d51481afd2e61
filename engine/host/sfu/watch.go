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
	stream         // of media that belongs to no track: its last 500 packets
	layer          // the same, until LiveKit has found the track or what it repairs
	report         // about a stream that does not exist: half a kilobyte
	source         // an address from which a check of ICE came: pairs with all of ours
	kinds
)

// most is how much of each one guest may open.
var most = [kinds]int{
	// Clients open three channels, and three more for each time that they begin
	// anew.
	channel: 32,
	// Clients have none.
	stream: 32,
	// Clients have six for a moment, with each camera and screen.
	layer: 32,
	// One is about a track that has just ended. Who pages through a room of 500
	// cameras every minute has so many after hours.
	report: 4096,
	// Each of a client's addresses is one, and each new port that a router gives it.
	source: 256,
}

// sums are limits for all guests together; 0: there is none. Beyond one, who has most
// is removed.
var sums = [kinds]int{channel: 1 << 10, stream: 64, layer: 64, report: 1 << 17}

// own is how much of each does not count to the sum: a client needs it.
var own = [kinds]int{channel: 6}

// spared is how much of each nobody is removed for who has had it for less than
// sparedFor.
var spared = [kinds]int{layer: 8}

const (
	sparedFor = 2 * time.Second
	// mostAhead is how many more layers may have their place than were seen to come:
	// LiveKit tells of the one before the other, or of one of them only.
	mostAhead = 16
)

// lasts says that what a guest has opened counts to the sum for as long as LiveKit keeps
// it. Nobody honest has any of that, so nobody pays for those who are gone.
var lasts = [kinds]bool{channel: true, stream: true, layer: true}

// reasons are for the log.
var reasons = [kinds]string{
	channel: "too many data channels", stream: "too many unknown streams", layer: "too many layers without a track",
	report: "reports about too many unknown streams", source: "media from too many addresses",
}

const (
	// sourceAgain is how often one source more is let in: routers give clients new
	// ports now and then, and whoever begins anew forgets the old ones.
	sourceAgain = 10 * time.Second
	// keptFor is how long LiveKit keeps what a guest has, at least, from when they came
	// (rtc/room.go, Join).
	keptFor = time.Minute
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
	streamNameless = "webrtc track published but can't find"   // rtc/participant.go, onMediaTrack
	streamNowhere  = "could not get mid for track"             // rtc/participant.go, mediaTrackReceived
	streamTwice    = "adding up track failed"                  // rtc/mediatrack.go, AddReceiver
	layerFound     = "stream found"                            // sfu/interceptor/rtx.go: by its names in RTP
	layerPaired    = "rtx pair found from extension"           // rtc/transport.go: it repairs another
	layerPublished = "mediaTrack published"                    // rtc/participant.go, onMediaTrack
	reportUnknown  = "Incoming unhandled RTCP ssrc("           // pion/webrtc peerconnection.go
	sourceNew      = "Adding a new peer-reflexive candidate: " // pion/ice agent.go
	labelRoom      = "room"                                    // rtc/utils.go
	labelIdentity  = "participant"
	labelSID       = "participantID"
	labelLayer     = "rid" // of layerPublished: empty without layers
)

// openedBy is what a line of LiveKit's log tells of.
func openedBy(msg string) opened {
	switch {
	case strings.HasPrefix(msg, reportUnknown):
		return report
	case strings.HasPrefix(msg, sourceNew):
		return source
	case strings.HasPrefix(msg, streamLeftOver), strings.HasPrefix(msg, streamUnknown),
		strings.HasPrefix(msg, streamNameless), strings.HasPrefix(msg, streamNowhere),
		strings.HasPrefix(msg, streamTwice):
		return stream
	case msg == layerFound:
		return layer
	case strings.HasSuffix(msg, channelOpened):
		return channel
	}
	return nothing
}

// settles reports whether a line tells that a layer of somebody's has its place: LiveKit
// keeps nothing of it but what it forwards.
func settles(msg string, kv []any) bool {
	if msg == layerPaired {
		return true
	}
	if msg != layerPublished {
		return false
	}
	for i := 0; i+1 < len(kv); i += 2 {
		if kv[i] == labelLayer {
			return kv[i+1] != ""
		}
	}
	return false
}

// guest is one stay of somebody, by LiveKit's log.
type guest struct{ room, identity, sid string }

// watcher counts what guests open, and removes who goes too far.
type watcher struct {
	people people
	now    func() time.Time

	group sync.WaitGroup

	mu     sync.Mutex
	known  map[string]*counts // by SID
	sum    [kinds]int         // of all who are known, beyond their own
	relief [kinds]*ending     // nil, or making room for more
}

// people are the guests whom LiveKit has.
type people interface {
	here(g guest) bool
	remove(g guest, reason string) // bounded
}

type counts struct {
	guest
	first   time.Time        // when they came, or later
	since   [kinds]time.Time // since when they have had something of it
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

func newWatcher(p people) *watcher {
	return &watcher{people: p, now: time.Now, known: map[string]*counts{}}
}

// see takes a line of LiveKit's log. It returns late for guests who
// open more than they may: they are being removed, and what they wanted was not made.
func (w *watcher) see(msg string, g guest, kv ...any) {
	what := openedBy(msg)
	switch {
	case g.sid == "":
		return
	case what == nothing:
		if settles(msg, kv) {
			w.settle(g)
		}
		return
	}
	e := w.count(g, what)
	if e == nil {
		return
	}
	pause.Unless(e.done, time.Until(e.latest))
	_ = pause.For(context.Background(), slowly)
}

// settle counts a layer less: it has its track.
func (w *watcher) settle(g guest) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c := w.known[g.sid]; c != nil && c.n[layer] > -mostAhead {
		w.add(c, layer, -1)
	}
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
		c = &counts{guest: g, first: w.now()}
		w.known[g.sid] = c
	}
	if c.gone != nil {
		return c.gone
	}
	if what == source {
		if !c.mayMove() {
			w.remove(c, reasons[what])
		}
		return c.gone
	}
	w.add(c, what, 1)
	if c.n[what] > most[what] {
		w.remove(c, reasons[what])
		return c.gone
	}
	if sums[what] == 0 || c.n[what] <= own[what] || w.sum[what] <= sums[what] {
		return nil
	}
	if w.relief[what] == nil {
		relief := newEnding()
		w.relief[what] = relief
		w.group.Go(func() { w.relieve(what, relief.done) })
	}
	return w.relief[what]
}

// add counts n more of something. w.mu is held.
func (w *watcher) add(c *counts, what opened, n int) {
	before := c.beyond(what)
	if c.n[what] <= 0 {
		c.since[what] = w.now()
	}
	c.n[what] += n
	w.sum[what] += c.beyond(what) - before
}

// beyond is how much somebody has opened that counts to the sum.
func (c *counts) beyond(what opened) int { return max(0, c.n[what]-own[what]) }

// pays reports whether somebody may be removed because of the sum.
func (c *counts) pays(what opened, now time.Time) bool {
	return c.gone == nil && c.beyond(what) > 0 && (c.n[what] > spared[what] || now.Sub(c.since[what]) >= sparedFor)
}

// mayMove counts a source more, and reports whether it is within the limit.
func (c *counts) mayMove() bool {
	if c.sources == nil {
		c.sources = rate.NewLimiter(rate.Every(sourceAgain), most[source])
	}
	return c.sources.Allow()
}

// forget drops somebody. w.mu is held.
func (w *watcher) forget(c *counts) {
	if w.known[c.sid] != c {
		return
	}
	for what := channel; what < kinds; what++ {
		w.sum[what] -= c.beyond(what)
	}
	delete(w.known, c.sid)
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

// relieve forgets those of whom LiveKit has nothing any more, and removes who has most,
// until there is room or nobody is left who has more than their own.
// LiveKit must not be asked under w.mu: it logs under its own locks.
func (w *watcher) relieve(what opened, done chan struct{}) {
	defer close(done)
	w.mu.Lock()
	all := make([]*counts, 0, len(w.known))
	for _, c := range w.known {
		all = append(all, c)
	}
	w.mu.Unlock()
	var left []*counts
	for _, c := range all {
		if w.now().Sub(c.first) >= keptFor && !w.people.here(c.guest) {
			left = append(left, c)
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.relief[what] = nil
	for _, c := range left {
		w.forget(c)
	}
	for w.sum[what] > sums[what] {
		var first *counts
		for _, c := range w.known {
			if c.pays(what, w.now()) && (first == nil || c.n[what] > first.n[what]) {
				first = c
			}
		}
		if first == nil {
			return
		}
		w.remove(first, reasons[what])
		if lasts[what] {
			return
		}
		w.add(first, what, -first.n[what])
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
