package install

import (
	"bytes"
	"encoding/binary"
	"image/png"
	"testing"
)

// Every entry leads to an image of the size that it says.
func TestWindowsIcon(t *testing.T) {
	ico, err := WindowsIcon()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(ico, []byte{0, 0, 1, 0, 7, 0}) {
		t.Fatalf("it begins with % x", ico[:6])
	}
	for i := range 7 {
		entry := ico[6+16*i:]
		size, from := binary.LittleEndian.Uint32(entry[8:]), binary.LittleEndian.Uint32(entry[12:])
		img, err := png.DecodeConfig(bytes.NewReader(ico[from : from+size]))
		if err != nil {
			t.Fatal(err)
		}
		if entry[0] != byte(img.Width) || entry[1] != byte(img.Height) || img.Width < 16 {
			t.Errorf("entry %d: %dx%d, and %dx%d in the image", i, entry[0], entry[1], img.Width, img.Height)
		}
	}
}
