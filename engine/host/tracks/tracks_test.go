package tracks

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/sirupsen/logrus"

	"foyer/engine/call"
	"foyer/engine/host/register"
	"foyer/engine/host/roomservice"
)

// TestOverlapsBesideNewPlaces: somebody's own lock and that of all of them are
// taken in one order, whatever happens at the same time.
func TestOverlapsBesideNewPlaces(t *testing.T) {
	e := newDead(t)
	const people, rounds = 4, 500
	two := map[livekit.TrackSource]int{livekit.TrackSource_CAMERA: 2}
	var work sync.WaitGroup
	for n := range people {
		who := roomservice.Place{Room: "hall", Identity: call.Identity("bob" + strconv.Itoa(n))}
		sp := e.speeches.get(who)
		sp.mu.Lock()
		sp.sockets = 1
		sp.mu.Unlock()
		work.Go(func() {
			for range rounds {
				e.thin(who, sp, two)
				e.thin(who, sp, nil)
				sp.mu.Lock()
				sp.looks = false
				sp.mu.Unlock()
			}
		})
		work.Go(func() {
			for i := range rounds {
				one := e.speeches.get(roomservice.Place{Room: "yard", Identity: call.Identity(fmt.Sprintf("p%d-%d", n, i))})
				one.mu.Lock()
				one.left = time.Time{} // the next one finds it gone
				one.mu.Unlock()
			}
		})
	}
	done := make(chan struct{})
	go func() {
		work.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(waitTimeout):
		panic("they wait for each other") // and so would the end of the door
	}
}

func TestOverlapsBeginAnew(t *testing.T) {
	s := newSpeech()
	two := map[livekit.TrackSource]int{livekit.TrackSource_CAMERA: 2}
	if ended, next := s.overlapping(two); len(ended) != 0 || next <= 0 || next > overlaps {
		t.Fatalf("a first overlap: %v, %v", ended, next)
	}
	s.double[livekit.TrackSource_CAMERA] = time.Now().Add(-2 * overlaps)
	if ended, next := s.overlapping(nil); len(ended) != 0 || next != 0 || len(s.double) != 0 {
		t.Fatalf("both have gone: %v, %v, %v", ended, next, s.double)
	}
	if ended, _ := s.overlapping(two); len(ended) != 0 {
		t.Fatal("another overlap long afterwards is ended at once")
	}
	s.double[livekit.TrackSource_CAMERA] = time.Now().Add(-2 * overlaps)
	if ended, next := s.overlapping(two); len(ended) != 1 || next != 0 || !s.lies[livekit.TrackSource_CAMERA] {
		t.Fatalf("two for too long: %v, %v", ended, next)
	}
	if ended, next := s.overlapping(two); len(ended) != 0 || next != 0 {
		t.Fatalf("it is barred already: %v, %v", ended, next)
	}
}

// TestOwnCameraKeepsNoMuteWaiting: what a mute waits for is that LiveKit has acted
// on audio.
func TestOwnCameraKeepsNoMuteWaiting(t *testing.T) {
	e := newDead(t)
	who := roomservice.Place{Room: "hall", Identity: "bob"}
	sp := e.speeches.get(who)
	sp.saw(&livekit.ParticipantInfo{Tracks: []*livekit.TrackInfo{
		{Sid: "TR_V", Type: livekit.TrackType_VIDEO, Source: livekit.TrackSource_CAMERA},
		{Sid: "TR_A", Type: livekit.TrackType_AUDIO, Source: livekit.TrackSource_MICROPHONE},
	}})
	if err := e.inspectUnmute(who, &livekit.MuteTrackRequest{Sid: "TR_V"}); err != nil || sp.unsettled() > 0 {
		t.Fatalf("a camera: %v, unsettled for %v", err, sp.unsettled())
	}
	if err := e.inspectUnmute(who, &livekit.MuteTrackRequest{Sid: "TR_A"}); err != nil || sp.unsettled() <= 0 {
		t.Fatalf("a microphone: %v, unsettled for %v", err, sp.unsettled())
	}
}

// TestSilentServerCutsOnlyTheMuted: while LiveKit or the register does not answer,
// a guest of good will stays, and nothing is opened for who is muted.
func TestSilentServerCutsOnlyTheMuted(t *testing.T) {
	e := newDead(t)
	who := roomservice.Place{Room: "hall", Identity: "bob"}
	sp := e.speeches.get(who)
	if err := e.register.Close(); err != nil {
		t.Fatal(err)
	}
	mic := addTrack("a", livekit.TrackType_AUDIO, livekit.TrackSource_MICROPHONE)
	if err := e.inspectTrack(who, mic); err != nil {
		t.Errorf("a microphone: %v", err)
	}
	if err := e.inspectUnmute(who, &livekit.MuteTrackRequest{Sid: "TR_A"}); err != nil {
		t.Errorf("opened: %v", err)
	}
	sp.mu.Lock()
	again := sp.looks
	sp.muted = true
	sp.mu.Unlock()
	if !again {
		t.Error("nobody looks again")
	}
	if err := e.inspectTrack(who, mic); err == nil {
		t.Error("a muted person's microphone is let through")
	}
	if err := e.inspectUnmute(who, &livekit.MuteTrackRequest{Sid: "TR_A"}); err == nil {
		t.Error("a muted person's is opened")
	}
}

func TestSourcesThatNobodyKnows(t *testing.T) {
	for source, fine := range map[livekit.TrackSource]bool{
		livekit.TrackSource_UNKNOWN: true, livekit.TrackSource_MICROPHONE: true, -1: false, 5: false, 1 << 20: false,
	} {
		if err := CheckAnnounced(addTrack("a", livekit.TrackType_AUDIO, source)); (err == nil) != fine {
			t.Errorf("source %d: %v", source, err)
		}
	}
}

const waitTimeout = 10 * time.Second // for what comes in milliseconds

// newDead is an enforcer whose LiveKit does not answer.
func newDead(t *testing.T) *Enforcer {
	t.Helper()
	reg, err := register.Open(t.Context(), filepath.Join(t.TempDir(), "foyer.db"))
	if err != nil {
		t.Fatal(err)
	}
	nobody := &url.URL{Scheme: "http", Host: "127.0.0.1:1"}
	e := New(Config{
		Register: reg, Rooms: roomservice.New(nobody, roomservice.Key{Key: "key", Secret: "secret"}, time.Minute),
		Warn: func(roomservice.Place, logrus.Fields, string) {},
	})
	t.Cleanup(func() {
		e.Close()
		_ = reg.Close()
	})
	return e
}

func addTrack(cid string, kind livekit.TrackType, source livekit.TrackSource) *livekit.AddTrackRequest {
	return &livekit.AddTrackRequest{Cid: cid, Type: kind, Source: source}
}
