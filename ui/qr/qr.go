// Package qr draws QR codes: of an invite link, for a phone or another computer to
// read. It knows neither window nor terminal; it makes images and text.
package qr

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"strings"

	"github.com/boombuler/barcode/qr"
)

// Quiet is the border that readers need around a code, in modules (ISO/IEC 18004).
const Quiet = 4

// ErrTooLong is a text that no QR code can hold.
var ErrTooLong = errors.New("too long for a QR code")

// maxText is what the largest code holds, in bytes, with the least correction.
const maxText = 2953

// Code is a QR code: dark and light modules, without the quiet border.
type Code struct {
	Size int
	dark []bool
}

// New makes the smallest code of a text.
func New(text string) (Code, error) {
	if len(text) > maxText {
		return Code{}, fmt.Errorf("%w: %d bytes", ErrTooLong, len(text))
	}
	// The least correction: a screen has no stains, and larger modules are read from
	// farther away.
	drawn, err := qr.Encode(text, qr.L, qr.Auto)
	if err != nil {
		return Code{}, fmt.Errorf("QR code: %w", err)
	}
	b := drawn.Bounds()
	c := Code{Size: b.Dx(), dark: make([]bool, b.Dx()*b.Dy())}
	for y := range c.Size {
		for x := range c.Size {
			c.dark[y*c.Size+x] = color.GrayModel.Convert(drawn.At(b.Min.X+x, b.Min.Y+y)).(color.Gray).Y < 0x80
		}
	}
	return c, nil
}

// Dark reports whether a module is dark. Everything around the code is light.
func (c Code) Dark(x, y int) bool {
	return x >= 0 && y >= 0 && x < c.Size && y < c.Size && c.dark[y*c.Size+x]
}

// Image draws the code with its quiet border, each module so many pixels wide: black on
// white, whatever the window's colours are.
func (c Code) Image(module int) *image.Gray {
	whole := (c.Size + 2*Quiet) * module
	img := image.NewGray(image.Rect(0, 0, whole, whole))
	for y := range whole {
		for x := range whole {
			if !c.Dark(x/module-Quiet, y/module-Quiet) {
				img.Pix[y*img.Stride+x] = 0xff
			}
		}
	}
	return img
}

// Text writes the code for a terminal, two rows of modules a line. With coloured the
// lines say their colours themselves, so that they are black on white in a light
// terminal, too. Otherwise a dark one is taken for granted; a reader of the other
// kind has to understand a negative.
func (c Code) Text(coloured bool) string {
	const white, reset = "\x1b[40;97m", "\x1b[0m"
	var b strings.Builder
	for y := -Quiet; y < c.Size+Quiet; y += 2 {
		if coloured {
			b.WriteString(white)
		}
		for x := -Quiet; x < c.Size+Quiet; x++ {
			b.WriteRune(block(!c.Dark(x, y), !c.Dark(x, y+1)))
		}
		if coloured {
			b.WriteString(reset)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// block is a character whose halves are filled or not.
func block(upper, lower bool) rune {
	switch {
	case upper && lower:
		return '█'
	case upper:
		return '▀'
	case lower:
		return '▄'
	default:
		return ' '
	}
}
