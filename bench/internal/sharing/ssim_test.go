//go:build linux

package sharing

import (
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"testing"
)

func TestSSIM(t *testing.T) {
	t.Parallel()
	page := image.NewGray(image.Rect(0, 0, 160, 96))
	for i := range page.Pix {
		page.Pix[i] = byte(255 * (i / 3 % 2)) // strokes, as of letters
	}
	part, ok := page.SubImage(image.Rect(16, 8, 144, 88)).(*image.Gray)
	if !ok {
		t.Fatal("a part of a grey image is not grey")
	}
	seen := func(change func(v byte) int) *image.RGBA {
		img := image.NewRGBA(image.Rect(0, 0, part.Rect.Dx(), part.Rect.Dy()))
		for y := range part.Rect.Dy() {
			for x := range part.Rect.Dx() {
				v := byte(max(0, min(255, change(part.GrayAt(x+16, y+8).Y))))
				img.SetRGBA(x, y, color.RGBA{v, v, v, 255})
			}
		}
		return img
	}
	if got := SSIM(part, seen(func(v byte) int { return int(v) })); math.Abs(got-1) > 1e-9 {
		t.Errorf("of itself: %v, want 1", got)
	}
	last := 1.0
	for _, noise := range []int{8, 32, 128} {
		random := rand.New(rand.NewPCG(1, 1)) //nolint:gosec // the same each time
		got := SSIM(part, seen(func(v byte) int { return int(v) + random.IntN(2*noise+1) - noise }))
		if got >= last {
			t.Errorf("with noise of %d: %.4f, not less than %.4f", noise, got, last)
		}
		last = got
	}
	if got := SSIM(part, seen(func(byte) int { return 128 })); got > 0.1 {
		t.Errorf("of nothing: %.4f", got)
	}
}
