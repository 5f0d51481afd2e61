//go:build linux

package sharing

import "image"

// The windows that are compared, as video encoders measure it: 8x8 pixels, at each fourth.
const (
	side = 8
	skip = 4
)

// SSIM is how like two frames of one size are to the eye, 1 for equal ones (Z. Wang et
// al.: Image Quality Assessment: From Error Visibility to Structural Similarity, 2004).
// The seen one is grey, whatever colours it could have.
func SSIM(page *image.Gray, seen *image.RGBA) float64 {
	sum, n := 0.0, 0
	a, b := page.Rect, seen.Rect
	for y := 0; y+side <= a.Dy(); y += skip {
		for x := 0; x+side <= a.Dx(); x += skip {
			sum += window(page.Pix[page.PixOffset(a.Min.X+x, a.Min.Y+y):], page.Stride,
				seen.Pix[seen.PixOffset(b.Min.X+x, b.Min.Y+y):], seen.Stride)
			n++
		}
	}
	return sum / float64(n)
}

// window compares two windows that begin with these pixels.
func window(a []byte, aStride int, b []byte, bStride int) float64 {
	const (
		pixels = side * side
		c1, c2 = (0.01 * 255) * (0.01 * 255), (0.03 * 255) * (0.03 * 255)
	)
	var sa, sb, aa, bb, ab int
	for y := range side {
		for x := range side {
			v, w := int(a[y*aStride+x]), int(b[y*bStride+4*x])
			sa, sb, aa, bb, ab = sa+v, sb+w, aa+v*v, bb+w*w, ab+v*w
		}
	}
	ma, mb := float64(sa)/pixels, float64(sb)/pixels
	va, vb := float64(aa)/pixels-ma*ma, float64(bb)/pixels-mb*mb
	both := float64(ab)/pixels - ma*mb
	return (2*ma*mb + c1) * (2*both + c2) / ((ma*ma + mb*mb + c1) * (va + vb + c2))
}
