//go:build linux

package window

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"slices"
	"strings"
	"time"

	"github.com/jezek/xgb/xproto"

	"foyer/bench/internal/harness"
	"foyer/bench/internal/people"
	"foyer/bench/internal/report"
	"foyer/internal/desktop"
	"foyer/internal/drive"
	"foyer/internal/screenreader"
)

const (
	answerRounds = 5
	answerLimit  = 100 // milliseconds

	left       = 1 // button of the mouse
	escape     = xproto.Keysym(0xff1b)
	f11        = xproto.Keysym(0xffc8)
	keyL       = xproto.Keysym('l')
	barHigh    = 110 // pixels below, and
	headerHigh = 60  // above the stage, where the buttons lie
)

// menuGround is the colour of menus (ui/theme).
var menuGround = color.RGBA{0x2A, 0x2E, 0x36, 255}

// Answers measures, with nine live tiles, how long it takes from a click on each button
// of the bar and the header until its menu is there, or the button looks as neither
// before nor while it is held: with another icon, or dimmed by a sheet. And how long the
// main thread is busy at once.
func Answers(ctx context.Context, b *harness.Bench) (err error) {
	r, err := b.OpenRoom(ctx, "answers")
	if err != nil {
		return err
	}
	defer r.Close()
	p, err := people.NewPublishers()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	c, err := newClicker(ctx, b, r)
	if err != nil {
		return err
	}
	defer c.close()
	counts := tileCounts()
	most := counts[len(counts)-1]
	if err := p.Grow(ctx, r.Link, most); err != nil {
		return err
	}
	if _, err := findTiles(ctx, c.eyes, most); err != nil {
		return err
	}
	if err := c.tasks(ctx, b, most); err != nil {
		return err
	}
	return c.clickAll(ctx, b, most)
}

// clicker is somebody in a room who knows where the buttons are.
type clicker struct {
	*seat
	hand   *desktop.Hand
	bus    *drive.Bus
	reader *screenreader.Reader
	pprof  string
	aside  image.Point // where the pointer rests on nothing
}

// newClicker lets somebody join. Their camera and microphone are ready, and off.
func newClicker(ctx context.Context, b *harness.Bench, r *harness.Room) (c *clicker, err error) {
	c = &clicker{}
	defer func() {
		if err != nil {
			c.close()
		}
	}()
	if c.seat, err = newSeat(ctx); err != nil {
		return c, err
	}
	if c.bus, err = drive.StartBus(ctx); err != nil {
		return c, err
	}
	if c.reader, err = screenreader.Start(ctx, c.bus, c.display); err != nil {
		return c, err
	}
	if c.hand, err = c.eyes.Hand(); err != nil {
		return c, err
	}
	port, err := drive.FreePort()
	if err != nil {
		return c, err
	}
	c.pprof = fmt.Sprintf("127.0.0.1:%d", port)
	if err := c.open(b, slices.Concat(r.Pulse.Env(), c.bus.Env()), "--pprof", c.pprof, r.Link); err != nil {
		return c, err
	}
	return c, c.join(ctx)
}

func (c *clicker) close() {
	if c.seat != nil {
		c.seat.close()
	}
	if c.reader != nil {
		c.reader.Close()
	}
	if c.bus != nil {
		c.bus.Close()
	}
}

// button is one, where it lies.
type button struct {
	name string
	at   image.Rectangle
	menu bool // it opens one above it
}

// buttons lists those of the header and the bar, but for the one that leaves. Nobody
// reads the window afterwards: that would cost it time.
func (c *clicker) buttons(ctx context.Context) ([]button, error) {
	windows := c.eyes.Windows(ctx, "Foyer")
	if len(windows) == 0 {
		return nil, errors.New("there is no window")
	}
	window, err := c.eyes.Place(windows[0])
	if err != nil {
		return nil, err
	}
	c.aside = window.Min.Add(image.Pt(8, headerHigh/2))
	all, err := c.reader.Controls(ctx, "Foyer")
	if err != nil {
		return nil, err
	}
	var found []button
	for _, control := range all {
		if control.Role != "button" || !control.Has(screenreader.StateEnabled) || strings.HasPrefix(control.Name, "Leave") ||
			control.Name == "Grid" { // it is so already
			continue
		}
		at, err := control.Place(ctx)
		if err != nil {
			return nil, err
		}
		if at.Max.Y <= window.Min.Y+headerHigh || at.Min.Y >= window.Max.Y-barHigh {
			menu := strings.HasPrefix(control.Name, "Choose") || strings.HasPrefix(control.Name, "React")
			found = append(found, button{control.Name, at.Inset(2), menu})
		}
	}
	if len(found) < 12 {
		return nil, fmt.Errorf("only %d buttons were found: %v", len(found), found)
	}
	return found, c.reader.Listen(ctx, false)
}

// clickAll clicks on each, a few times.
func (c *clicker) clickAll(ctx context.Context, b *harness.Bench, tiles int) error {
	buttons, err := c.buttons(ctx)
	if err != nil {
		return err
	}
	took := map[string]*report.Times{}
	var all report.Times
	for range min(answerRounds, b.Rounds) {
		for _, one := range buttons {
			d, err := c.click(ctx, one)
			if err != nil {
				return fmt.Errorf("%s: %w", one.name, err)
			}
			if took[one.name] == nil {
				took[one.name] = &report.Times{}
			}
			took[one.name].Add(d)
			all.Add(d)
		}
	}
	slowest := buttons[0].name
	for name, times := range took {
		if times.At(.95) > took[slowest].At(.95) {
			slowest = name
		}
	}
	b.Table.Row(fmt.Sprintf("Click -> answer seen, %d live tiles, %d buttons", tiles, len(buttons)),
		fmt.Sprintf("%v; the slowest, %s: p95 %.1f ms", all, slowest, took[slowest].At(.95)),
		fmt.Sprintf("each p95 <= %d ms", answerLimit), took[slowest].At(.95) <= answerLimit)
	return nil
}

// click clicks on a button, says how long the answer took from the moment on when it is
// let go, and takes back what it did.
func (c *clicker) click(ctx context.Context, b button) (took time.Duration, err error) {
	if err := c.hand.Move(c.aside); err != nil {
		return 0, err
	}
	plain, err := rests(ctx, c.eyes, b.at)
	if err != nil {
		return 0, err
	}
	if err := c.hand.Move(b.at.Min.Add(b.at.Max).Div(2)); err != nil {
		return 0, err
	}
	hovered, err := rests(ctx, c.eyes, b.at)
	if err != nil {
		return 0, err
	}
	if err := c.hand.Down(left); err != nil {
		return 0, err
	}
	held, err := rests(ctx, c.eyes, b.at)
	if err != nil {
		return 0, err
	}
	start := time.Now()
	if err := c.hand.Up(left); err != nil {
		return 0, err
	}
	if b.menu {
		err = c.offers(ctx, b)
	} else {
		_, err = differs(ctx, c.eyes, b.at, hovered, held)
	}
	if err != nil {
		return 0, err
	}
	took = time.Since(start)
	if err := c.takeBack(ctx, b); err != nil {
		return 0, err
	}
	if err := c.hand.Move(c.aside); err != nil {
		return 0, err
	}
	return took, becomes(ctx, c.eyes, b.at, plain)
}

// offers waits until a menu lies above a button, over tiles that move.
func (c *clicker) offers(ctx context.Context, b button) error {
	ctx, cancel := context.WithTimeout(ctx, answerWait)
	defer cancel()
	place := image.Rect(b.at.Min.X+8, b.at.Min.Y-60, b.at.Min.X+80, b.at.Min.Y-20)
	var failed error
	err := drive.UntilEvery(ctx, time.Millisecond, func() bool {
		img, err := c.eyes.Look(place)
		if failed = err; err != nil {
			return true
		}
		ground := 0
		for _, patch := range desktop.Blobs(img, menuGround, 2, 20) {
			ground += patch.Pixels
		}
		return ground > place.Dx()*place.Dy()/3
	})
	return errors.Join(err, failed)
}

// takeBack undoes what a click did: what toggles is clicked once more, what opened is
// closed.
func (c *clicker) takeBack(ctx context.Context, b button) (err error) {
	if _, err := rests(ctx, c.eyes, b.at); err != nil {
		return err
	}
	toggles := []string{"Mute", "Unmute", "Start camera", "Stop camera", "Raise your hand"}
	switch {
	case slices.ContainsFunc(toggles, func(name string) bool { return strings.HasPrefix(b.name, name) }):
		err = errors.Join(c.hand.Down(left), c.hand.Up(left))
	case strings.HasPrefix(b.name, "Full screen"):
		err = c.hand.Key(f11)
	case b.name == "Speaker":
		err = c.hand.Key(keyL)
	case b.name == "Invite": // it takes itself back
	default: // once to leave a field, once to close what is open
		err = errors.Join(c.hand.Key(escape), c.hand.Key(escape))
	}
	return err
}
