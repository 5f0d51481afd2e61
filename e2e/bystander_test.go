//go:build linux

package e2e

import (
	"crypto/ed25519"
	"debug/buildinfo"
	"fmt"
	"sync"
	"testing"
	"time"

	"foyer/engine/call"
	"foyer/engine/client"
	"foyer/internal/drive"
	"foyer/internal/testenv"
)

// What a bystander may cost, as seen from outside.
const (
	bystanderMost   = 200 << 20 // bytes resident
	bystanderBack   = 1.2       // of what it was, once the others are gone
	givenBackWithin = 30 * time.Second
	longestGap      = time.Second // without sound of somebody who talks
	largeW          = 4096
	largeH          = 2304
)

// TestManyLargeTracksCostABystanderLittle lets guests publish far more than
// anybody can show. One who only sits in the room and listens to somebody else
// keeps its memory and hears everything, and has the memory back when they go.
func TestManyLargeTracksCostABystanderLittle(t *testing.T) {
	for _, c := range []struct {
		name           string
		guests, tracks int
		storm          bool
	}{
		{"one guest, 60 tracks", 1, 60, false},
		{"12 guests, a track each", 12, 1, false},
		{"two guests, 16x16 and 4096x2304 in turn", 2, 1, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := sitDown(t)
			before := s.memory()
			mark := s.Mark()
			var all []*flooder
			for i := range c.guests {
				all = append(all, s.flood(fmt.Sprint("eve", i), c.tracks, c.storm))
			}
			peak := s.watch(20 * time.Second)
			decoded := s.decoded(mark, "eve")
			for _, f := range all {
				f.leave()
			}
			took, after := s.back(before)
			t.Logf("%d MB before, at most %d MB, %d MB %v after the end; longest gap in the talk %v; tracks decoded at once: %d",
				before>>20, peak>>20, after>>20, took.Round(time.Second), s.gap(mark), decoded)
			if s.exact && peak > bystanderMost {
				t.Errorf("it took %d MB", peak>>20)
			}
			if s.exact && float64(after) > bystanderBack*float64(before) {
				t.Errorf("%d MB are not given back", (after-before)>>20)
			}
			if gap := s.gap(mark); s.exact && gap > longestGap {
				t.Errorf("nothing was heard for %v", gap)
			}
			if decoded == 0 || int64(decoded)*largeW*largeH > call.MaxPixels+largeW*largeH {
				t.Errorf("%d large tracks were decoded at once", decoded)
			}
		})
	}
}

// sitting is a bystander who hears somebody talk.
type sitting struct {
	*testenv.Process
	t      *testing.T
	server *testenv.Server
	room   string
	exact  bool // the binary takes the memory that users see
}

func sitDown(t *testing.T) *sitting {
	t.Helper()
	f := testenv.Foyer(t)
	server := testenv.Serve(t, f, drive.ServeOptions{})
	const room = "hall"
	link := server.Invite(room)
	talker := testenv.Join(t, f, drive.JoinOptions{Link: link, Name: "Grace", ID: "grace", Args: []string{"--camera", "test", "--mic", "test"}})
	talker.Await("joined")
	s := &sitting{t: t, server: server, room: room, exact: !raceBuilt(t, f.Bin)}
	s.Process = testenv.Join(t, f, drive.JoinOptions{Link: link, Name: "Ada", ID: "ada", Args: []string{"--mic", "test"}})
	s.AwaitWhere("stats", func(e drive.Event) bool { return len(remotes(e, "grace")) == 2 && remotes(e, "grace")[0].Frames > 30 })
	return s
}

// raceBuilt reports whether a binary has the race detector, which multiplies
// what memory it takes.
func raceBuilt(t *testing.T, bin string) bool {
	t.Helper()
	info, err := buildinfo.ReadFile(bin)
	must(t, err)
	for _, s := range info.Settings {
		if s.Key == "-race" && s.Value == "true" {
			return true
		}
	}
	return false
}

func (s *sitting) memory() int64 {
	s.t.Helper()
	rss, _, err := drive.Memory(s.PID)
	must(s.t, err)
	return rss
}

// watch returns the most memory that was held meanwhile.
func (s *sitting) watch(during time.Duration) (peak int64) {
	s.t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(during); time.Now().Before(end); <-tick.C {
		peak = max(peak, s.memory())
		s.Say(map[string]any{"cmd": "stats"})
	}
	return peak
}

// back waits until the memory is what it was, about.
func (s *sitting) back(before int64) (took time.Duration, after int64) {
	began := time.Now()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		after = s.memory()
		if took = time.Since(began); float64(after) <= bystanderBack*float64(before) || took > givenBackWithin {
			return took, after
		}
		<-tick.C
	}
}

// remoteStats is one remote track in the stats of a bystander.
type remoteStats struct {
	ID     string
	Source string
	Frames int `json:"frames_decoded"`
	Width  int
	Level  float64
	Bytes  int64
}

func remotes(e drive.Event, id string) (list []remoteStats) {
	var all struct{ Remote []remoteStats }
	_ = e.Decode(&all) // none, then
	for _, r := range all.Remote {
		if len(r.ID) >= len(id) && r.ID[:len(id)] == id {
			list = append(list, r)
		}
	}
	return list
}

// gap is the longest time since mark in which nothing came of who talks.
func (s *sitting) gap(mark int) (longest time.Duration) {
	var heard time.Time
	var bytes int64
	for _, e := range s.Events()[mark:] {
		if e.Name != "stats" {
			continue
		}
		at := time.UnixMilli(int64(e.Number("ts")))
		for _, r := range remotes(e, "grace") {
			if r.Source != "microphone" {
				continue
			}
			if heard.IsZero() || r.Bytes > bytes && r.Level > 0 {
				heard, bytes = at, r.Bytes
			}
		}
		if !heard.IsZero() {
			longest = max(longest, at.Sub(heard))
		}
	}
	return longest
}

// decoded is the most large tracks of somebody's whose pictures were decoded
// between two reports.
func (s *sitting) decoded(mark int, id string) (most int) {
	frames := map[string]int{}
	for _, e := range s.Events()[mark:] {
		if e.Name != "stats" {
			continue
		}
		now := 0
		for _, r := range remotes(e, id) {
			key := r.ID + r.Source
			if r.Frames > frames[key] {
				now++
			}
			frames[key] = r.Frames
		}
		most = max(most, now)
	}
	return most
}

// flooder is a guest who publishes pictures of the largest size.
type flooder struct {
	t       *testing.T
	session call.Session
	stop    chan struct{}
	sending sync.WaitGroup
}

func (s *sitting) flood(id string, tracks int, storm bool) *flooder {
	s.t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	must(s.t, err)
	link, err := call.ParseLink(s.server.Invite(s.room))
	must(s.t, err)
	f := &flooder{t: s.t, stop: make(chan struct{})}
	dialer := client.New(client.Config{})
	f.session, err = dialer.Dial(s.t.Context(), call.JoinRequest{Link: link, Name: id, Identity: call.Identity(id), Key: key}, func(call.SessionEvent) {})
	must(s.t, err)
	s.t.Cleanup(f.leave)
	for range tracks {
		track, err := f.session.Publish(s.t.Context(), call.TrackSpec{
			Source: call.SourceCamera, Layers: []call.Layer{{Width: largeW, Height: largeH, FPS: 10, Bitrate: 2_000_000}},
		})
		if err != nil {
			break // the server has limits of its own
		}
		f.sending.Go(func() { f.send(track, storm) })
	}
	return f
}

// plainKeyFrame is a picture of one colour: nothing but zeros behind its header,
// as many as a decoder reads for all its blocks.
func plainKeyFrame(w, h int) []byte {
	frame := make([]byte, 1000+w*h/200)
	tag := uint32(1<<4 | (len(frame)/8)<<5) // shown; so much is the first partition
	copy(frame, []byte{
		byte(tag), byte(tag >> 8), byte(tag >> 16), 0x9d, 1, 0x2a, byte(w), byte(w >> 8), byte(h), byte(h >> 8),
	})
	return frame
}

// send writes key frames, so that whoever decodes one has a picture.
func (f *flooder) send(track call.LocalTrack, storm bool) {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	began := time.Now()
	for n := 0; ; n++ {
		w, h := largeW, largeH
		if storm && n%2 == 1 {
			w, h = 16, 16
		}
		err := track.WriteFrame(call.EncodedFrame{Data: plainKeyFrame(w, h), PTS: time.Since(began), KeyFrame: true})
		if err != nil {
			return // the server has taken the track away
		}
		select {
		case <-tick.C:
		case <-track.KeyFrames():
		case <-f.stop:
			return
		}
	}
}

func (f *flooder) leave() {
	if f.session == nil {
		return
	}
	close(f.stop)
	f.sending.Wait()
	_ = f.session.Leave(f.t.Context()) // goes whether or not the server hears it
	_ = f.session.Close()
	f.session = nil
}
