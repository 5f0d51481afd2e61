package desktop

import (
	"image"
	"image/png"
	"os"
	"path/filepath"
	"testing"
)

// The two icons differ in brightness, not in colour alone, in every size.
func TestTrayImages(t *testing.T) {
	for _, size := range []int{32, 64} {
		live, muted := trayImage(true, size), trayImage(false, size)
		differs := 0
		for i := 0; i < len(live.Pix); i += 4 {
			if d := grey(live.Pix[i:]) - grey(muted.Pix[i:]); d > 60 || d < -60 {
				differs++
			}
		}
		if differs < size*size/50 {
			t.Errorf("at %d pixels they differ in %d", size, differs)
		}
		keep(t, "tray-live", live)
		keep(t, "tray-muted", muted)
	}
}

func grey(p []byte) int { return (int(p[0])*3 + int(p[1])*6 + int(p[2])) / 10 }

// keep leaves an image to look at in the folder that FOYER_ARTIFACTS names.
func keep(t *testing.T, name string, img image.Image) {
	t.Helper()
	dir := os.Getenv("FOYER_ARTIFACTS")
	if dir == "" {
		return
	}
	f, err := os.Create(filepath.Join(dir, name+".png"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, img); err != nil {
		t.Fatal(err)
	}
}
