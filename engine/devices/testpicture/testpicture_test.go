package testpicture

import (
	"image"
	"testing"

	"foyer/engine/call"
)

func TestReadsWhatItDraws(t *testing.T) {
	t.Parallel()
	for _, size := range [][2]int{{1280, 720}, {640, 360}, {320, 180}, {321, 181}, {1920, 1080}, {128, 96}} {
		p := NewPainter(size[0], size[1])
		var f call.VideoFrame
		for _, n := range []int{0, 1, 2, 1000, 0xaaaa, 0x5555, Modulus - 1, Modulus, Modulus + 7} {
			p.Draw(&f, n)
			if got, ok := Read(&f); !ok || got != n%Modulus {
				t.Errorf("%v: drew %d, read %d, %v", size, n, got, ok)
			}
			img := &image.YCbCr{
				Y: f.Y, Cb: f.U, Cr: f.V, YStride: f.YStride, CStride: f.UVStride,
				SubsampleRatio: image.YCbCrSubsampleRatio420, Rect: image.Rect(0, 0, f.Width, f.Height),
			}
			if got, ok := ReadImage(img); !ok || got != n%Modulus {
				t.Errorf("%v: drew %d, read %d from the image, %v", size, n, got, ok)
			}
		}
	}
}

func TestReadsAfterScalingAndNoise(t *testing.T) {
	t.Parallel()
	var big, small call.VideoFrame
	NewPainter(1280, 720).Draw(&big, 12345)
	small.Reset(320, 180)
	for y := range 180 {
		for x := range 320 {
			v := int(big.Y[4*y*big.YStride+4*x]) + (x*7+y*13)%41 - 20
			small.Y[y*small.YStride+x] = byte(max(0, min(255, v)))
		}
	}
	if n, ok := Read(&small); !ok || n != 12345 {
		t.Errorf("read %d, %v", n, ok)
	}
}

func TestRefusesOtherFrames(t *testing.T) {
	t.Parallel()
	var f, g call.VideoFrame
	f.Reset(640, 360)
	if n, ok := Read(&f); ok {
		t.Errorf("read %d from black", n)
	}
	f.Reset(8, 8)
	if n, ok := Read(&f); ok {
		t.Errorf("read %d from 8x8", n)
	}
	// Half one frame and half another.
	p := NewPainter(640, 360)
	p.Draw(&f, 0x0f0f)
	p.Draw(&g, 0x00ff)
	for i := range f.Y {
		f.Y[i] = byte((int(f.Y[i]) + int(g.Y[i])) / 2)
	}
	if n, ok := Read(&f); ok {
		t.Errorf("read %d from a blend", n)
	}
	// A flipped bit breaks the parity.
	p.Draw(&f, 0x0f0f)
	fill(&f, cell(firstBit, 640, 360), colour{white, 128, 128})
	if n, ok := Read(&f); ok {
		t.Errorf("read %d with a wrong bit", n)
	}
}

func TestMoves(t *testing.T) {
	t.Parallel()
	var f, g call.VideoFrame
	p := NewPainter(640, 360)
	p.Draw(&f, 10)
	p.Draw(&g, 11)
	differ := 0
	for i := range f.Y[:640*360*7/16] {
		if f.Y[i] != g.Y[i] {
			differ++
		}
	}
	if differ == 0 {
		t.Error("nothing moves above the strip")
	}
}

func BenchmarkDraw720p(b *testing.B) {
	p := NewPainter(1280, 720)
	var f call.VideoFrame
	for n := 0; b.Loop(); n++ {
		p.Draw(&f, n)
	}
}
