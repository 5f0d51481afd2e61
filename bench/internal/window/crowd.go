//go:build linux

package window

import (
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"time"

	"github.com/jezek/xgb/xproto"

	"foyer/bench/internal/harness"
	"foyer/bench/internal/report"
	"foyer/internal/desktop"
	"foyer/internal/drive"
)

// CrowdWord makes the benchmark's own program a window that shows a crowd.
const CrowdWord = "crowd-window"

// What a crowd has, and what is wanted.
const (
	crowdPeople = 500
	crowdLines  = 5000
	openLimit   = 200 // milliseconds until a panel is there
	turnLimit   = 50  // until the chat has moved: three frames at 60 Hz
	mostRows    = 60  // that may be laid out, of which a dozen are seen
	wheelTurns  = 60
	wheelUp     = 4

	keyP, keyC = xproto.Keysym('p'), xproto.Keysym('c')
	panelWidth = 300 // pixels at the right of the window, which a panel has at least
)

// Crowd measures how soon the panel of people opens with 500 of them, and the chat with
// 5,000 lines, how it scrolls, and how much of it is laid out. The window is the real
// one, on a display, with the program's own ui; that so many are there it is told.
func Crowd(ctx context.Context, b *harness.Bench) error {
	s, err := newSeat(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	c := &crowd{seat: s}
	if err := c.open(ctx, b); err != nil {
		return err
	}
	for _, panel := range []struct {
		what string
		key  xproto.Keysym
	}{
		{fmt.Sprintf("%d people: P -> the panel is there", crowdPeople), keyP},
		{fmt.Sprintf("%d lines of chat: C -> the panel is there", crowdLines), keyC},
	} {
		took, err := c.opens(ctx, panel.key)
		if err != nil {
			return fmt.Errorf("%s: %w", panel.what, err)
		}
		b.Table.Row(panel.what, took.String(), fmt.Sprintf("p95 <= %d ms", openLimit), took.At(.95) <= openLimit)
	}
	if err := c.hand.Key(keyC); err != nil {
		return err
	}
	if _, err := c.rests(ctx); err != nil {
		return err
	}
	took, err := c.turns(ctx)
	if err != nil {
		return fmt.Errorf("the wheel: %w", err)
	}
	b.Table.Row("... a turn of the wheel -> the lines have moved", took.String(),
		fmt.Sprintf("p95 <= %d ms", turnLimit), took.At(.95) <= turnLimit)
	rows, err := c.rows(ctx)
	if err != nil {
		return err
	}
	few := 0 < rows && rows <= mostRows
	b.Table.Row("... laid out", fmt.Sprintf("%d lines", rows), fmt.Sprintf("<= %d", mostRows), few)
	return nil
}

// crowd is a window with many people and lines.
type crowd struct {
	*seat
	hand  *desktop.Hand
	panel image.Rectangle
}

func (c *crowd) open(ctx context.Context, b *harness.Bench) (err error) {
	if c.hand, err = c.eyes.Hand(); err != nil {
		return err
	}
	home, err := b.Folder("crowd")
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	c.window, err = drive.Start(drive.Command{
		Name: "crowd", Path: self, Args: []string{CrowdWord}, Logs: b.Foyer.Work,
		Env: append(c.display.Env(), "HOME="+home, "XDG_CONFIG_HOME="+home, "FYNE_SCALE=1", "FYNE_THEME=dark",
			"WAYLAND_DISPLAY=", "LC_ALL=C.UTF-8"),
	})
	if err != nil {
		return err
	}
	if _, err := harness.Wait(ctx, c.window, "ready", 0, nil); err != nil {
		return err
	}
	if _, err := c.find(ctx, danger()); err != nil {
		return err
	}
	windows := c.eyes.Windows(ctx, "Crowd")
	if len(windows) == 0 {
		return errors.New("there is no window")
	}
	at, err := c.eyes.Place(windows[0])
	if err != nil {
		return err
	}
	if err := c.hand.Move(image.Pt(at.Max.X-panelWidth/2, at.Min.Y+at.Dy()/2)); err != nil {
		return err
	}
	c.panel = image.Rect(at.Max.X-panelWidth, at.Min.Y+headerHigh, at.Max.X, at.Max.Y-barHigh)
	_, err = c.rests(ctx)
	return err
}

// rests waits until the place of the panels looks the same for a while.
func (c *crowd) rests(ctx context.Context) ([]byte, error) { return rests(ctx, c.eyes, c.panel) }

// opens measures how long a panel takes from its key until all of it is there, and
// closes it again.
func (c *crowd) opens(ctx context.Context, key xproto.Keysym) (took report.Times, err error) {
	before, err := c.rests(ctx)
	if err != nil {
		return nil, err
	}
	for range answerRounds {
		start := time.Now()
		if err := c.hand.Key(key); err != nil {
			return nil, err
		}
		last, err := changed(ctx, c.eyes, c.panel, before)
		if err != nil {
			return nil, err
		}
		took.Add(last.Sub(start))
		// Once to leave a field, once to close the panel.
		if err := errors.Join(c.hand.Key(escape), c.hand.Key(escape)); err != nil {
			return nil, err
		}
		if err := becomes(ctx, c.eyes, c.panel, before); err != nil {
			return nil, fmt.Errorf("it does not close: %w", err)
		}
	}
	return took, nil
}

// turns measures how long the lines take to move after a turn of the wheel.
func (c *crowd) turns(ctx context.Context) (took report.Times, err error) {
	for range wheelTurns {
		before, err := c.rests(ctx)
		if err != nil {
			return nil, err
		}
		start := time.Now()
		if err := errors.Join(c.hand.Down(wheelUp), c.hand.Up(wheelUp)); err != nil {
			return nil, err
		}
		if _, err := differs(ctx, c.eyes, c.panel, before); err != nil {
			return nil, err
		}
		took.Add(time.Since(start))
	}
	return took, nil
}

// rows asks the window how many lines it has laid out.
func (c *crowd) rows(ctx context.Context) (int, error) {
	mark := c.window.Mark()
	if err := c.window.Send(map[string]string{"cmd": "rows"}); err != nil {
		return 0, err
	}
	said, err := harness.Wait(ctx, c.window, "rows", mark, nil)
	return int(said.Number("n")), err
}
