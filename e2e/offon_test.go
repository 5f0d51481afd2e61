//go:build linux

package e2e

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"foyer/engine/devices/testpicture"
	"foyer/internal/drive"
	"foyer/internal/testenv"
)

const (
	// runFor is how long the sources run before they are turned off for the first
	// time: where timestamps begin anew, the far side stands still for as long, which
	// is longer than seenAgainWithin. make bench lets them run for a minute.
	runFor = 12 * time.Second
	// offAndOns is how often each is turned off and on.
	offAndOns = 3
	// seenAgainWithin is when they are seen and heard again, on a busy machine; make
	// bench holds 500 ms at the 95th percentile.
	seenAgainWithin = 10 * time.Second
	// youngFrame is a number that the test pattern has only in the first seconds
	// after its source was opened, and never after runFor.
	youngFrame = 10 * 30
	// Frames of this size are enough to read their numbers.
	smallWidth, smallHeight = 320, 180
)

// TestOffAndOnAgain turns camera, screen and microphone off and on three times,
// after they have run for a while, and then changes, loses and finds the camera
// and changes the microphone. Foyer and Chromium see and hear each time what is
// sent then, and nobody is said to have lost the connection.
func TestOffAndOnAgain(t *testing.T) {
	f := testenv.Foyer(t)
	server := testenv.Serve(t, f, drive.ServeOptions{})
	link := server.Invite("design")
	join := func(id string, args ...string) side {
		return side{id: id, Process: testenv.Join(t, f, drive.JoinOptions{Link: link, Name: id, ID: id, Args: args})}
	}
	cyd := join("cyd")
	web := side{id: "web", Process: browse(t, server, drive.BrowserOptions{Room: "design", ID: "web"})}
	web.Await("joined") // before anybody needs the processor for frames
	bob := join("bob", "--camera", "test", "--mic", "test")
	bob.Await("joined")
	started := time.Now()
	bob.Say(map[string]any{"cmd": "publish", "source": "screen", "device": "test"})
	watch := watching{bob: bob, foyer: cyd, browser: web}
	for _, s := range []side{cyd, web} {
		for _, source := range []string{"camera", "screen", "microphone"} {
			s.AwaitWhere("track_subscribed", func(e drive.Event) bool {
				return e.Text("id") == "bob" && e.Text("source") == watch.called(s, source)
			})
		}
	}
	time.Sleep(time.Until(started.Add(runFor)))

	for _, source := range []string{"camera", "screen", "microphone"} {
		t.Run(source, func(t *testing.T) {
			for range offAndOns {
				watch.offAndOn(t, source)
			}
		})
	}
	t.Run("another camera", func(t *testing.T) { watch.changeCamera(t) })
	t.Run("another microphone", func(t *testing.T) { watch.changeMicrophone(t) })
	for _, s := range []side{bob, cyd} {
		for _, e := range s.Events() {
			if e.Name == "quality" && e.Text("quality") == "lost" {
				t.Errorf("%s is told that the connection of %s is lost", s.id, e.Text("id"))
			}
		}
	}
}

// watching is somebody who sends, and the two that watch.
type watching struct{ bob, foyer, browser side }

// called is the source's name at one of the watchers.
func (w watching) called(s side, source string) string {
	if s.id == w.browser.id && source == "screen" {
		return "screen_share"
	}
	return source
}

func (w watching) offAndOn(t *testing.T, source string) {
	t.Helper()
	mark := w.foyer.Mark()
	w.bob.Say(map[string]any{"cmd": "mute", "source": source})
	w.foyer.AwaitAfter(mark, "track_muted", func(e drive.Event) bool { return e.Text("source") == source })
	if source == "microphone" {
		w.hear(t, false)
	} else {
		w.dark(t, source)
	}
	mark = w.foyer.Mark()
	on := time.Now()
	w.bob.Say(map[string]any{"cmd": "unmute", "source": source})
	var back time.Time
	if source == "microphone" {
		w.hear(t, true)
		back = time.Now()
	} else {
		back = w.see(t, source, func(n int) bool { return n < youngFrame })
	}
	if took := back.Sub(on); took > seenAgainWithin {
		t.Errorf("the %s was back after %v", source, took)
	} else {
		t.Logf("the %s was back after %v at most", source, took)
	}
	w.foyer.AwaitAfter(mark, "track_unmuted", func(e drive.Event) bool { return e.Text("source") == source })
}

// dark waits until no frames come any more.
func (w watching) dark(t *testing.T, source string) {
	t.Helper()
	for frames, mark := -1, w.foyer.Mark(); ; {
		e := w.foyer.AwaitAfter(mark, "stats", nil)
		mark = e.Index + 1
		for _, r := range remoteTracks(e) {
			if r.Source != source {
				continue
			}
			if r.Frames == frames {
				return
			}
			frames = r.Frames
		}
	}
}

// see waits for new frames at both, of the source as it is now, and says when
// the second of them had one.
func (w watching) see(t *testing.T, source string, isNew func(number int) bool) (at time.Time) {
	t.Helper()
	for word, s := range map[string]side{"snapshot": w.foyer, "next": w.browser} {
		for deadline := time.Now().Add(testenv.Limit); ; {
			file := filepath.Join(t.TempDir(), "picture.png")
			mark := s.Mark()
			s.Say(map[string]any{
				"cmd": word, "id": w.bob.id, "source": w.called(s, source), "file": file, "width": smallWidth, "height": smallHeight,
			})
			ctx, cancel := context.WithTimeout(t.Context(), testenv.Limit/4)
			e, err := s.Wait(ctx, word, mark, func(e drive.Event) bool { return e.Text("file") == file })
			cancel()
			if err == nil {
				if n, ok := testpicture.ReadImage(readPNG(t, file)); ok && isNew(n) {
					at = e.Seen
					break
				}
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s sees nothing new of the %s: %v", s.id, source, err)
			}
		}
	}
	return at
}

// hear waits until both hear the microphone, or do not.
func (w watching) hear(t *testing.T, loud bool) {
	t.Helper()
	const (
		toneLevel = 0.4                    // of 0.67, which -20 dBov are
		toneRMS   = 800                    // of 2300
		listen    = 200 * time.Millisecond // at a time
	)
	w.foyer.AwaitAfter(w.foyer.Mark(), "stats", func(e drive.Event) bool {
		var s struct {
			Remote []struct {
				Source string
				Level  float64
			}
		}
		must(t, json.Unmarshal(e.Raw, &s))
		for _, r := range s.Remote {
			if r.Source == "microphone" {
				return r.Level > toneLevel == loud
			}
		}
		return false
	})
	deadline := time.Now().Add(testenv.Limit)
	for rms(w.browser.listens(t, w.bob, listen)) > toneRMS != loud {
		if time.Now().After(deadline) {
			t.Fatalf("the browser hears the microphone: %v", !loud)
		}
	}
}

func rms(samples []int16) float64 {
	sum := 0.0
	for _, v := range samples {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum / float64(max(1, len(samples))))
}

// changeCamera goes to a short film, which begins again and again, is lost and
// found, and back to the test pattern, all within the same track.
func (w watching) changeCamera(t *testing.T) {
	const length = 60 // frames
	film := writeY4M(t, 320, 180, length)
	whole, err := os.ReadFile(film)
	must(t, err)
	mark, theirs := w.bob.Mark(), w.foyer.Mark()
	inFilm := func(from, to int) func(int) bool {
		return func(n int) bool { return n >= from && n < to }
	}
	w.bob.Say(map[string]any{"cmd": "publish", "source": "camera", "device": film})
	for range 2 { // both halves, in the first round and after the film's end
		w.see(t, "camera", inFilm(length/2, length))
		w.see(t, "camera", inFilm(0, length/2))
	}

	t.Log("lost and found")
	must(t, os.Truncate(film, int64(len(whole))/2))
	w.bob.AwaitAfter(mark, "device_lost", func(e drive.Event) bool { return e.Text("source") == "camera" })
	w.foyer.AwaitAfter(theirs, "track_muted", func(e drive.Event) bool { return e.Text("source") == "camera" })
	must(t, os.WriteFile(film, whole, 0o600))
	w.bob.Say(map[string]any{"cmd": "unmute", "source": "camera"})
	w.see(t, "camera", inFilm(length/2, length))

	t.Log("and back")
	w.bob.Say(map[string]any{"cmd": "publish", "source": "camera", "device": "test"})
	w.see(t, "camera", inFilm(2*length, 15*30)) // not as old as it was before the film
	for _, e := range w.foyer.Events()[theirs:] {
		if e.Name == "track_unpublished" || e.Name == "track_unsubscribed" {
			t.Errorf("the track was given up: %s", e.Raw)
		}
	}
}

// changeMicrophone goes to a silent file and back, within the same track.
func (w watching) changeMicrophone(t *testing.T) {
	silence := filepath.Join(t.TempDir(), "silence.wav")
	must(t, drive.WriteWAV(silence, make([]int16, drive.SampleRate)))
	theirs := w.foyer.Mark()
	for range offAndOns {
		w.bob.Say(map[string]any{"cmd": "publish", "source": "microphone", "device": silence})
		w.hear(t, false)
		w.bob.Say(map[string]any{"cmd": "publish", "source": "microphone", "device": "test"})
		w.hear(t, true)
	}
	for _, e := range w.foyer.Events()[theirs:] {
		if e.Name == "track_unpublished" || e.Name == "track_unsubscribed" {
			t.Errorf("the track was given up: %s", e.Raw)
		}
	}
}
