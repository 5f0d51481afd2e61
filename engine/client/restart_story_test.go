package client

import (
	"context"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	pionrtp "github.com/pion/rtp"
	"github.com/pion/rtp/codecs"

	"foyer/engine/call"
	"foyer/engine/client/rtp"
)

const (
	// offTime is how long a source is off in each round, and onTime how long on.
	offTime = 1200 * time.Millisecond
	onTime  = 2 * time.Second
	// newsWithin is when what is sent again must have come, on a busy machine.
	newsWithin = 2 * time.Second
	// clockSlack is how far timestamps and reports may be from the wall clock: the
	// server maps them anew after each pause, by the time of arrival, which a busy
	// machine puts off. A clock that stood still in three pauses would be 3.6 s off.
	clockSlack = 2 * time.Second
)

// record writes as one device does, whose frames begin at 0, until stop.
func record(t testing.TB, track call.LocalTrack) (stop func()) { return write(t, track, track.Begin) }

// arrival is a packet at the far side.
type arrival struct {
	pionrtp.Packet
	at time.Time
}

// farSide reads a remote track all the time.
type farSide struct {
	track call.RemoteTrack
	done  chan struct{}

	mu      sync.Mutex
	packets []arrival
}

func watchTrack(track call.RemoteTrack) *farSide {
	f := &farSide{track: track, done: make(chan struct{})}
	go func() {
		defer close(f.done)
		for {
			buf := make([]byte, rtp.MaxPacket)
			n, err := track.ReadRTP(buf)
			if err != nil {
				return
			}
			p := arrival{at: time.Now()}
			if p.Unmarshal(buf[:n]) == nil && len(p.Payload) > 0 { // padding is no news
				f.mu.Lock()
				f.packets = append(f.packets, p)
				f.mu.Unlock()
			}
		}
	}()
	return f
}

func (f *farSide) close() []arrival {
	f.track.Interrupt()
	<-f.done
	return f.packets
}

// news waits for what was sent after that time: of frames, a key frame of a
// real size, because the server sends small ones of its own when a track goes dark.
// A newcomer asks for one, as a decoder does: the first may have been
// lost. What is off and on again begins with a key frame that nobody asks for.
func (f *farSide) news(t testing.TB, since time.Time) time.Duration {
	t.Helper()
	var packets int
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		packets = 0
		if since.IsZero() {
			f.track.RequestKeyFrame()
		}
		for _, p := range f.seen() {
			if !p.at.After(since) {
				continue
			}
			if packets++; f.track.ClockRate() == 48000 || keyFrameWidth(p.Payload) > 8 {
				return p.at.Sub(since)
			}
		}
	}
	t.Fatalf("never seen again; %d packets have come", packets)
	return 0
}

func (f *farSide) seen() []arrival {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.packets[:len(f.packets):len(f.packets)]
}

// TestOffAndOnAgain turns sources off and on three times against a real server.
// At the far side all goes on within one stream, in time with the wall clock, and
// begins with a key frame; nobody's connection is said to be lost.
func TestOffAndOnAgain(t *testing.T) {
	simulcast := []call.Layer{
		{Width: 160, Height: 90, FPS: 20, Bitrate: 100_000},
		{Width: 320, Height: 180, FPS: 20, Bitrate: 300_000},
		{Width: 640, Height: 360, FPS: 20, Bitrate: 900_000},
	}
	specs := map[string]call.TrackSpec{
		"camera":     cameraSpec(simulcast...),
		"screen":     {Source: call.SourceScreen, Name: "screen", Layers: simulcast[2:]},
		"microphone": microphoneSpec(),
	}
	modes(t, func(t *testing.T, change func(*Dialer)) {
		a, b := pair(t, sharedServer(t), change, change)
		t.Run("all", func(t *testing.T) {
			for name, spec := range specs {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					offAndOn(t, a, b, spec)
				})
			}
		})
		for _, e := range b.seen() {
			if q, is := e.ev.(call.QualityChanged); is && q.Quality == call.QualityLost {
				t.Errorf("the connection of %s is said to be lost", q.ID)
			}
		}
	})
}

func offAndOn(t *testing.T, a, b *client, spec call.TrackSpec) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	track, err := a.Publish(ctx, spec)
	if err != nil {
		t.Fatal(err)
	}
	stop := record(t, track)
	ready, _, n := wait(b, 0, "track", func(e call.RemoteTrackReady) bool { return e.Track.Info().SID == track.SID() })
	far := watchTrack(ready.Track)
	far.news(t, time.Time{})
	time.Sleep(onTime)
	for round := range 3 {
		if err := a.SetMuted(t.Context(), track, true); err != nil {
			t.Error(err)
		}
		stop()
		_, _, n = wait(b, n, "muted", func(e call.TrackMuted) bool { return e.Track.SID == track.SID() })
		time.Sleep(offTime)
		on := time.Now()
		if err := a.SetMuted(t.Context(), track, false); err != nil {
			t.Error(err)
		}
		stop = record(t, track)
		_, _, n = wait(b, n, "unmuted", func(e call.TrackUnmuted) bool { return e.Track.SID == track.SID() })
		if took := far.news(t, on); took > newsWithin {
			t.Errorf("round %d: back after %v", round, took)
		} else {
			t.Logf("round %d: back after %v", round, took)
		}
		time.Sleep(onTime)
	}
	again := time.Now()
	eventually(t, "sender report", func() bool {
		ntp, _, ok := ready.Track.SenderReport()
		return ok && ntp.After(again)
	})
	ntp, stamp, _ := ready.Track.SenderReport()
	packets := far.close()
	checkArrivals(t, packets, ready.Track.ClockRate())
	off := transit(packets, packets[len(packets)-1].at, ntp, stamp, ready.Track.ClockRate())
	if off < -clockSlack || off > clockSlack {
		t.Errorf("by the sender's report the fastest packet was under way for %v", off)
	}
}

// TestOffAndOnOverAResume: the client reconnects while the camera is off, and
// the track goes on all the same.
func TestOffAndOnOverAResume(t *testing.T) {
	l := sharedServer(t)
	proxy := newCutter(t, l)
	a := join(t, proxy.request(t, roomName(t), "ada"), nil)
	b := join(t, l.request(t, roomName(t), "bob"), nil)
	a.connected()
	b.connected()
	track, err := a.Publish(t.Context(), cameraSpec())
	if err != nil {
		t.Fatal(err)
	}
	stop := record(t, track)
	ready, _, _ := wait(b, 0, "track", func(e call.RemoteTrackReady) bool { return e.Track.Info().SID == track.SID() })
	far := watchTrack(ready.Track)
	far.news(t, time.Time{})
	for round := range 3 {
		if err := a.SetMuted(t.Context(), track, true); err != nil {
			t.Fatal(err)
		}
		stop()
		n := a.events()
		proxy.cut()
		wait[call.SessionReconnected](a, n, "reconnected", nil)
		on := time.Now()
		if err := a.SetMuted(t.Context(), track, false); err != nil {
			t.Fatal(err)
		}
		stop = record(t, track)
		if took := far.news(t, on); took > newsWithin {
			t.Errorf("round %d: back after %v", round, took)
		} else {
			t.Logf("round %d: back after %v", round, took)
		}
		time.Sleep(onTime)
	}
	checkArrivals(t, far.close(), ready.Track.ClockRate())
}

// checkArrivals compares each packet with the one before, in the order of their
// numbers: a busy machine loses some, which then come again.
func checkArrivals(t *testing.T, packets []arrival, rate int) {
	t.Helper()
	slices.SortStableFunc(packets, func(a, b arrival) int { return int(int16(a.SequenceNumber - b.SequenceNumber)) })
	var id uint16
	for i, p := range packets {
		before := packets[max(0, i-1)]
		if int32(p.Timestamp-before.Timestamp) < 0 {
			t.Errorf("packet %d: the timestamp goes back by %d", i, before.Timestamp-p.Timestamp)
		}
		if rate != 90000 {
			continue
		}
		var v codecs.VP8Packet
		if _, err := v.Unmarshal(p.Payload); err != nil || v.I != 1 {
			t.Fatalf("packet %d has no picture ID: %v", i, err)
		}
		if step := (v.PictureID - id) & 0x7fff; i > 0 && (step > 0x4000 || step > 1 && p.SequenceNumber == before.SequenceNumber+1) {
			t.Errorf("packet %d: frame %d after %d", i, v.PictureID, id)
		}
		id = v.PictureID
	}
	first, last := packets[0], packets[len(packets)-1]
	before := transit(packets, first.at.Add(onTime), first.at, first.Timestamp, rate)
	after := transit(packets, last.at, first.at, first.Timestamp, rate)
	if off := after - before; off < -clockSlack || off > clockSlack {
		t.Errorf("timestamps and the wall clock are %v apart in the end", off)
	}
}

// transit is how long the fastest packet of the onTime before end was under way,
// if stamp is the timestamp of what was sent at that time. The others waited for
// the machine.
func transit(packets []arrival, end, at time.Time, stamp uint32, rate int) time.Duration {
	least := time.Duration(math.MaxInt64)
	for _, p := range packets {
		if !p.at.After(end) && end.Sub(p.at) < onTime {
			sent := at.Add(time.Duration(int32(p.Timestamp-stamp)) * time.Second / time.Duration(rate))
			least = min(least, p.at.Sub(sent))
		}
	}
	return least
}
