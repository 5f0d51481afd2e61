package qr

import (
	"errors"
	"image"
	"image/color"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
)

// read reads what is drawn, as a phone does.
func read(t *testing.T, img image.Image) string {
	t.Helper()
	bits, err := gozxing.NewBinaryBitmapFromImage(img)
	if err != nil {
		t.Fatal(err)
	}
	result, err := qrcode.NewQRCodeReader().Decode(bits, nil)
	if err != nil {
		t.Fatalf("not readable: %v", err)
	}
	return result.GetText()
}

// screen is what a terminal shows of a text: each character is 8 pixels wide and 16
// high, and its ground goes on around the text. Colours that the text says itself count.
func screen(t *testing.T, text string, ink, ground uint8) image.Image {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	const w, h, margin = 8, 16, 32
	plain := func(line string) []rune {
		return []rune(strings.NewReplacer("\x1b[40;97m", "", "\x1b[0m", "").Replace(line))
	}
	columns := len(plain(lines[0]))
	img := image.NewGray(image.Rect(0, 0, columns*w+2*margin, len(lines)*h+2*margin))
	for i := range img.Pix {
		img.Pix[i] = ground
	}
	for row, line := range lines {
		fore, back := ink, ground
		if strings.HasPrefix(line, "\x1b[40;97m") {
			fore, back = 0xff, 0
		}
		chars := plain(line)
		if len(chars) != columns {
			t.Fatalf("line %d has %d columns, not %d", row, len(chars), columns)
		}
		for column, r := range chars {
			for y := range h {
				filled := r == '█' || r == '▀' && y < h/2 || r == '▄' && y >= h/2
				shade := back
				if filled {
					shade = fore
				}
				for x := range w {
					img.SetGray(margin+column*w+x, margin+row*h+y, color.Gray{Y: shade})
				}
			}
		}
	}
	return img
}

func negative(img image.Image) image.Image {
	b := img.Bounds()
	out := image.NewGray(b)
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			out.SetGray(x, y, color.Gray{Y: 0xff - color.GrayModel.Convert(img.At(x, y)).(color.Gray).Y})
		}
	}
	return out
}

// What is drawn is read again, by a reader that is not ours, in the window and in
// terminals of both kinds.
func TestReadable(t *testing.T) {
	link := "foyer://192.168.1.10:7843/r-abcdefgh?v=1&h=%5B2001%3Adb8%3A%3A1%5D%3A7843&t=Design+review&s=" +
		strings.Repeat("A1b2", 6) + "&f=" + strings.Repeat("x", 43) + "&c=0123abcd"
	for name, text := range map[string]string{
		"a link": link, "one character": "a", "umlauts and Chinese": "foyer://h/äöü会议", "a long one": strings.Repeat("https://x/", 200),
	} {
		t.Run(name, func(t *testing.T) {
			c, err := New(text)
			if err != nil {
				t.Fatal(err)
			}
			if got := read(t, c.Image(3)); got != text {
				t.Errorf("read %q", got)
			}
			for terminal, colours := range map[string][2]uint8{"dark": {0xe0, 0x10}, "light": {0x10, 0xf0}} {
				if got := read(t, screen(t, c.Text(true), colours[0], colours[1])); got != text {
					t.Errorf("%s terminal: read %q", terminal, got)
				}
			}
			if got := read(t, screen(t, c.Text(false), 0xe0, 0x10)); got != text {
				t.Errorf("without colours: read %q", got)
			}
			if got := read(t, negative(screen(t, c.Text(false), 0x10, 0xf0))); got != text {
				t.Errorf("without colours, in a light terminal, by a reader of negatives: read %q", got)
			}
		})
	}
}

func TestTooLong(t *testing.T) {
	if _, err := New(strings.Repeat("x", maxText)); err != nil {
		t.Error(err)
	}
	if _, err := New(strings.Repeat("x", maxText+1)); !errors.Is(err, ErrTooLong) {
		t.Errorf("got %v", err)
	}
}
