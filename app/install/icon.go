package install

import (
	"bytes"
	"image"
	"image/draw"
	"image/png"
	"math"
	"slices"
	"sync"

	"foyer/assets"
)

// iconSizes are those for which desktops look.
func iconSizes() []int { return []int{16, 22, 24, 32, 48, 64, 128, 256, 512} }

// icons are the program's icon in each of these sizes, as PNG.
var icons = sync.OnceValues(drawIcons)

func drawIcons() (map[int][]byte, error) {
	source, err := png.Decode(bytes.NewReader(assets.LargeIcon()))
	if err != nil {
		return nil, err
	}
	whole := image.NewRGBA(source.Bounds())
	draw.Draw(whole, whole.Bounds(), source, source.Bounds().Min, draw.Src)
	all := map[int][]byte{}
	for _, size := range slices.Backward(iconSizes()) {
		if size >= 128 { // halves; the small ones are made of the last of them
			whole = shrunk(whole, size)
		}
		var b bytes.Buffer
		if err := png.Encode(&b, shrunk(whole, size)); err != nil {
			return nil, err
		}
		all[size] = b.Bytes()
	}
	return all, nil
}

// shrunk is an image in so many pixels: each is the average of what it covers, also
// of parts of pixels.
func shrunk(img *image.RGBA, size int) *image.RGBA {
	if img.Bounds().Dx() == size {
		return img
	}
	out := image.NewRGBA(image.Rect(0, 0, size, size))
	scale := float64(img.Bounds().Dx()) / float64(size)
	for y := range size {
		for x := range size {
			var sum [4]float64
			top, left := float64(y)*scale, float64(x)*scale
			for py := int(top); float64(py) < top+scale && py < img.Bounds().Dy(); py++ {
				for px := int(left); float64(px) < left+scale && px < img.Bounds().Dx(); px++ {
					share := covered(py, top, scale) * covered(px, left, scale)
					p := img.Pix[py*img.Stride+4*px:]
					for i := range sum {
						sum[i] += float64(p[i]) * share
					}
				}
			}
			p := out.Pix[y*out.Stride+4*x:]
			for i, v := range sum {
				p[i] = uint8(math.Round(v / (scale * scale)))
			}
		}
	}
	return out
}

// covered is how much of a pixel lies between from and from+length.
func covered(pixel int, from, length float64) float64 {
	return max(0, min(float64(pixel+1), from+length)-max(float64(pixel), from))
}
