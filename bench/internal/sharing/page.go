//go:build linux

package sharing

import (
	"image"
	"image/color"
	"image/draw"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"foyer/engine/call"
	"foyer/engine/devices"
)

const (
	width, height = 1920, 1080
	fps           = 15
	textSize      = 16 // pixels
	lineHeight    = 22
	margin        = 40
)

// drawPage draws a document as an editor shows it, black on white, as long as it is.
func drawPage(document string) (*image.Gray, error) {
	text, err := os.ReadFile(document)
	if err != nil {
		return nil, err
	}
	f, err := opentype.Parse(gomono.TTF)
	if err != nil {
		return nil, err
	}
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: textSize, DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		return nil, err
	}
	defer face.Close()
	lines := strings.Split(string(text), "\n")
	page := image.NewGray(image.Rect(0, 0, width, 2*margin+lineHeight*len(lines)))
	draw.Draw(page, page.Rect, image.White, image.Point{}, draw.Src)
	d := font.Drawer{Dst: page, Src: image.NewUniform(color.Black), Face: face}
	for i, line := range lines {
		d.Dot = fixed.P(margin, margin+lineHeight*(i+1))
		d.DrawString(line)
	}
	return page, nil
}

// screen is the driver of a screen that shows a part of the page.
type screen struct {
	page *image.Gray

	mu     sync.Mutex
	top    int // line of the page's pixels at the upper edge
	scroll int // pixels a frame
}

// set moves the page, and lets it move on.
func (s *screen) set(jump, scroll int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.top, s.scroll = s.top+jump, scroll
}

// shown is what the screen shows.
func (s *screen) shown() *image.Gray {
	s.mu.Lock()
	defer s.mu.Unlock()
	top := min(s.top, s.page.Rect.Dy()-height)
	return s.page.SubImage(image.Rect(0, top, width, top+height)).(*image.Gray) //nolint:forcetypeassert // it is
}

func (s *screen) step() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.top += s.scroll
}

// List implements [devices.VideoDriver].
func (*screen) List() ([]call.Device, error) {
	return []call.Device{{Source: call.SourceScreen, ID: "page", Name: "page", Default: true}}, nil
}

// Open implements [devices.VideoDriver].
func (s *screen) Open(string, devices.Want) (devices.VideoStream, error) {
	return &screenStream{s, time.NewTicker(time.Second / fps)}, nil
}

type screenStream struct {
	*screen
	tick *time.Ticker
}

// Read implements [devices.VideoStream].
func (s *screenStream) Read(stop <-chan struct{}, dst *call.VideoFrame) error {
	select {
	case <-s.tick.C:
	case <-stop:
		return devices.ErrStopped
	}
	s.step()
	paint(dst, s.shown())
	return nil
}

// paint makes a frame of a grey image.
func paint(dst *call.VideoFrame, img *image.Gray) {
	dst.Reset(width, height)
	for y := range height {
		row := img.Pix[y*img.Stride : y*img.Stride+width]
		for x, v := range row {
			dst.Y[y*dst.YStride+x] = byte(16 + (int(v)*219+127)/255) // video range
		}
	}
	for i := range dst.U {
		dst.U[i], dst.V[i] = 128, 128
	}
}

// Close implements [devices.VideoStream].
func (s *screenStream) Close() error {
	s.tick.Stop()
	return nil
}
