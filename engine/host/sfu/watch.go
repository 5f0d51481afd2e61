package sfu

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/livekit/livekit-server/pkg/rtc/types"
	"github.com/livekit/livekit-server/pkg/service"
	"github.com/livekit/protocol/livekit"
)

// What a guest may make LiveKit keep. LiveKit and pion limit neither: each data
// channel has a buffer of 64 kB and a goroutine, each unknown stream of media
// keeps its last 500 packets, for as long as the guest is there.
const (
	// Clients open three channels, and three more for each time that they begin
	// anew.
	maxChannels = 32
	maxStreams  = 32
	// watchMost limits who is remembered, and removeTimeout how long somebody who is
	// being removed waits to do more.
	watchMost     = 4096
	removeTimeout = 2 * time.Second
)

// Words of LiveKit's log that tell of them. It has no other event for them, nor
// a setting.
const (
	channelOpened  = " data channel open"             // rtc/transport.go, onDataChannel
	streamLeftOver = "simulcast probe limit has been" // pion/webrtc errors.go
	streamUnknown  = "Incoming unhandled RTP ssrc("   // pion/webrtc constants.go
	labelRoom      = "room"                           // rtc/utils.go
	labelIdentity  = "participant"
	labelSID       = "participantID"
)

// guest is one stay of somebody, by LiveKit's log.
type guest struct{ room, identity, sid string }

// watcher counts what guests open, and removes who goes too far.
type watcher struct {
	remove func(g guest, reason string) // bounded

	group sync.WaitGroup

	mu    sync.Mutex
	known map[string]*counts // by SID
}

type counts struct {
	channels, streams int
	gone              chan struct{} // nil, or closed when they are removed
}

func newWatcher(remove func(guest, string)) *watcher {
	return &watcher{remove: remove, known: map[string]*counts{}}
}

// see takes a line of LiveKit's log. It returns late for guests who
// open more than they may: they are being removed, and what they wanted was not made.
func (w *watcher) see(msg string, g guest) {
	channel := strings.HasSuffix(msg, channelOpened)
	stream := !channel && (strings.HasPrefix(msg, streamLeftOver) || strings.HasPrefix(msg, streamUnknown))
	if !channel && !stream || g.sid == "" {
		return
	}
	gone := w.count(g, channel)
	if gone == nil {
		return
	}
	timer := time.NewTimer(removeTimeout)
	defer timer.Stop()
	select {
	case <-gone:
	case <-timer.C:
	}
}

// count returns nil for a guest within the limits.
func (w *watcher) count(g guest, channel bool) <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.known[g.sid]
	if c == nil {
		if len(w.known) >= watchMost {
			for sid := range w.known { // anybody: who goes too far does so at once
				delete(w.known, sid)
				break
			}
		}
		c = &counts{}
		w.known[g.sid] = c
	}
	reason := ""
	if channel {
		if c.channels++; c.channels > maxChannels {
			reason = "too many data channels"
		}
	} else if c.streams++; c.streams > maxStreams {
		reason = "too many unknown streams"
	}
	if reason == "" {
		return nil
	}
	if c.gone == nil {
		gone := make(chan struct{})
		c.gone = gone
		w.group.Go(func() {
			defer close(gone)
			w.remove(g, reason)
		})
	}
	return c.gone
}

// removeGuest removes somebody from their room.
func removeGuest(manager *service.RoomManager, g guest) {
	ctx, cancel := context.WithTimeout(context.Background(), removeTimeout)
	defer cancel()
	if room := manager.GetRoom(ctx, livekit.RoomName(g.room)); room != nil {
		room.RemoveParticipant(livekit.ParticipantIdentity(g.identity), livekit.ParticipantID(g.sid),
			types.ParticipantCloseReasonServiceRequestRemoveParticipant)
	}
}
