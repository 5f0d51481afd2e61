//go:build linux

package e2e

import (
	"bytes"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"testing"

	"foyer/engine/call"
	"foyer/engine/devices/testpicture"
)

// smallFilm is a camera for tests that ask whether frames come and not how large they
// are: a second of the test pattern, again and again. It takes a sixteenth of what
// the test camera takes to draw and to encode.
func smallFilm(t *testing.T) string {
	t.Helper()
	return writeY4M(t, 320, 180, 30)
}

// writeY4M writes the test pattern as a file that Chromium takes for a camera.
func writeY4M(t *testing.T, w, h, frames int) string {
	t.Helper()
	var b bytes.Buffer
	fmt.Fprintf(&b, "YUV4MPEG2 W%d H%d F30:1 Ip A1:1 C420jpeg\n", w, h)
	painter, frame := testpicture.NewPainter(w, h), new(call.VideoFrame)
	for n := range frames {
		painter.Draw(frame, n)
		b.WriteString("FRAME\n")
		b.Write(frame.Y)
		b.Write(frame.U)
		b.Write(frame.V)
	}
	name := filepath.Join(t.TempDir(), "camera.y4m")
	if err := os.WriteFile(name, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func readPNG(t *testing.T, name string) image.Image {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return img
}

// checkFrame compares what somebody decoded with the frame that was sent,
// which it finds by the number in it, and returns that number.
func checkFrame(t *testing.T, who, file string) int {
	t.Helper()
	got := readPNG(t, file)
	n, ok := testpicture.ReadImage(got)
	if !ok {
		t.Errorf("%s: the test picture cannot be read in %s (%v)", who, file, got.Bounds())
		return -1
	}
	sent := new(call.VideoFrame)
	testpicture.NewPainter(got.Bounds().Dx(), got.Bounds().Dy()).Draw(sent, n)
	// A frame that was scaled and coded at a call's bit rates is some 30 dB
	// from its source by this measure; another frame of the same film 20.
	if db := psnr(sent, got); db < 24 {
		t.Errorf("%s: picture %d is only %.1f dB like the source", who, n, db)
	} else {
		t.Logf("%s: picture %d, %v, %.1f dB", who, n, got.Bounds().Size(), db)
	}
	return n
}

// grid is how coarsely frames are compared: edges move by half a pixel when a
// smaller layer is shown.
const gridX, gridY = 64, 36

// psnr compares means over a grid, in dB of 8 bit RGB. What looks at each pixel is
// not watched by the race detector: both frames are this goroutine's alone, and it
// takes a second of a processor with it.
func psnr(sent *call.VideoFrame, decoded image.Image) float64 {
	got := image.NewRGBA(image.Rectangle{Max: decoded.Bounds().Size()})
	draw.Draw(got, got.Rect, decoded, decoded.Bounds().Min, draw.Src)
	var sum float64
	for y := range gridY {
		for x := range gridX {
			a, b := cellSent(sent, x, y), cellGot(got, x, y)
			for i := range a {
				sum += (a[i] - b[i]) * (a[i] - b[i])
			}
		}
	}
	mse := sum / (3 * gridX * gridY)
	return 10 * math.Log10(255*255/math.Max(mse, 1e-9))
}

func cellBounds(w, h, x, y int) image.Rectangle {
	return image.Rect(x*w/gridX, y*h/gridY, (x+1)*w/gridX, (y+1)*h/gridY)
}

//go:norace
func cellSent(f *call.VideoFrame, cx, cy int) (rgb [3]float64) {
	r := cellBounds(f.Width, f.Height, cx, cy)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			c := y/2*f.UVStride + x/2
			// BT.601, video range.
			l := 1.164 * (float64(f.Y[y*f.YStride+x]) - 16)
			u, v := float64(f.U[c])-128, float64(f.V[c])-128
			for i, s := range [3]float64{l + 1.596*v, l - 0.813*v - 0.391*u, l + 2.018*u} {
				rgb[i] += math.Min(255, math.Max(0, s))
			}
		}
	}
	return scale(rgb, r)
}

//go:norace
func cellGot(img *image.RGBA, cx, cy int) (rgb [3]float64) {
	r := cellBounds(img.Rect.Dx(), img.Rect.Dy(), cx, cy)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			c := img.Pix[y*img.Stride+4*x:]
			rgb[0], rgb[1], rgb[2] = rgb[0]+float64(c[0]), rgb[1]+float64(c[1]), rgb[2]+float64(c[2])
		}
	}
	return scale(rgb, r)
}

func scale(rgb [3]float64, r image.Rectangle) [3]float64 {
	n := float64(max(1, r.Dx()*r.Dy()))
	return [3]float64{rgb[0] / n, rgb[1] / n, rgb[2] / n}
}
