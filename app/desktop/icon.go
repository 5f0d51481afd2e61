package desktop

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"

	"foyer/assets"
)

// Colours of the mark on the icon, as in the window's theme.
var (
	live  = color.NRGBA{R: 0xF2, G: 0xA3, B: 0x3A, A: 0xFF}
	muted = color.NRGBA{R: 0xC9, G: 0x3B, B: 0x3B, A: 0xFF}
	white = color.NRGBA{R: 0xFF, G: 0xFF, B: 0xFF, A: 0xFF}
)

// trayImage is the program's icon in so many pixels, with a mark of whether the
// microphone is on: a dot, or a crossed one, so that nobody has to tell colours
// apart. size is a power of two, at most that of the icon.
func trayImage(micOn bool, size int) *image.NRGBA {
	icon, err := png.Decode(bytes.NewReader(assets.WindowIcon()))
	if err != nil {
		panic(err) // embedded: a broken build
	}
	out := shrunk(icon, size)
	s := float64(size)
	r := s * 0.27
	cx, cy := s-r, s-r
	for y := range size {
		for x := range size {
			dx, dy := float64(x)+0.5-cx, float64(y)+0.5-cy
			d := math.Hypot(dx, dy)
			if micOn {
				blend(out, x, y, live, r-d)
				blend(out, x, y, white, r*0.38-d)
				continue
			}
			blend(out, x, y, muted, r-d)
			blend(out, x, y, white, min(r*0.72-d, s*0.055-math.Abs(dx+dy)/math.Sqrt2))
		}
	}
	return out
}

// blend lays a colour over a pixel that lies so deep inside of its edge.
func blend(img *image.NRGBA, x, y int, c color.NRGBA, depth float64) {
	a := max(0, min(depth+0.5, 1))
	if a == 0 {
		return
	}
	p := img.Pix[img.PixOffset(x, y):]
	under := float64(p[3]) / 255
	whole := a + under*(1-a)
	for i, v := range [3]uint8{c.R, c.G, c.B} {
		p[i] = uint8((float64(v)*a + float64(p[i])*under*(1-a)) / whole)
	}
	p[3] = uint8(whole*255 + 0.5)
}

// shrunk is an image in so many pixels: each is the average of those that it
// stands for.
func shrunk(img image.Image, size int) *image.NRGBA {
	out := image.NewNRGBA(image.Rect(0, 0, size, size))
	n := img.Bounds().Dx() / size
	for y := range size {
		for x := range size {
			var r, g, b, a uint32
			for i := range n * n {
				pr, pg, pb, pa := img.At(x*n+i%n, y*n+i/n).RGBA()
				r, g, b, a = r+pr, g+pg, b+pb, a+pa
			}
			all := uint32(n * n)
			c := color.RGBA64{uint16(r / all), uint16(g / all), uint16(b / all), uint16(a / all)}
			out.Set(x, y, c)
		}
	}
	return out
}
