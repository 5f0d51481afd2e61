//go:build linux

package window

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"time"

	"github.com/jezek/xgb/xproto"

	"foyer/bench/internal/harness"
	"foyer/bench/internal/report"
	"foyer/internal/desktop"
	"foyer/internal/drive"
)

const (
	lobbyStarts = 10
	usableLimit = 800
	idleShare   = 0.01 // of a core, that a lobby may use without a preview

	typeEvery  = 15 * time.Millisecond
	letterW    = xproto.Keysym('w')
	lettersInk = 120 // bright pixels of three of them at least; a caret has fewer
)

// Lobby measures how soon somebody can use the lobby, by when a key that is typed into
// the name's field is seen there; and what the lobby costs while nobody does anything.
func Lobby(ctx context.Context, b *harness.Bench) error {
	var usable report.Times
	var field image.Rectangle // where the name's field lies, by the first start
	empty := 0                // bright pixels in it before anybody types
	for range min(lobbyStarts, b.Rounds) + 1 {
		s, err := newSeat(ctx)
		if err != nil {
			return err
		}
		if field.Empty() {
			field, empty, err = s.nameField(ctx, b)
		} else {
			err = s.typeSoon(ctx, b, field, empty+lettersInk, &usable)
		}
		s.close()
		if err != nil {
			return fmt.Errorf("the lobby: %w", err)
		}
	}
	b.Table.Row("Start -> a key typed into the name's field is seen", usable.String(),
		fmt.Sprintf("p95 <= %d ms", usableLimit), usable.At(.95) <= usableLimit)
	return idleLobby(ctx, b)
}

// noAudio is the environment of a window without a sound server.
func noAudio() []string { return []string{"PULSE_SERVER=unix:/nonexistent"} }

// nameField opens a window, and finds the field above its main button.
func (s *seat) nameField(ctx context.Context, b *harness.Bench) (field image.Rectangle, bright int, err error) {
	if err := s.open(b, noAudio()); err != nil {
		return field, 0, err
	}
	var start desktop.Blob
	for same := 0; same < 3; { // cards that come later move it
		now, err := s.find(ctx, accent())
		if err != nil {
			return field, 0, err
		}
		if same++; now.Centre() != start.Centre() {
			same = 0
		}
		start = now
		if err := harness.Pause(ctx, settle/8); err != nil {
			return field, 0, err
		}
	}
	middle := start.Min.Y - 32 // of a field 40 high, 12 above the button
	field = image.Rect(start.Min.X+8, middle-12, start.Max.X-8, middle+12)
	img, err := s.eyes.Look(field)
	return field, brightIn(img), err
}

// brightIn counts the pixels that text has.
func brightIn(img *image.RGBA) (n int) {
	if img == nil {
		return 0
	}
	for i := 0; i+3 < len(img.Pix); i += 4 {
		if img.Pix[i] > 150 && img.Pix[i+1] > 150 && img.Pix[i+2] > 150 {
			n++
		}
	}
	return n
}

// typeSoon opens a window, and clicks and types into the field from its first pixel on,
// until it is seen.
func (s *seat) typeSoon(
	ctx context.Context, b *harness.Bench, field image.Rectangle, written int, usable *report.Times,
) error {
	hand, err := s.eyes.Hand()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, harness.Patience)
	defer cancel()
	middle := field.Min.Add(field.Max).Div(2)
	start := time.Now()
	if err := s.open(b, noAudio()); err != nil {
		return err
	}
	var failed error
	err = drive.UntilEvery(ctx, typeEvery, func() bool {
		img, err := s.eyes.Look(field)
		if failed = err; err != nil || brightIn(img) >= written {
			return true
		}
		if img.RGBAAt(middle.X, middle.Y) == (color.RGBA{A: 255}) {
			return false // there is no window
		}
		for _, act := range []func() error{
			func() error { return hand.Move(middle) },
			func() error { return hand.Down(1) }, func() error { return hand.Up(1) },
			func() error { return hand.Key(letterW) }, func() error { return hand.Key(letterW) },
			func() error { return hand.Key(letterW) },
		} {
			if failed = act(); failed != nil {
				return true
			}
		}
		return false
	})
	usable.Add(time.Since(start))
	if failed != nil {
		return failed
	}
	return err
}

// idleLobby measures a window at which nobody does anything.
func idleLobby(ctx context.Context, b *harness.Bench) error {
	s, err := newSeat(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.open(b, noAudio()); err != nil {
		return err
	}
	if _, err := s.find(ctx, accent()); err != nil {
		return err
	}
	used, err := spend(ctx, []int{s.window.PID})
	if err != nil {
		return err
	}
	b.Table.Row("Foyer, the lobby without a preview", fmt.Sprintf("CPU %.1f %% of a core", 100*used.cpu),
		"<= "+report.Percent(idleShare)+" of a core", used.cpu <= idleShare)
	return nil
}
