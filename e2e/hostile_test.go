//go:build linux

package e2e

import (
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
	"github.com/pion/webrtc/v4"

	"foyer/internal/drive"
	"foyer/internal/testenv"
)

const (
	attackFor   = 2 * time.Second
	attackEvery = 20 * time.Millisecond
	// mayGrow is what the program may need for an attack. One frame of
	// 16383x16383 would be 400 MB; the largest that is allowed is 14 MB.
	mayGrow = 200 << 20
)

// payloadAttack makes the payloads of the n-th moment; nil: none.
type payloadAttack struct {
	name   string
	mime   string
	frames string // "none", "some", or "": as it comes
	next   func(rnd *rand.Rand, n int) [][]byte
}

func attacks() []payloadAttack {
	vp8, opus := webrtc.MimeTypeVP8, webrtc.MimeTypeOpus
	return []payloadAttack{
		{name: "garbage as VP8", mime: vp8, next: garbageVP8},
		{name: "key frame of 16383x16383", mime: vp8, frames: "none", next: func(rnd *rand.Rand, _ int) [][]byte {
			return fragments(keyFrame(rnd, 16383, 16383, 3000))
		}},
		// Only the first few are shown: a size that changes so often is refused.
		{name: "changing resolutions", mime: vp8, frames: "some", next: func(rnd *rand.Rand, n int) [][]byte {
			sizes := [][2]int{{640, 360}, {1, 1}, {1920, 1080}, {3, 5}, {16, 2304}, {4096, 16}, {320, 180}, {1279, 719}}
			size := sizes[n%len(sizes)]
			return fragments(keyFrame(rnd, size[0], size[1], 2000))
		}},
		{name: "no key frame", mime: vp8, frames: "none", next: func(rnd *rand.Rand, _ int) [][]byte {
			frame := noise(rnd, 1500)
			frame[0] |= 1 // not a key frame
			return fragments(frame)
		}},
		{name: "a key frame, then nothing but noise", mime: vp8, next: func(rnd *rand.Rand, n int) [][]byte {
			if n%50 == 0 {
				return fragments(keyFrame(rnd, 640, 360, 2000))
			}
			return garbageVP8(rnd, n)
		}},
		{name: "absurd Opus", mime: opus, next: absurdOpus},
	}
}

func noise(rnd *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rnd.Uint32())
	}
	return b
}

// keyFrame returns a correct header (RFC 6386 section 9.1) before noise, which a
// decoder cannot tell from a frame.
func keyFrame(rnd *rand.Rand, width, height, size int) []byte {
	frame := noise(rnd, size)
	tag := uint32(1<<4 | (size/2)<<5) // shown; half of it is the first partition
	copy(frame, []byte{
		byte(tag), byte(tag >> 8), byte(tag >> 16), 0x9d, 1, 0x2a,
		byte(width), byte(width >> 8), byte(height), byte(height >> 8),
		// The header of the first partition (section 9.2 to 9.5): without segments
		// and loop filter, and with one partition of tokens. Noise there names
		// partitions that are not in the frame three times out of four, and then
		// the decoder refuses it.
		0, 0, 0, 0,
	})
	return frame
}

func fragments(frame []byte) [][]byte {
	return (&codecs.VP8Payloader{}).Payload(1100, frame)
}

// garbageVP8 is noise, plain and behind what looks like the beginning of a
// frame or of a key frame.
func garbageVP8(rnd *rand.Rand, n int) [][]byte {
	p := noise(rnd, 1+rnd.IntN(1100))
	switch {
	case n%3 == 1:
		p[0] = 0x10 // the first partition of a frame begins
	case n%3 == 2 && len(p) > 11:
		copy(p, append([]byte{0x10}, keyFrame(rnd, rnd.IntN(1<<14), rnd.IntN(1<<14), 10)...))
	}
	return [][]byte{p}
}

// absurdOpus is packets that RFC 6716 section 3.4 forbids, and some that are
// merely strange.
func absurdOpus(rnd *rand.Rand, n int) [][]byte {
	switch n % 7 {
	case 0:
		return [][]byte{{0xff, 63}} // 63 frames of 20 ms in two bytes
	case 1:
		return [][]byte{{0x1b, 0xff, 0xff, 0xff, 0xff, 0xff}} // padding without an end
	case 2:
		return [][]byte{append([]byte{0x1a}, noise(rnd, 3)...)} // a length beyond the packet
	case 3:
		return [][]byte{noise(rnd, 1150)}
	case 4:
		return [][]byte{{0xfc}} // nothing but the table of contents
	case 5:
		return [][]byte{append([]byte{0x1b, 0x02}, noise(rnd, 900)...)} // 120 ms of noise
	default:
		return [][]byte{noise(rnd, 1+rnd.IntN(40))}
	}
}

// witness is the program under test beside the intruder, and what it holds.
type witness struct {
	side
	good side
}

// TestHostilePeers lets strangers publish nonsense through the real media
// server. The program beside them lives on, says nothing that is not so, and
// sees and hears the good peer; it leaves as always.
func TestHostilePeers(t *testing.T) {
	f := testenv.Foyer(t)
	server := testenv.Serve(t, f, drive.ServeOptions{})
	link := server.Invite("fort")
	pulse := testenv.Pulse(t)
	ada := testenv.Join(t, f, drive.JoinOptions{
		Link: link, Name: "Ada", ID: "ada", Env: pulse.Env(),
		Args: []string{"--camera", smallFilm(t), "--mic", "default", "--speaker", "default"},
	})
	ada.Await("joined")
	grace := testenv.Join(t, f, drive.JoinOptions{
		Link: link, Name: "Grace", ID: "grace", Args: []string{"--camera", smallFilm(t), "--mic", "test", "--speaker", "none"},
	})
	w := witness{side{"ada", ada, pulse}, side{id: "grace", Process: grace}}
	w.counts(t, w.good, 30)
	for _, a := range attacks() {
		t.Run(a.name, func(t *testing.T) { w.survive(t, server, a) })
	}
	mark := ada.Mark()
	ada.Say(map[string]any{"cmd": "leave"})
	left := ada.AwaitAfter(mark, "left", nil)
	if left.Text("reason") != "left" || !strings.Contains(string(left.Raw), `"stuck":[]`) {
		t.Errorf("the farewell: %s", left.Raw)
	}
	if status := ada.Ended(); status != 0 {
		t.Errorf("status %d", status)
	}
	if !audioIsFree(t, pulse, ada.PID) {
		t.Error("it still holds a sound device")
	}
	if log, err := os.ReadFile(ada.Log); err != nil || strings.Contains(string(log), "goroutine ") {
		t.Errorf("its log has a stack (%v):\n%s", err, log)
	}
}

// survive lets one attack go on beside the witness.
func (w witness) survive(t *testing.T, server *testenv.Server, a payloadAttack) {
	before, _, err := drive.Memory(w.PID)
	must(t, err)
	mark := w.Mark()
	i := intrude(t, server, "fort", "mallory", a.mime)
	began := w.Mark()
	peak := w.endure(t, i, a)
	first, last := w.frames(t, began, "grace")
	bad := w.widths(mark, "mallory")
	if last-first < 20 {
		t.Errorf("the good peer's picture stood still: %d, then %d pictures in %v", first, last, attackFor)
	}
	if !w.hearsDuring(began) {
		t.Error("the good peer's tone was not heard")
	}
	if grown := peak - before; grown > mayGrow {
		t.Errorf("it grew by %d MB", grown>>20)
	}
	if (a.frames == "none" && len(bad) > 0) || (a.frames == "some" && len(bad) == 0) {
		t.Errorf("pictures of the attack have the widths %v, want %s", bad, a.frames)
	}
	i.Leave()
	w.AwaitAfter(mark, "participant_left", func(e drive.Event) bool {
		return e.Text("id") == "mallory" && e.Text("reason") == "left"
	})
	w.checkWords(t, mark)
	t.Logf("%d good pictures meanwhile; pictures of the attack: widths %v; memory %d MB, at most %d MB more",
		last-first, bad, before>>20, max(0, peak-before)>>20)
}

// endure sends the attack and returns the most memory that the witness held.
func (w witness) endure(t *testing.T, i *intruder, a payloadAttack) (peak int64) {
	t.Helper()
	rnd := rand.New(rand.NewPCG(1, 9)) //nolint:gosec // the same noise each time
	tick := time.NewTicker(attackEvery)
	defer tick.Stop()
	sequence, clock := uint16(1), uint32(90000/50)
	if a.mime == webrtc.MimeTypeOpus {
		clock = 48000 / 50
	}
	for n := range int(attackFor / attackEvery) {
		payloads := a.next(rnd, n)
		for k, p := range payloads {
			must(t, i.track.WriteRTP(&rtp.Packet{Payload: p, Header: rtp.Header{
				Version: 2, SequenceNumber: sequence, Timestamp: uint32(n) * clock, Marker: k == len(payloads)-1,
			}}))
			sequence++
		}
		if n%10 == 0 {
			rss, _, err := drive.Memory(w.PID)
			must(t, err)
			peak = max(peak, rss)
			w.Say(map[string]any{"cmd": "stats"}) // more reports than come by themselves
		}
		select {
		case <-tick.C:
		case <-i.Done():
			t.Fatal("the server has put the intruder out")
		}
	}
	return peak
}

// frames is how many frames of a peer were decoded at the first and at the
// last count since mark.
func (w witness) frames(t *testing.T, mark int, id string) (first, last int) {
	t.Helper()
	first = -1
	for _, r := range w.reports(mark) {
		if r.ID == id && r.Source == "camera" {
			if first < 0 {
				first = r.Frames
			}
			last = r.Frames
		}
	}
	if first < 0 {
		t.Fatalf("nothing is counted of %s", id)
	}
	return first, last
}

// widths lists the widths of a peer's frames.
func (w witness) widths(mark int, id string) (all []int) {
	for _, r := range w.reports(mark) {
		if r.ID == id && r.Source == "camera" && r.Frames > 0 && !slices.Contains(all, r.Width) {
			all = append(all, r.Width)
		}
	}
	return all
}

// hearsDuring reports whether the good peer's tone was heard at nearly every count
// since mark: a count tells of its last 100 ms, which a busy machine may miss.
func (w witness) hearsDuring(mark int) bool {
	counts, heard := 0, 0
	for _, r := range w.reports(mark) {
		if r.ID == w.good.id && r.Source == "microphone" {
			counts++
			if r.Level > 0.01 {
				heard++
			}
		}
	}
	return heard >= 2 && 5*heard >= 4*counts
}

func (w witness) reports(mark int) (all []remoteTrackLevel) {
	for _, e := range w.Events()[mark:] {
		var s struct{ Remote []remoteTrackLevel }
		if e.Name == "stats" && e.Decode(&s) == nil {
			all = append(all, s.Remote...)
		}
	}
	return all
}

// remoteTrackLevel is a remoteTrack with its loudness.
type remoteTrackLevel struct {
	remoteTrack
	Level float64 `json:"level"`
}

// checkWords looks for events that were not so.
func (w witness) checkWords(t *testing.T, mark int) {
	t.Helper()
	harmless := []string{
		"stats", "speakers", "quality", "participant_joined", "participant_updated", "participant_left",
		"track_published", "track_unpublished", "track_subscribed", "track_unsubscribed",
	}
	for _, e := range w.Events()[mark:] {
		switch {
		case !slices.Contains(harmless, e.Name), e.Get("lost") == true,
			e.Name == "participant_left" && e.Text("id") != "mallory",
			strings.HasPrefix(e.Name, "track_un") && e.Text("id") == w.good.id:
			t.Errorf("it says what is not so: %s", e.Raw)
		}
	}
}
