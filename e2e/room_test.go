//go:build linux

package e2e

import (
	"context"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"foyer/internal/drive"
	"foyer/internal/testenv"
)

// side is somebody in the room who can be asked what they see and hear.
type side struct {
	id string
	*testenv.Process
	pulse *testenv.PulseServer // nil for the browser
}

func (s side) isBrowser() bool { return s.pulse == nil }

// looks saves the frame that s sees of another side. A snapshot gives up after
// 3 s without a new frame of one size, which a busy machine may take.
func (s side) looks(t *testing.T, at side, file string) {
	t.Helper()
	word := "snapshot"
	if s.isBrowser() {
		word = "picture"
	}
	for deadline := time.Now().Add(testenv.Limit); ; {
		mark := s.Mark()
		s.Say(map[string]any{"cmd": word, "id": at.id, "source": "camera", "file": file})
		ctx, cancel := context.WithTimeout(t.Context(), testenv.Limit/4)
		_, err := s.Wait(ctx, word, mark, func(e drive.Event) bool { return e.Text("file") == file })
		cancel()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

// listens records what s hears for d; from the browser only what it hears of
// one other side.
func (s side) listens(t *testing.T, to side, d time.Duration) []int16 {
	t.Helper()
	if !s.isBrowser() {
		return s.pulse.RecordSpeaker(t.Context(), d)
	}
	file := filepath.Join(t.TempDir(), "heard.raw")
	mark := s.Mark()
	s.Say(map[string]any{"cmd": "sound", "id": to.id, "source": "microphone", "ms": d.Milliseconds(), "file": file})
	s.AwaitAfter(mark, "sound", nil)
	heard, err := drive.ReadRaw(file)
	if err != nil {
		t.Error(err)
	}
	return heard
}

type remoteTrack struct {
	ID     string  `json:"id"`
	Source string  `json:"source"`
	Frames int     `json:"frames_decoded"`
	Width  int     `json:"width"`
	Height int     `json:"height"`
	FPS    float64 `json:"fps"`
	Bytes  int     `json:"bytes"`
	Level  float64 `json:"level"`
	Codec  string  `json:"codec"`
}

func remoteTracks(e drive.Event) []remoteTrack {
	var s struct{ Remote []remoteTrack }
	_ = e.Decode(&s) // none, then
	return s.Remote
}

// counts waits until s has decoded at least n frames of another side.
func (s side) counts(t *testing.T, of side, n int) int {
	t.Helper()
	frames := 0
	enough := func(e drive.Event) bool {
		for _, r := range remoteTracks(e) {
			if r.ID == of.id && r.Source == "camera" {
				frames = r.Frames
			}
		}
		return frames >= n
	}
	if !s.isBrowser() {
		s.AwaitAfter(s.Mark(), "stats", enough) // an older one may have been enough long ago
		return frames
	}
	deadline := time.Now().Add(testenv.Limit)
	for time.Now().Before(deadline) {
		mark := s.Mark()
		s.Say(map[string]any{"cmd": "stats"})
		if enough(s.AwaitAfter(mark, "stats", nil)) {
			return frames
		}
	}
	t.Fatalf("%s decoded %d pictures of %s, want %d", s.id, frames, of.id, n)
	return 0
}

// Two programs and a browser in one room: everybody sees everybody move, and
// hears everybody speak.
func TestEverySideSeesAndHearsTheOthers(t *testing.T) {
	f := testenv.Foyer(t)
	server := testenv.Serve(t, f, drive.ServeOptions{})
	link := server.Invite("design")

	voices := map[string][]int16{
		"ada":   speak(t, "Good morning everybody, shall we begin with the drawings?", 50),
		"grace": speak(t, "The compiler found nine errors in the second part.", 80),
		"web":   speak(t, "I am sitting in a browser at the other end of town.", 20),
	}
	voice := filepath.Join(t.TempDir(), "voice.wav")
	if err := drive.WriteWAV(voice, append(voices["web"], make([]int16, drive.SampleRate)...)); err != nil {
		t.Fatal(err)
	}
	film := writeY4M(t, 640, 360, 120)
	join := func(id, camera string) side {
		pulse := testenv.Pulse(t)
		p := testenv.Join(t, f, drive.JoinOptions{
			Link: link, Name: id, ID: id, Env: pulse.Env(),
			Args: []string{"--camera", camera, "--mic", "default", "--speaker", "default"},
		})
		return side{id, p, pulse}
	}
	ada, grace := join("ada", "test"), join("grace", film) // one of them sends all layers
	web := side{id: "web", Process: browse(t, server, drive.BrowserOptions{
		Room: "design", ID: "web", Camera: film, Microphone: voice,
	})}
	sides := []side{ada, grace, web}
	for _, s := range sides {
		s.Await("joined")
	}
	web.Await("publishing")
	quiet(web, true)

	t.Run("frames", func(t *testing.T) { // at the same time: they wait for what is coded once for all
		for _, a := range sides {
			for _, b := range sides {
				if a.id != b.id {
					t.Run(a.id+" sees "+b.id, func(t *testing.T) {
						t.Parallel()
						checkSeen(t, a, b)
					})
				}
			}
		}
	})
	darken(sides)
	for _, speaker := range sides {
		t.Run(speaker.id+" is heard", func(t *testing.T) { checkHeard(t, speaker, sides, voices) })
	}
	// A browser sends copies of its packets along, and LiveKit would leave them out for
	// somebody who does not take them.
	ada.AwaitAfter(ada.Mark(), "stats", func(e drive.Event) bool {
		codecs := map[string]string{}
		for _, r := range remoteTracks(e) {
			if r.Source == "microphone" {
				codecs[r.ID] = r.Codec
			}
		}
		return codecs["web"] == "audio/red" && codecs["grace"] == "audio/opus"
	})
}

// darken turns the cameras off: on a small machine four encoders starve the
// audio, which is what is tested next.
func darken(sides []side) {
	for _, s := range sides {
		if s.isBrowser() {
			mark := s.Mark()
			s.Say(map[string]any{"cmd": "camera", "on": false})
			s.AwaitAfter(mark, "camera", nil)
			continue
		}
		s.Say(map[string]any{"cmd": "unpublish", "source": "camera"})
		s.AwaitWhere("track_unpublished", func(e drive.Event) bool { return e.Get("local") == true })
	}
}

func speak(t *testing.T, text string, pitch int) []int16 {
	t.Helper()
	s, err := drive.Speak(t.Context(), text, pitch)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func browse(t *testing.T, server *testenv.Server, o drive.BrowserOptions) *testenv.Process {
	t.Helper()
	root, err := drive.Root()
	if err != nil {
		t.Fatal(err)
	}
	p, err := server.Drive.Browse(t.Context(), root, o)
	if err != nil {
		t.Fatal(err)
	}
	return testenv.Adopt(t, p)
}

func quiet(web side, on bool) {
	mark := web.Mark()
	web.Say(map[string]any{"cmd": "microphone", "on": !on})
	web.AwaitAfter(mark, "microphone", nil)
}

func checkSeen(t *testing.T, a, b side) {
	first := a.counts(t, b, 1)
	one, two := artifact(t, a.id+"-sees-"+b.id+".png"), filepath.Join(t.TempDir(), "two.png")
	a.looks(t, b, one)
	n := checkFrame(t, a.id+" of "+b.id, one)
	for more := 30; more <= 90; more += 30 { // a camera's film begins again: its frames may meet once
		a.counts(t, b, first+more)
		a.looks(t, b, two)
		if m := checkFrame(t, a.id+" of "+b.id, two); m != n {
			return
		}
	}
	t.Errorf("%s sees the same picture %d of %s again and again: it does not move", a.id, n, b.id)
}

// leastLikeness is what the same voice reaches even on a machine that cannot
// keep up; alone it reaches 0.8.
const leastLikeness = 0.55

// checkHeard lets one side speak and all others listen. What they hear must be
// like what was said, and not like what somebody else says.
func checkHeard(t *testing.T, speaker side, sides []side, voices map[string][]int16) {
	said := voices[speaker.id]
	must(t, drive.WriteWAV(artifact(t, speaker.id+"-says.wav"), said))
	length := time.Duration(len(said)) * time.Second / drive.SampleRate
	if speaker.isBrowser() {
		quiet(speaker, false)
		defer quiet(speaker, true)
		length *= 2 // it says it again and again; one must be whole
	}
	heard := make(map[string][]int16)
	var mu sync.Mutex
	var listening sync.WaitGroup
	for _, s := range sides {
		if s.id == speaker.id {
			continue
		}
		listening.Go(func() {
			h := s.listens(t, speaker, length+3*time.Second)
			mu.Lock()
			defer mu.Unlock()
			heard[s.id] = h
		})
	}
	if !speaker.isBrowser() {
		ctx, cancel := context.WithTimeout(t.Context(), testenv.Limit)
		defer cancel()
		// The recorders begin at the same time, and must not miss the first word.
		speaker.pulse.FeedMic(ctx, append(make([]int16, drive.SampleRate), said...))
	}
	listening.Wait()
	for id, h := range heard {
		must(t, drive.WriteWAV(artifact(t, id+"-hears-"+speaker.id+".wav"), h))
		is := drive.Likeness(said, h)
		t.Logf("%s heard %s: likeness %.2f", id, speaker.id, is)
		if is < leastLikeness {
			t.Errorf("%s did not hear %s: likeness %.2f, want %.2f", id, speaker.id, is, leastLikeness)
		}
		for other, voice := range voices {
			if was := drive.Likeness(voice, h); other != speaker.id && was > is-0.08 {
				t.Errorf("%s heard %s (%.2f) when %s spoke (%.2f)", id, other, was, speaker.id, is)
			}
		}
	}
}
