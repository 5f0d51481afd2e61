package hw

import (
	"bytes"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/randr"
	"github.com/jezek/xgb/xproto"

	"foyer/engine/call"
	"foyer/engine/devices"
	"foyer/engine/internal/silent"
	"foyer/internal/drive"
	"foyer/internal/testenv"
)

func screenDevices(t testing.TB) *devices.Devices {
	d := devices.New(devices.Config{Log: silent.Log(), Drivers: devices.Drivers{Screen: newScreens()}})
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func openScreen(t testing.TB, d *devices.Devices, w, h, fps int) call.VideoCapture {
	t.Helper()
	c, err := d.Open(t.Context(), call.DeviceRequest{Source: call.SourceScreen, Width: w, Height: h, FPS: fps})
	if err != nil {
		t.Fatal(err)
	}
	return c.(call.VideoCapture)
}

// painter is a client that paints the root window.
type painter struct {
	conn *xgb.Conn
	root xproto.Window
}

func newPainter(t testing.TB) *painter {
	conn, err := dial()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { hangUp(conn) })
	return &painter{conn, xproto.Setup(conn).DefaultScreen(conn).Root}
}

func (p *painter) paint(t testing.TB, rgb uint32) {
	t.Helper()
	if err := xproto.ChangeWindowAttributesChecked(p.conn, p.root, xproto.CwBackPixel, []uint32{rgb}).Check(); err != nil {
		t.Fatal(err)
	}
	if err := xproto.ClearAreaChecked(p.conn, false, p.root, 0, 0, 0, 0).Check(); err != nil {
		t.Fatal(err)
	}
}

// darken takes the outputs off the screen, whose size then is free.
func (p *painter) darken(t testing.TB) {
	t.Helper()
	if err := randr.Init(p.conn); err != nil {
		t.Fatal(err)
	}
	res, err := randr.GetScreenResources(p.conn, p.root).Reply()
	if err != nil {
		t.Fatal(err)
	}
	for _, crtc := range res.Crtcs {
		if _, err := randr.SetCrtcConfig(p.conn, crtc, 0, res.ConfigTimestamp, 0, 0, 0, randr.RotationRotate0, nil).Reply(); err != nil {
			t.Fatal(err)
		}
	}
}

// sharesMemory asks the kernel, not the program.
func sharesMemory(t testing.TB) bool {
	t.Helper()
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Contains(maps, []byte("/SYSV"))
}

func near(a, b byte) bool { return max(a, b)-min(a, b) <= 1 }

func TestScreenShowsItsColour(t *testing.T) {
	t.Setenv("DISPLAY", testenv.Display(t))
	d := screenDevices(t)
	p := newPainter(t)
	for _, size := range []struct{ w, h, wantW, wantH int }{{0, 0, 1280, 800}, {640, 480, 640, 400}, {1000, 700, 1000, 624}} {
		c := openScreen(t, d, size.w, size.h, 30)
		if !sharesMemory(t) {
			t.Error("the frame does not come through shared memory")
		}
		// BT.601, video range.
		for _, col := range []struct {
			rgb     uint32
			y, u, v byte
		}{{0xff0000, 82, 90, 240}, {0x00ff00, 145, 54, 34}, {0x0000ff, 41, 240, 110}, {0xffffff, 235, 128, 128}, {0, 16, 128, 128}} {
			p.paint(t, col.rgb)
			var f call.VideoFrame
			for range 3 { // what was taken before the painting may still be waiting
				if err := c.ReadFrame(&f); err != nil {
					t.Fatal(err)
				}
			}
			if f.Width != size.wantW || f.Height != size.wantH {
				t.Fatalf("a frame of %dx%d, want %dx%d", f.Width, f.Height, size.wantW, size.wantH)
			}
			for _, at := range []int{0, len(f.U) / 2, len(f.U) - 1} {
				y := f.Y[at*len(f.Y)/len(f.U)]
				if !near(y, col.y) || !near(f.U[at], col.u) || !near(f.V[at], col.v) {
					t.Errorf("%06x became %d %d %d, want %d %d %d", col.rgb, y, f.U[at], f.V[at], col.y, col.u, col.v)
				}
			}
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if sharesMemory(t) {
			t.Error("shared memory is left after Close")
		}
	}
}

func TestScreenWithoutSharedMemory(t *testing.T) {
	t.Setenv("DISPLAY", testenv.Display(t))
	newPainter(t).paint(t, 0xff0000)
	conn, err := dial()
	if err != nil {
		t.Fatal(err)
	}
	root := xproto.Setup(conn).DefaultScreen(conn)
	s := &screenStream{conn: conn, root: root.Root, bgr: true, want: devices.Want{Width: 1280, Height: 800, FPS: 30}, every: time.Second / 30}
	if err := s.resize(int(root.WidthInPixels), int(root.HeightInPixels)); err != nil {
		t.Fatal(err)
	}
	var f call.VideoFrame
	if err := s.Read(nil, &f); err != nil {
		t.Fatal(err)
	}
	if f.Width != 1280 || !near(f.Y[len(f.Y)/2], 82) {
		t.Errorf("%d wide, luma %d", f.Width, f.Y[len(f.Y)/2])
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// A screen that becomes smaller while it is shared must not end the program.
func TestScreenChangesItsSize(t *testing.T) {
	t.Setenv("DISPLAY", testenv.Display(t))
	d := screenDevices(t)
	p := newPainter(t)
	p.darken(t)
	c := openScreen(t, d, 1920, 1080, 30)
	var f call.VideoFrame
	for _, size := range [][2]uint16{{640, 480}, {1024, 600}, {1280, 800}} {
		if err := randr.SetScreenSizeChecked(p.conn, p.root, size[0], size[1], 300, 200).Check(); err != nil {
			t.Fatal(err)
		}
		deadline := time.Now().Add(5 * time.Second)
		for f.Width != int(size[0]) || f.Height != int(size[1]) {
			if err := c.ReadFrame(&f); err != nil {
				t.Fatal(err)
			}
			if time.Now().After(deadline) {
				t.Fatalf("still %dx%d, want %v", f.Width, f.Height, size)
			}
		}
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

func TestScreenKeepsItsRate(t *testing.T) {
	t.Setenv("DISPLAY", testenv.Display(t))
	c := openScreen(t, screenDevices(t), 640, 360, 10)
	var f call.VideoFrame
	for range 2 { // the first may be late, and the second makes up for it
		if err := c.ReadFrame(&f); err != nil {
			t.Fatal(err)
		}
	}
	began := f.PTS
	for range 10 {
		if err := c.ReadFrame(&f); err != nil {
			t.Fatal(err)
		}
	}
	if took := f.PTS - began; took < 700*time.Millisecond {
		t.Errorf("10 frames in %v at 10 a second", took)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

// Closing does not wait for the time of the next frame.
func TestScreenClosesAtOnce(t *testing.T) {
	t.Setenv("DISPLAY", testenv.Display(t))
	c := openScreen(t, screenDevices(t), 640, 360, 1)
	var f call.VideoFrame
	if err := c.ReadFrame(&f); err != nil {
		t.Fatal(err)
	}
	asked := time.Now()
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if took := time.Since(asked); took > 800*time.Millisecond {
		t.Errorf("closing took %v", took)
	}
}

func TestScreenLost(t *testing.T) {
	display, err := drive.StartDisplay(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	defer display.Close()
	t.Setenv("DISPLAY", display.Name)
	d := screenDevices(t)
	c := openScreen(t, d, 640, 360, 30)
	display.Close()
	select {
	case <-c.Lost():
	case <-time.After(10 * time.Second):
		t.Fatal("not reported as lost")
	}
	if err := c.LostErr(); !errors.Is(err, call.ErrDeviceLost) {
		t.Errorf("lost: %v", err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if sharesMemory(t) {
		t.Error("shared memory is left after the loss")
	}
}

func TestScreenMissing(t *testing.T) {
	for _, display := range []string{"", ":98765"} {
		t.Setenv("DISPLAY", display)
		d := screenDevices(t)
		if _, err := d.Open(t.Context(), call.DeviceRequest{Source: call.SourceScreen}); !errors.Is(err, call.ErrDeviceMissing) {
			t.Errorf("display %q: %v", display, err)
		}
		if list, err := d.List(t.Context()); err != nil || len(list) != 0 {
			t.Errorf("display %q: listed %v, %v", display, list, err)
		}
	}
}

func BenchmarkScreen1080p(b *testing.B) {
	benchmarkConvert(b, 1920, 1080, 1920, 1080)
}

func BenchmarkScreen4KTo1080p(b *testing.B) { benchmarkConvert(b, 3840, 2160, 1920, 1080) }

func BenchmarkScreen1440pTo1080p(b *testing.B) { benchmarkConvert(b, 2560, 1440, 1920, 1080) }

func benchmarkConvert(b *testing.B, w, h, maxW, maxH int) {
	src := pixels{data: make([]byte, 4*w*h), stride: 4 * w, width: w, height: h, bgr: true}
	var s shrinker
	var f call.VideoFrame
	for b.Loop() {
		s.convert(&f, src, maxW, maxH)
	}
}
