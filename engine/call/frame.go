package call

import (
	"image"
	"sync"
	"sync/atomic"
	"time"
)

// VideoFrame is one uncompressed frame, I420 in video range (BT.601). The
// buffers belong to whoever owns the VideoFrame and are reused: Reset sizes
// them. Strides are in bytes.
type VideoFrame struct {
	Y, U, V           []byte
	YStride, UVStride int
	Width, Height     int
	PTS               time.Duration // since the capture or stream began
}

// Reset gives the frame w x h pixels, reusing its buffers. Odd sizes keep the
// last chroma row and column.
func (f *VideoFrame) Reset(w, h int) {
	cw, ch := (w+1)/2, (h+1)/2
	f.Width, f.Height, f.YStride, f.UVStride = w, h, w, cw
	f.Y = grow(f.Y, w*h)
	f.U = grow(f.U, cw*ch)
	f.V = grow(f.V, cw*ch)
}

func grow(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, n)
	}
	return b[:n]
}

// SampleRate of all audio inside the program, in Hz: signed 16 bit; captures are
// mono, speakers are interleaved stereo.
const SampleRate = 48000

// Fit says how a frame fills a tile of another shape.
type Fit int

// Ways to fill a tile.
const (
	FitCover   Fit = iota // fill the tile, cut what is over: faces
	FitContain            // show everything, leave the rest transparent: screens
)

// View is what the one who shows a [FrameSlot] wants to see in it.
// Width or Height 0 means hidden: nothing is converted.
type View struct {
	Width, Height int // pixels of the tile on the screen
	Fit           Fit
	Mirror        bool
}

// FrameSlot carries the newest frame from one decoder or camera to one tile,
// without ever making either side wait for the other's work: four buffers go round.
// Of frames that nobody takes the last two are kept, as one that comes a little late
// is often followed at once by the next. One goroutine writes (Begin, Commit, Clear),
// one reads (Next or Latest); SetView may be called by the reader's side at any time.
type FrameSlot struct {
	view atomic.Pointer[View]

	mu      sync.Mutex  // held for pointer swaps only
	older   *image.RGBA // the one before ready, while nobody has taken it
	ready   *image.RGBA
	spare   []*image.RGBA
	reading *image.RGBA
	seq     uint64
	cleared bool

	writing *image.RGBA // only the writer's

	dims atomic.Uint64 // width<<32 | height of the source frame
}

// SetView tells the writer what size of frame is shown.
func (s *FrameSlot) SetView(v View) { s.view.Store(&v) }

// View is what the reader last asked for; the zero View when nothing is shown.
func (s *FrameSlot) View() View {
	if v := s.view.Load(); v != nil {
		return *v
	}
	return View{}
}

// SetSourceSize publishes the size of the frame as sent.
func (s *FrameSlot) SetSourceSize(w, h int) { s.dims.Store(uint64(uint32(w))<<32 | uint64(uint32(h))) }

// SourceSize is the size of the frame as sent, 0, 0 before the first.
func (s *FrameSlot) SourceSize() (w, h int) {
	d := s.dims.Load()
	return int(d >> 32), int(uint32(d))
}

// keepRatio is how much larger than needed a buffer may be that goes round: that
// of a tile which has become small is given back.
const keepRatio = 4

// Begin returns a buffer of w x h pixels for the writer to fill completely and
// then Commit. Its Stride is always 4*w.
func (s *FrameSlot) Begin(w, h int) *image.RGBA {
	if s.writing == nil {
		s.mu.Lock()
		if n := len(s.spare); n > 0 {
			s.writing, s.spare = s.spare[n-1], s.spare[:n-1]
		}
		s.mu.Unlock()
	}
	need := 4 * w * h
	if s.writing == nil || cap(s.writing.Pix) < need || cap(s.writing.Pix) > keepRatio*need {
		s.writing = &image.RGBA{Pix: make([]uint8, need)}
	}
	s.writing.Pix, s.writing.Stride, s.writing.Rect = s.writing.Pix[:need], 4*w, image.Rect(0, 0, w, h)
	return s.writing
}

// Commit makes the buffer of the last Begin the newest frame.
func (s *FrameSlot) Commit() {
	if s.writing == nil {
		return
	}
	s.mu.Lock()
	s.giveUp(&s.older)
	s.older, s.ready, s.writing, s.cleared = s.ready, s.writing, nil, false
	s.seq++
	s.mu.Unlock()
}

// Clear takes the frame away: Latest answers nil until the next Commit. The
// writer calls it when the source is muted, lost or closed.
func (s *FrameSlot) Clear() {
	s.mu.Lock()
	s.giveUp(&s.older)
	s.giveUp(&s.ready)
	s.cleared = true
	s.seq++
	s.mu.Unlock()
}

// Release clears the slot and gives its buffers back: no frame comes for a
// while. The writer calls it.
func (s *FrameSlot) Release() {
	s.Clear()
	s.mu.Lock()
	s.spare, s.writing = nil, nil
	s.mu.Unlock()
}

// Seq counts changes, so that a painter can see whether there is anything new.
func (s *FrameSlot) Seq() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seq
}

// giveUp makes the buffer of a frame a spare one. s.mu is held.
func (s *FrameSlot) giveUp(img **image.RGBA) {
	if *img != nil {
		s.spare = append(s.spare, *img)
		*img = nil
	}
}

// Latest returns the newest frame, or nil when there is none. It stays
// untouched until the next call of Latest or Next.
func (s *FrameSlot) Latest() (img *image.RGBA, seq uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.giveUp(&s.older)
	return s.take(), s.seq
}

// Next is Latest for a reader that comes as often as frames do: of two that have come
// since it was called last, it returns the first one, and the second one the next time.
// So a reader at a steady pace misses none of the frames that come at an unsteady one.
func (s *FrameSlot) Next() (img *image.RGBA, seq uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.older == nil {
		return s.take(), s.seq
	}
	s.giveUp(&s.reading)
	s.reading, s.older = s.older, nil
	return s.reading, s.seq - 1
}

// take takes what is ready, or what was taken before. s.mu is held.
func (s *FrameSlot) take() *image.RGBA {
	if s.cleared || s.ready != nil {
		s.giveUp(&s.reading)
		s.reading, s.ready = s.ready, nil
	}
	return s.reading
}
