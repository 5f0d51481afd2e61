package call

import (
	"image"
	"sync"
	"testing"
)

// paint fills a frame with one value.
func paint(s *FrameSlot, w, h int, value byte) {
	pix := s.Begin(w, h).Pix
	for i := range pix {
		pix[i] = value
	}
	s.Commit()
}

func TestFrameSlotLatestWins(t *testing.T) {
	var s FrameSlot
	if img, seq := s.Latest(); img != nil || seq != 0 {
		t.Errorf("before the first picture: %v, %d", img, seq)
	}
	s.Commit() // without Begin: nothing
	if s.Seq() != 0 {
		t.Error("a commit of nothing counts")
	}
	for v := byte(1); v <= 5; v++ {
		paint(&s, 4, 2, v)
	}
	img, seq := s.Latest()
	if img == nil || img.Pix[0] != 5 || seq != 5 || img.Rect != image.Rect(0, 0, 4, 2) || img.Stride != 16 || len(img.Pix) != 32 {
		t.Fatalf("got %+v, %d", img, seq)
	}
	if again, seq := s.Latest(); again != img || seq != 5 {
		t.Errorf("nothing new, but got another picture, %d", seq)
	}
	for v := byte(6); v <= 20; v++ {
		paint(&s, 4, 2, v)
		if img.Pix[0] != 5 || img.Pix[31] != 5 {
			t.Fatalf("the picture being read changed to %d", img.Pix[0])
		}
	}
	if img, _ := s.Latest(); img.Pix[0] != 20 {
		t.Errorf("got picture %d", img.Pix[0])
	}
	paint(&s, 8, 8, 21) // larger
	if img, _ := s.Latest(); img.Rect.Dx() != 8 || len(img.Pix) != 256 || img.Pix[255] != 21 {
		t.Errorf("got %v", img.Rect)
	}
	paint(&s, 2, 2, 22) // smaller, in a buffer that was larger
	if img, _ := s.Latest(); img.Stride != 8 || len(img.Pix) != 16 || img.Pix[15] != 22 {
		t.Errorf("got %v", img.Rect)
	}
}

// Two frames that come between two calls are both shown; of more, the last two.
func TestFrameSlotNext(t *testing.T) {
	var s FrameSlot
	wants := func(value byte, seq uint64, more bool) {
		t.Helper()
		img, got := s.Next()
		if img == nil || img.Pix[0] != value || got != seq || s.Seq() != got != more {
			t.Errorf("got %v, %d of %d", img, got, s.Seq())
		}
	}
	if img, _ := s.Next(); img != nil {
		t.Errorf("before the first frame: %v", img)
	}
	for v := byte(1); v <= 4; v++ {
		paint(&s, 2, 2, v)
	}
	wants(3, 3, true)
	wants(4, 4, false)
	wants(4, 4, false)
	paint(&s, 2, 2, 5)
	wants(5, 5, false)
	paint(&s, 2, 2, 6)
	paint(&s, 2, 2, 7)
	if img, seq := s.Latest(); img.Pix[0] != 7 || seq != 7 {
		t.Errorf("the latest is %v, %d", img, seq)
	}
	wants(7, 7, false)
	paint(&s, 2, 2, 8)
	paint(&s, 2, 2, 9)
	s.Clear()
	if img, _ := s.Next(); img != nil {
		t.Errorf("after Clear: %v", img)
	}
}

func TestFrameSlotClear(t *testing.T) {
	var s FrameSlot
	paint(&s, 2, 2, 1)
	shown, _ := s.Latest()
	paint(&s, 2, 2, 2)
	s.Clear()
	if shown.Pix[0] != 1 {
		t.Error("clearing touched the picture being read")
	}
	for range 2 {
		if img, seq := s.Latest(); img != nil || seq != 3 {
			t.Errorf("after Clear: %v, %d", img, seq)
		}
	}
	paint(&s, 2, 2, 3)
	if img, _ := s.Latest(); img == nil || img.Pix[0] != 3 {
		t.Errorf("after the next picture: %v", img)
	}
	s.Begin(2, 2)
	s.Clear() // in the middle of a frame
	if img, _ := s.Latest(); img != nil {
		t.Error("a half picture is shown")
	}
}

// One writer and one reader, as fast as they can: every frame is whole, and
// none is older than the one before.
func TestFrameSlotIsNeverTorn(t *testing.T) {
	const rounds = 20000
	var s FrameSlot
	var both sync.WaitGroup
	both.Add(1)
	go func() {
		defer both.Done()
		for n := range rounds {
			size := 4 + n%3
			pix := s.Begin(size, size).Pix
			for i := 0; i < len(pix); i += 4 {
				pix[i], pix[i+1], pix[i+2], pix[i+3] = byte(n), byte(n>>8), byte(n>>16), byte(size)
			}
			s.Commit()
			if n%100 == 99 && n != rounds-1 {
				s.Clear()
			}
		}
	}()
	last := -1
	for last != rounds-1 {
		img, _ := s.Latest()
		if img == nil {
			continue
		}
		n := int(img.Pix[0]) | int(img.Pix[1])<<8 | int(img.Pix[2])<<16
		for i := 4; i < len(img.Pix); i++ {
			if img.Pix[i] != img.Pix[i%4] {
				t.Fatalf("picture %d is torn at byte %d", n, i)
			}
		}
		if size := int(img.Pix[3]); img.Rect.Dx() != size || len(img.Pix) != 4*size*size {
			t.Fatalf("picture %d of %d pixels has the frame %v", n, size, img.Rect)
		}
		if n < last {
			t.Fatalf("picture %d after %d", n, last)
		}
		last = n
	}
	both.Wait()
}

func TestFrameSlotReusesItsBuffers(t *testing.T) {
	var s FrameSlot
	buffers := map[*byte]bool{}
	round := func() {
		s.Begin(64, 64)
		s.Commit()
		s.Begin(64, 64)
		s.Commit()
		s.Latest()
		s.Begin(64, 64)
		s.Clear()
		s.Commit()
		s.Latest()
	}
	round()
	round()
	if n := testing.AllocsPerRun(100, round); n != 0 {
		t.Errorf("%v allocations a round", n)
	}
	for range 20 {
		buffers[&s.Begin(64, 64).Pix[0]] = true
		s.Commit()
		s.Latest()
	}
	if len(buffers) > 3 {
		t.Errorf("%d buffers go round", len(buffers))
	}
}

func TestFrameSlotViewAndSize(t *testing.T) {
	var s FrameSlot
	if s.View() != (View{}) {
		t.Errorf("view %+v", s.View())
	}
	v := View{Width: 320, Height: 180, Fit: FitContain, Mirror: true}
	s.SetView(v)
	if s.View() != v {
		t.Errorf("view %+v", s.View())
	}
	if w, h := s.SourceSize(); w != 0 || h != 0 {
		t.Errorf("size %d x %d", w, h)
	}
	s.SetSourceSize(1280, 720)
	if w, h := s.SourceSize(); w != 1280 || h != 720 {
		t.Errorf("size %d x %d", w, h)
	}
}

func TestVideoFrameReset(t *testing.T) {
	var f VideoFrame
	f.Reset(5, 3)
	if len(f.Y) != 15 || len(f.U) != 6 || len(f.V) != 6 || f.YStride != 5 || f.UVStride != 3 || f.Width != 5 || f.Height != 3 {
		t.Errorf("5 x 3: %+v", f)
	}
	y := &f.Y[0]
	f.Reset(2, 2)
	if len(f.Y) != 4 || len(f.U) != 1 || &f.Y[0] != y {
		t.Errorf("2 x 2: %+v", f)
	}
	if n := testing.AllocsPerRun(10, func() { f.Reset(5, 3); f.Reset(4, 2) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
