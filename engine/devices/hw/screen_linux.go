package hw

import (
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/shm"
	"github.com/jezek/xgb/xproto"
	"golang.org/x/sys/unix"

	"foyer/engine/call"
	"foyer/engine/devices"
	"foyer/engine/internal/pause"
)

// screens implements devices.VideoDriver for X11, over the X protocol itself.
// mediadevices does it over Xlib, whose default handlers end the whole process
// when the server is gone or when a screen has become smaller while it is read.
type screens struct{}

func newScreens() *screens {
	xgb.Logger = log.New(io.Discard, "", 0) // it would write to stderr what is returned as well
	return &screens{}
}

// dial connects to the X server.
func dial() (*xgb.Conn, error) {
	if os.Getenv("DISPLAY") == "" {
		return nil, fmt.Errorf("%w: there is no display", call.ErrDeviceMissing)
	}
	conn, err := xgb.NewConn()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", call.ErrDeviceMissing, err)
	}
	return conn, nil
}

func (*screens) List() ([]call.Device, error) {
	conn, err := dial()
	if err != nil {
		return nil, err
	}
	defer hangUp(conn)
	var list []call.Device
	for i := range xproto.Setup(conn).Roots {
		name := "Screen"
		if i > 0 {
			name = fmt.Sprintf("Screen %d", i+1)
		}
		list = append(list, call.Device{
			Source: call.SourceScreen, ID: screenID(i), Name: name, Default: i == conn.DefaultScreen,
		})
	}
	return list, nil
}

func screenID(i int) string { return fmt.Sprintf("x11-screen-%d", i) }

// hangUp closes the connection and waits until its goroutines have seen it.
func hangUp(conn *xgb.Conn) {
	conn.Close()
	for {
		if ev, err := conn.WaitForEvent(); ev == nil && err == nil {
			return
		}
	}
}

func (*screens) Open(id string, want devices.Want) (devices.VideoStream, error) {
	conn, err := dial()
	if err != nil {
		return nil, err
	}
	s := &screenStream{conn: conn, want: want, every: time.Second / time.Duration(want.FPS)}
	if err := s.begin(id); err != nil {
		hangUp(conn)
		return nil, err
	}
	return s, nil
}

// screenStream implements devices.VideoStream.
type screenStream struct {
	conn          *xgb.Conn
	root          xproto.Window
	want          devices.Want
	every         time.Duration
	next          time.Time
	bgr           bool
	shared        bool // the frame comes through shared memory
	width, height int
	segment       shm.Seg
	memory        []byte
	shrinker      shrinker
}

func (s *screenStream) begin(id string) error {
	setup := xproto.Setup(s.conn)
	for i := range setup.Roots {
		if screenID(i) != id {
			continue
		}
		root := &setup.Roots[i]
		s.root = root.Root
		if err := s.checkFormat(setup, root); err != nil {
			return err
		}
		// A server on another computer or in another container has no
		// memory to share.
		s.shared = shm.Init(s.conn) == nil
		return s.resize(int(root.WidthInPixels), int(root.HeightInPixels))
	}
	return call.ErrDeviceMissing
}

// checkFormat finds the order of the colours in memory.
func (s *screenStream) checkFormat(setup *xproto.SetupInfo, root *xproto.ScreenInfo) error {
	for _, f := range setup.PixmapFormats {
		if f.Depth == root.RootDepth && f.BitsPerPixel != 32 {
			return fmt.Errorf("%w: a screen with %d bits per pixel", call.ErrDeviceFailed, f.BitsPerPixel)
		}
	}
	for _, d := range root.AllowedDepths {
		for _, v := range d.Visuals {
			if v.VisualId != root.RootVisual {
				continue
			}
			s.bgr = v.RedMask == 0xff0000 && v.BlueMask == 0xff
			rgb := v.RedMask == 0xff && v.BlueMask == 0xff0000
			if v.GreenMask == 0xff00 && (s.bgr || rgb) && setup.ImageByteOrder == xproto.ImageOrderLSBFirst {
				return nil
			}
		}
	}
	return fmt.Errorf("%w: a screen with other colours than 8 bits each", call.ErrDeviceFailed)
}

// resize gets memory for frames of that size.
func (s *screenStream) resize(w, h int) error {
	s.release()
	if w < 2 || h < 2 {
		return fmt.Errorf("%w: a screen of %dx%d", call.ErrDeviceFailed, w, h)
	}
	s.width, s.height = w, h
	if !s.shared {
		return nil
	}
	id, err := unix.SysvShmGet(unix.IPC_PRIVATE, 4*w*h, unix.IPC_CREAT|0o600)
	if err != nil {
		return fmt.Errorf("%w: shared memory: %w", call.ErrDeviceFailed, err)
	}
	// Marked at once: the kernel frees it when the last user is gone, even if
	// we crash. Linux lets the X server attach it nevertheless.
	memory, err := unix.SysvShmAttach(id, 0, 0)
	if _, e := unix.SysvShmCtl(id, unix.IPC_RMID, nil); err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("%w: shared memory: %w", call.ErrDeviceFailed, err)
	}
	s.memory = memory
	if s.segment, err = shm.NewSegId(s.conn); err != nil {
		return lostScreen(err)
	}
	if err := shm.AttachChecked(s.conn, s.segment, uint32(id), false).Check(); err != nil {
		s.segment, s.shared = 0, false
		s.release()
	}
	return nil
}

// release gives the shared memory back.
func (s *screenStream) release() {
	if s.segment != 0 {
		shm.Detach(s.conn, s.segment)
		s.segment = 0
	}
	if s.memory != nil {
		_ = unix.SysvShmDetach(s.memory) // fails only for an address that is not ours
		s.memory = nil
	}
}

// Read waits for the time of the next frame and takes it.
func (s *screenStream) Read(stop <-chan struct{}, dst *call.VideoFrame) error {
	if err := s.wait(stop); err != nil {
		return err
	}
	size, err := xproto.GetGeometry(s.conn, xproto.Drawable(s.root)).Reply()
	if err != nil {
		return lostScreen(err)
	}
	if w, h := int(size.Width), int(size.Height); w != s.width || h != s.height {
		if err := s.resize(w, h); err != nil {
			return err
		}
	}
	data, err := s.grab()
	if err != nil {
		return lostScreen(err)
	}
	if len(data) < 4*s.width*s.height {
		return fmt.Errorf("%w: a short frame", devices.ErrNoPicture)
	}
	src := pixels{data: data, stride: 4 * s.width, width: s.width, height: s.height, bgr: s.bgr}
	s.shrinker.convert(dst, src, s.want.Width, s.want.Height)
	return nil
}

func (s *screenStream) wait(stop <-chan struct{}) error {
	now := time.Now()
	if s.next = s.next.Add(s.every); s.next.Before(now) {
		s.next = now // the first frame, or we are late: do not hurry after
	}
	if !pause.Unless(stop, s.next.Sub(now)) {
		return devices.ErrStopped
	}
	return nil
}

// grab takes the frame of the whole root window.
func (s *screenStream) grab() ([]byte, error) {
	const allPlanes = ^uint32(0)
	w, h := uint16(s.width), uint16(s.height)
	if !s.shared {
		r, err := xproto.GetImage(s.conn, xproto.ImageFormatZPixmap, xproto.Drawable(s.root), 0, 0, w, h, allPlanes).Reply()
		if err != nil {
			return nil, err
		}
		return r.Data, nil
	}
	_, err := shm.GetImage(
		s.conn, xproto.Drawable(s.root), 0, 0, w, h, allPlanes, xproto.ImageFormatZPixmap, s.segment, 0,
	).Reply()
	return s.memory, err
}

// lostScreen tells an error of one request, which may be tried again, from the
// end of the connection. A screen that shrinks between two requests makes the
// second one fail.
func lostScreen(err error) error {
	if protocol, ok := errors.AsType[xgb.Error](err); ok {
		return fmt.Errorf("%w: %s", devices.ErrNoPicture, protocol.Error())
	}
	return fmt.Errorf("%w: the display is gone", call.ErrDeviceLost)
}

func (s *screenStream) Close() error {
	s.release()
	hangUp(s.conn)
	return nil
}
