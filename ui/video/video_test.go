package video

import (
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"
	fynetheme "fyne.io/fyne/v2/theme"

	"foyer/engine/call"
	"foyer/ui/theme"
)

// screen shows one tile of w x h device-independent pixels.
type screen struct {
	win     fyne.Window
	tile    *Tile
	painter *Painter
	now     time.Time
}

func newScreen(t *testing.T, w, h, scale float32) *screen {
	t.Helper()
	test.NewTempApp(t).Settings().SetTheme(theme.Fixed(fynetheme.VariantDark))
	s := &screen{tile: NewTile(), now: time.Unix(0, 0)}
	s.painter = NewPainter(func() time.Time { return s.now }, nil)
	s.painter.Add(s.tile)
	s.win = test.NewWindow(container.NewWithoutLayout(s.tile))
	s.win.SetPadded(false)
	s.win.Canvas().(test.WindowlessCanvas).SetScale(scale)
	s.win.Resize(fyne.NewSize(w, h))
	s.tile.Resize(fyne.NewSize(w, h))
	return s
}

func (s *screen) tick() image.Image {
	s.now = s.now.Add(Interval)
	s.painter.Tick()
	return s.win.Canvas().Capture()
}

// fill writes a frame of one colour with its left half darker.
func fill(slot *call.FrameSlot, c color.RGBA) {
	v := slot.View()
	img := slot.Begin(v.Width, v.Height)
	for y := range v.Height {
		for x := range v.Width {
			at := c
			if x < v.Width/2 {
				at = color.RGBA{c.R / 2, c.G / 2, c.B / 2, 255}
			}
			img.SetRGBA(x, y, at)
		}
	}
	slot.Commit()
}

func at(img image.Image, x, y int) color.RGBA {
	return color.RGBAModel.Convert(img.At(x, y)).(color.RGBA)
}

var (
	orange = color.RGBA{240, 160, 60, 255}
	teal   = color.RGBA{20, 140, 140, 255}
)

// A frame comes to the screen pixel by pixel, in the size that the tile has
// published, at every scale of the window.
func TestSlotToPixels(t *testing.T) {
	for _, scale := range []float32{1, 1.5, 2} {
		s := newScreen(t, 320, 180, scale)
		slot := &call.FrameSlot{}
		s.tile.SetSlot(slot)
		s.win.Canvas().Capture()
		w, h := int(320*scale), int(180*scale)
		if v := slot.View(); v.Width != w || v.Height != h {
			t.Fatalf("scale %v: published %dx%d, want %dx%d", scale, v.Width, v.Height, w, h)
		}
		fill(slot, orange)
		img := s.tick()
		if got := at(img, w-w/4, h/2); got != orange {
			t.Errorf("scale %v: right half is %v", scale, got)
		}
		if got, want := at(img, w/4, h/2), (color.RGBA{120, 80, 30, 255}); got != want {
			t.Errorf("scale %v: left half is %v", scale, got)
		}
		if left, right := at(img, w/2-1, h/2), at(img, w/2, h/2); left.R != 120 || right.R != 240 {
			t.Errorf("scale %v: the edge is blurred: %v | %v", scale, left, right)
		}
	}
}

func TestLatestWinsAndClearBlanks(t *testing.T) {
	s := newScreen(t, 320, 180, 1)
	s.tile.SetLook(Look{Initials: "AL", Seed: "ada"})
	slot := &call.FrameSlot{}
	s.tile.SetSlot(slot)
	s.win.Canvas().Capture()
	fill(slot, orange) // too old when the next but one is there
	fill(slot, teal)
	fill(slot, teal)
	if got := at(s.tick(), 240, 90); got != teal {
		t.Errorf("shows %v", got)
	}
	slot.Clear()
	img := s.tick()
	if s.tile.HasVideo() || at(img, 240, 90) == teal {
		t.Error("a cleared picture stays: a frozen face")
	}
	if got := at(img, 160-50, 90); got != color.RGBAModel.Convert(Hue("ada")) && at(img, 160, 90-35) != color.RGBAModel.Convert(Hue("ada")) {
		t.Errorf("no initials behind it: %v", got)
	}
}

// Nothing new, nothing painted; and never faster than every 28 ms.
func TestPaintsOnlyWhatIsNew(t *testing.T) {
	s := newScreen(t, 320, 180, 1)
	slot := &call.FrameSlot{}
	s.tile.SetSlot(slot)
	s.win.Canvas().Capture()
	fill(slot, orange)
	s.tick()
	shown := s.tile.seq
	s.tick()
	if s.tile.seq != shown {
		t.Error("took a picture that was shown already")
	}
	fill(slot, teal)
	s.now = s.now.Add(Interval - early - time.Millisecond)
	s.painter.Tick()
	if s.tile.seq != shown {
		t.Error("painted faster than the interval")
	}
	s.now = s.now.Add(time.Millisecond)
	s.painter.Tick()
	if s.tile.seq == shown {
		t.Error("a new picture was not taken")
	}
}

// The average holds whatever the screen's ticks are, as long as they are not
// rarer than the frames.
func TestPaintsThirtyTimesASecond(t *testing.T) {
	for _, tick := range []time.Duration{7, 11, 16, 20, 25, 31} {
		now, painted := time.Unix(0, 0), 0
		p := NewPainter(func() time.Time { return now }, func(time.Time) { painted++ })
		const seconds = 10
		for end := now.Add(seconds * time.Second); now.Before(end); now = now.Add(tick * time.Millisecond) {
			p.Tick()
		}
		if want := seconds * int(time.Second/Interval); painted < want-2 || painted > want+2 {
			t.Errorf("ticks every %d ms: %d paints in %d s", tick, painted, seconds)
		}
	}
}

// Frames that come late on a busy computer, and the next ones at once afterwards, are all
// shown, whenever they come between two paints.
func TestShowsFramesThatComeUnevenly(t *testing.T) {
	const seconds, period, late = 20, time.Second / 30, 12 * time.Millisecond
	s := newScreen(t, 64, 36, 1)
	chance := rand.New(rand.NewPCG(1, 2))
	for phase := time.Duration(0); phase < period; phase += period / 9 {
		slot := &call.FrameSlot{}
		s.tile.SetSlot(slot)
		start, came, shown, last := s.now, 0, 0, byte(0)
		next := start.Add(phase)
		for s.now.Sub(start) < seconds*time.Second {
			s.now = s.now.Add(time.Second/60 - time.Millisecond + time.Duration(chance.Int64N(int64(2*time.Millisecond))))
			for ; !next.After(s.now); came++ {
				slot.Begin(1, 1).Pix[0] = byte(came + 1)
				slot.Commit()
				next = start.Add(phase + time.Duration(came+1)*period + time.Duration(chance.Int64N(int64(late))))
			}
			s.painter.Tick()
			if s.tile.img != nil && s.tile.img.Pix[0] != last {
				last = s.tile.img.Pix[0]
				shown++
			}
		}
		if shown < came-5 {
			t.Errorf("%v after a paint: %d of %d frames are shown", phase, shown, came)
		}
	}
}

// What is not seen is not converted.
func TestHiddenTilesPublishNothing(t *testing.T) {
	s := newScreen(t, 320, 180, 1)
	slot, other := &call.FrameSlot{}, &call.FrameSlot{}
	s.tile.SetSlot(slot)
	s.win.Canvas().Capture()
	s.tile.Hide()
	if slot.View() != (call.View{}) {
		t.Error("hidden, and converted")
	}
	s.tile.Show()
	s.win.Canvas().Capture()
	if slot.View().Width != 320 {
		t.Error("shown again, and not converted")
	}
	s.tile.SetSlot(other)
	if slot.View() != (call.View{}) {
		t.Error("replaced, and still converted")
	}
	s.win.Canvas().Capture()
	s.painter.Remove(s.tile)
	if other.View() != (call.View{}) {
		t.Error("removed, and still converted")
	}
}

func TestFitMirrorAndPixelsAreTold(t *testing.T) {
	s := newScreen(t, 320, 180, 2)
	slot := &call.FrameSlot{}
	var told []image.Point
	s.tile.OnPixels = func(w, h int) { told = append(told, image.Pt(w, h)) }
	s.tile.SetLook(Look{Mirror: true, Fit: call.FitContain})
	s.tile.SetSlot(slot)
	s.win.Canvas().Capture()
	if v := slot.View(); v != (call.View{Width: 640, Height: 360, Mirror: true, Fit: call.FitContain}) {
		t.Errorf("published %+v", v)
	}
	s.tile.SetLook(Look{})
	if v := slot.View(); v != (call.View{Width: 640, Height: 360}) {
		t.Errorf("published %+v", v)
	}
	s.tile.Resize(fyne.NewSize(160, 90))
	s.win.Canvas().Capture()
	if len(told) != 2 || told[1] != image.Pt(320, 180) {
		t.Errorf("told %v", told)
	}
}

// While a tile grows the last frame is stretched, and never a hole.
func TestResizeKeepsTheFrame(t *testing.T) {
	s := newScreen(t, 320, 180, 1)
	slot := &call.FrameSlot{}
	s.tile.SetSlot(slot)
	s.win.Canvas().Capture()
	fill(slot, orange)
	s.tick()
	s.tile.Resize(fyne.NewSize(300, 160))
	if got := at(s.win.Canvas().Capture(), 240, 80); got != orange {
		t.Errorf("shows %v", got)
	}
}

// A frame that is smaller than its tile fills it, and is smooth.
func TestSmallFrameFillsTheTile(t *testing.T) {
	s := newScreen(t, 320, 180, 1)
	slot := &call.FrameSlot{}
	s.tile.SetSlot(slot)
	s.win.Canvas().Capture()
	img := slot.Begin(32, 18)
	for y := range 18 {
		for x := range 32 {
			img.SetRGBA(x, y, color.RGBA{byte(x / 16 * 200), 100, 100, 255})
		}
	}
	slot.Commit()
	shown := s.tick()
	if left, right := at(shown, 20, 100), at(shown, 300, 100); left.R != 0 || right.R != 200 {
		t.Errorf("at the left %v, at the right %v", left, right)
	}
	if s.tile.raster.ScaleMode != canvas.ImageScaleSmooth {
		t.Error("it has steps")
	}
	fill(slot, orange)
	s.tick()
	if s.tile.raster.ScaleMode != canvas.ImageScalePixels {
		t.Error("a frame of the tile's size is blurred")
	}
}

func TestCornersRingAndLost(t *testing.T) {
	s := newScreen(t, 320, 180, 1)
	slot := &call.FrameSlot{}
	s.tile.SetSlot(slot)
	s.win.Canvas().Capture()
	fill(slot, orange)
	stage := color.RGBAModel.Convert(theme.Color(theme.Background))
	ring := color.RGBAModel.Convert(theme.Color(theme.Success))
	img := s.tick()
	for _, p := range []image.Point{{0, 0}, {319, 0}, {319, 179}, {0, 179}} {
		if got := at(img, p.X, p.Y); got != stage {
			t.Errorf("corner %v is %v, not the stage", p, got)
		}
	}
	if got := at(img, 240, 1); got != orange {
		t.Errorf("there is a ring around somebody silent: %v", got)
	}
	s.tile.SetLook(Look{Speaking: true})
	img = s.win.Canvas().Capture()
	for _, p := range []image.Point{{240, 1}, {318, 90}, {240, 178}, {1, 90}, {4, 4}} {
		if got := at(img, p.X, p.Y); got != ring {
			t.Errorf("the ring at %v is %v", p, got)
		}
	}
	s.tile.SetLook(Look{Lost: true, LostText: "Connection lost"})
	if got := at(s.win.Canvas().Capture(), 300, 20); got.R > 100 {
		t.Errorf("lost, and as bright as before: %v", got)
	}
}

// Tiles keep 16:9, do not overlap, lie inside, and no other number of columns
// would make them larger.
func TestGrid(t *testing.T) {
	for n := 1; n <= 50; n++ {
		for _, size := range [][2]float32{{1052, 560}, {672, 330}, {1872, 900}, {400, 900}, {900, 120}} {
			cells := Grid(n, size[0], size[1], 12)
			if len(cells) != n {
				t.Fatalf("%d tiles in %v: %d cells", n, size, len(cells))
			}
			for i, c := range cells {
				if math.Abs(float64(c.W/c.H)-aspect) > 0.01 {
					t.Errorf("%d in %v: shape %v", n, size, c.W/c.H)
				}
				if c.X < -0.1 || c.Y < -0.1 || c.X+c.W > size[0]+0.1 || c.Y+c.H > size[1]+0.1 {
					t.Errorf("%d in %v: cell %d outside: %+v", n, size, i, c)
				}
				for _, d := range cells[:i] {
					if c.X < d.X+d.W && d.X < c.X+c.W && c.Y < d.Y+d.H && d.Y < c.Y+c.H {
						t.Errorf("%d in %v: cells overlap", n, size)
					}
				}
				for cols := 1; cols <= n; cols++ {
					if tileWidth(n, cols, size[0], size[1], 12) > c.W+0.01 {
						t.Errorf("%d in %v: %d columns waste less", n, size, cols)
					}
				}
			}
		}
	}
	if Grid(3, 10, 5, 12) != nil || Grid(0, 100, 100, 4) != nil {
		t.Error("cells where nothing fits")
	}
}

// A steady stream allocates nothing in the tile.
func TestNoAllocationPerFrame(t *testing.T) {
	s := newScreen(t, 64, 36, 1)
	slot := &call.FrameSlot{}
	s.tile.SetSlot(slot)
	s.win.Canvas().Capture()
	for range 4 {
		fill(slot, orange)
		s.tick()
	}
	got := testing.AllocsPerRun(100, func() {
		slot.Begin(64, 36)
		slot.Commit()
		s.tile.img, s.tile.seq = slot.Latest()
		s.tile.generate(64, 36)
	})
	if got > 0 {
		t.Errorf("%v allocations a picture", got)
	}
}

func BenchmarkTick(b *testing.B) {
	test.NewTempApp(b)
	now := time.Unix(0, 0)
	p := NewPainter(func() time.Time { return now }, nil)
	for range 9 {
		t := NewTile()
		t.SetSlot(&call.FrameSlot{})
		p.Add(t)
	}
	for b.Loop() {
		now = now.Add(Interval)
		p.Tick()
	}
}
