//go:build linux

package e2e

import (
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"foyer/internal/drive"
	"foyer/internal/drive/badline"
	"foyer/internal/testenv"
)

// What a line carries, in kbit/s: both layers of the film, or one of them.
const (
	wideLine, narrowLine = 3000, 280
	lineQueue            = 500 * time.Millisecond
	squeezeFor           = 10 * time.Second
	// lineSettles is how long the two have, after the line has changed, on a busy
	// machine with the race detector.
	lineSettles = 4 * time.Second
	wideWithin  = 15 * time.Second
)

// TestNarrowLine makes the line of a receiver narrow, and that of a sender: frames go
// on, smaller ones, and are large again when the line is wide.
func TestNarrowLine(t *testing.T) {
	t.Parallel()
	f := testenv.Foyer(t)
	film := filepath.Join(t.TempDir(), "film.y4m")
	must(t, badline.Film{Width: 640, Height: 360, FPS: 30, Frames: 30}.Write(film))
	stories := []*lineStory{newLineStory(t, f, film, false), newLineStory(t, f, film, true)}
	var all sync.WaitGroup // not subtests: that runs as many as there are processors, and these wait
	for _, s := range stories {
		all.Go(func() {
			if err := s.run(); err != nil {
				t.Errorf("%s line: %v", s.whose, err)
			}
		})
	}
	all.Wait()
}

// lineStory is Ada, who is seen by Bob; the server sits with one of them.
type lineStory struct {
	t        *testing.T
	whose    string
	cable    *drive.Cable
	line     *drive.NetNS // its narrow end
	ada, bob *testenv.Process
}

func newLineStory(t *testing.T, f drive.Foyer, film string, senders bool) *lineStory {
	t.Helper()
	cable := layCable(t)
	server := testenv.Serve(t, f, drive.ServeOptions{NS: cable.A, Listen: cable.A.Addr + ":7443"})
	link, err := server.Drive.InviteFrom(t.Context(), cable.A, "line")
	must(t, err)
	s := &lineStory{t: t, whose: "receiver's", cable: cable, line: cable.A}
	ada, bob := cable.A, cable.B
	if senders {
		s.whose, s.line, ada, bob = "sender's", cable.B, cable.B, cable.A
	}
	must(t, badline.Narrow(t.Context(), s.line, wideLine, lineQueue))
	s.ada = testenv.Join(t, f, drive.JoinOptions{
		Link: link, Name: "ada", ID: "ada", NS: ada, Args: []string{"--camera", film},
	})
	s.bob = testenv.Join(t, f, drive.JoinOptions{Link: link, Name: "bob", ID: "bob", NS: bob})
	return s
}

// seen is what Bob sees of Ada: frames so far, and how high the newest is.
func (s *lineStory) seen() (frames, height int) {
	mark := s.bob.Mark()
	s.bob.Say(map[string]any{"cmd": "stats"})
	for _, r := range remoteTracks(s.bob.AwaitAfter(mark, "stats", nil)) {
		frames, height = r.Frames, r.Height
	}
	return frames, height
}

func (s *lineStory) run() error {
	if err := s.reaches(360, testenv.Limit); err != nil {
		return fmt.Errorf("before it: %w", err)
	}
	if err := badline.Narrow(s.t.Context(), s.line, narrowLine, lineQueue); err != nil {
		return err
	}
	<-time.After(lineSettles) // how long it lasts is what is tested
	frames, _ := s.seen()
	for range int((squeezeFor - lineSettles) / (2 * time.Second)) {
		<-time.After(2 * time.Second)
		now, height := s.seen()
		if now == frames {
			return fmt.Errorf("no frame within 2 s on the narrow line, %d before, the last one %d high", frames, height)
		}
		frames = now
	}
	if err := badline.Narrow(s.t.Context(), s.line, wideLine, lineQueue); err != nil {
		return err
	}
	return s.reaches(360, wideWithin)
}

// reaches waits for frames of that height.
func (s *lineStory) reaches(height int, within time.Duration) error {
	deadline := time.After(within)
	for {
		frames, now := s.seen()
		if frames > 0 && now == height {
			return nil
		}
		select {
		case <-deadline:
			return fmt.Errorf("frames are %d high after %v", now, within)
		case <-time.After(100 * time.Millisecond):
		}
	}
}
