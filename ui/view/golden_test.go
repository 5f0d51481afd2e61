package view

import (
	"bytes"
	"flag"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	fynetheme "fyne.io/fyne/v2/theme"

	"foyer/engine/call"
)

var update = flag.Bool("update", false, "write the golden images anew; look at every one before committing it")

// The tolerance of a comparison (docs/adr/0018). Another rasteriser, or a
// processor that fuses a multiplication and an addition, changes the edges of
// letters by a few steps of colour. What somebody changed on a screen changes
// many pixels that lie together.
const (
	tolerateStep   = 32 // of 255, in any channel of a pixel
	tolerateBlock  = 16 // pixels: the side of the squares that are compared alone
	toleratePixels = 5  // in a block that differ by more than a step
)

// look is a size and theme in which a screen is drawn.
type look struct {
	name    string // empty: the first one, in which every screen with an image has one
	size    fyne.Size
	variant fyne.ThemeVariant
}

func looks() map[string]look {
	return map[string]look{
		"dark":  {"", normal, fynetheme.VariantDark},
		"light": {"-light", normal, fynetheme.VariantLight},
		"small": {"-small", small, fynetheme.VariantDark},
		"tiny":  {"-tiny", tiny, fynetheme.VariantDark},
		"800":   {"-800", fyne.NewSize(800, 560), fynetheme.VariantDark},
		"1600":  {"-1600", fyne.NewSize(1600, 900), fynetheme.VariantDark},
	}
}

// screen is a state of the window. Its images are of the layouts that it has: a
// screen with the layout of another one, and other words, has none, and is looked
// at by TestNothingIsCut.
type screen struct {
	name    string
	looks   string // of its images: "dark light small tiny phone 800 1600"
	prepare func(*stand)
}

// drawsMuch skips a test under the race detector, which takes ten times as long for
// it and finds nothing: all that draws belongs to one goroutine.
func drawsMuch(t *testing.T) {
	t.Helper()
	if underRace {
		t.Skip("drawing is no work for the race detector; runs in make test, without it")
	}
}

// golden compares a screen with its images.
func golden(t *testing.T, of string, screens []screen) {
	t.Helper()
	drawsMuch(t)
	for _, sc := range screens {
		for name := range strings.FieldsSeq(sc.looks) {
			look := looks()[name]
			t.Run(sc.name+look.name, func(t *testing.T) {
				s := newStand(t, look.size, look.variant)
				sc.prepare(s)
				s.show()
				s.golden(of + "-" + sc.name + look.name)
			})
		}
	}
}

func (s *stand) golden(name string) {
	s.t.Helper()
	path, got := filepath.Join("testdata", name+".png"), s.capture()
	if *update {
		s.write(path, got)
		return
	}
	f, err := os.Open(path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer f.Close()
	decoded, err := png.Decode(f)
	if err != nil {
		s.t.Fatal(err)
	}
	at, same := alike(decoded, got)
	if same {
		return
	}
	failed := filepath.Join("testdata", "failed", name+".png")
	s.write(failed, got)
	s.t.Errorf("the screen differs from %s at %v: see %s", path, at, failed)
}

func (s *stand) capture() *image.NRGBA { return s.win.Canvas().Capture().(*image.NRGBA) }

// alike reports whether two images are the same within the tolerance, and
// otherwise where they differ first. It reads pixels as they are in memory: an
// image without any transparent pixel comes from its file as RGBA, which is the
// same in memory then.
func alike(golden image.Image, got *image.NRGBA) (at image.Rectangle, same bool) {
	var pix []byte
	switch g := golden.(type) {
	case *image.RGBA:
		pix = g.Pix
	case *image.NRGBA:
		pix = g.Pix
	}
	if golden.Bounds() != got.Rect || len(pix) != len(got.Pix) {
		return got.Rect, false
	}
	if bytes.Equal(pix, got.Pix) {
		return at, true
	}
	for y := got.Rect.Min.Y; y < got.Rect.Max.Y; y += tolerateBlock {
		for x := got.Rect.Min.X; x < got.Rect.Max.X; x += tolerateBlock {
			block := image.Rect(x, y, x+tolerateBlock, y+tolerateBlock).Intersect(got.Rect)
			if differing(pix, got, block) > toleratePixels {
				return block, false
			}
		}
	}
	return at, true
}

// differing counts the pixels of a block that differ by more than a step.
func differing(golden []byte, got *image.NRGBA, block image.Rectangle) (n int) {
	for y := block.Min.Y; y < block.Max.Y; y++ {
		from, to := got.PixOffset(block.Min.X, y), got.PixOffset(block.Max.X, y)
		if bytes.Equal(golden[from:to], got.Pix[from:to]) {
			continue
		}
		for i := from; i < to; i += 4 {
			for c := range 4 {
				if d := int(golden[i+c]) - int(got.Pix[i+c]); d > tolerateStep || d < -tolerateStep {
					n++
					break
				}
			}
		}
	}
	return n
}

func (s *stand) write(path string, img image.Image) {
	s.t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		s.t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, img); err != nil {
		s.t.Fatal(err)
	}
}

// The comparison finds what somebody would see, and nothing else.
func TestGoldenTolerance(t *testing.T) {
	drawsMuch(t)
	room := func(change func(*stand)) *image.NRGBA {
		s := newStand(t, normal, fynetheme.VariantDark)
		s.enter(2)
		s.show()
		change(s)
		return s.capture()
	}
	golden := room(func(*stand) {})
	each := func(change func(x, y int, c color.NRGBA) color.NRGBA) *image.NRGBA {
		img := image.NewNRGBA(golden.Rect)
		for y := range golden.Rect.Dy() {
			for x := range golden.Rect.Dx() {
				img.SetNRGBA(x, y, change(x, y, golden.NRGBAAt(x, y)))
			}
		}
		return img
	}
	tests := []struct {
		name string
		got  *image.NRGBA
		same bool
	}{
		{"drawn again", room(func(*stand) {}), true},
		{"a few steps of colour everywhere", each(func(x, y int, c color.NRGBA) color.NRGBA {
			c.R, c.G = c.R^uint8(x%8), c.G^uint8(y%8)
			return c
		}), true},
		{"specks", each(func(x, y int, c color.NRGBA) color.NRGBA {
			if x%16 == 3 && y%16 == 5 {
				c.R ^= 0x80
			}
			return c
		}), true},
		{"a button moved by two pixels", room(func(s *stand) {
			b := s.button("Mute (M)")
			b.Move(b.Position().AddXY(2, 0))
		}), false},
		{"another letter", room(func(s *stand) {
			s.state.Room.Title = "Design neview"
			s.show()
		}), false},
		{"another icon", room(func(s *stand) {
			s.apply(call.TrackMuted{ID: "ada", Local: true, Track: call.Track{SID: "Lmicrophone", Source: call.SourceMicrophone}})
			s.show()
		}), false},
		{"another background", each(func(x, y int, c color.NRGBA) color.NRGBA {
			if x < 20 && y < 20 {
				c.B += 40
			}
			return c
		}), false},
		{"another size", image.NewNRGBA(image.Rect(0, 0, 1100, 719)), false},
	}
	for _, tt := range tests {
		if at, same := alike(golden, tt.got); same != tt.same {
			t.Errorf("%s: alike is %v, at %v", tt.name, same, at)
		}
	}
}

// mostImages keeps changes of the looks reviewable. What differs in words alone is looked
// at by TestNothingIsCut and TestTextsFitInEveryLanguage.
const mostImages = 92

// Every image belongs to a screen, and every screen has its images.
func TestNoImageIsLeftOver(t *testing.T) {
	want := []string{
		"dialog.png", "invitation.png", "menu-devices.png", "menu-more.png", "menu.png", "picker-1100.png", "picker-720.png", "removal.png", "rules-light.png", "rules.png", "share-choice.png", "shortcuts-small.png", "tooltip-focus.png",
	}
	for _, code := range []string{"de", "zh"} {
		for name := range inLanguages() {
			want = append(want, name+"-"+code+".png")
		}
	}
	for of, screens := range map[string][]screen{"lobby": lobbyScreens(), "room": roomScreens(), "farewell": farewellScreens(), "panel": panelScreens(), "people": handScreens(), "over": smallScreens()} {
		for _, sc := range screens {
			for name := range strings.FieldsSeq(sc.looks) {
				want = append(want, of+"-"+sc.name+looks()[name].name+".png")
			}
		}
	}
	for name := range phoneScreens() {
		want = append(want, "narrow-"+name+".png")
	}
	eachSetup(func(name string, _ look, _ func(*stand) *setup) { want = append(want, name+".png") })
	want = append(want, "settings-largest-1.png", "settings-largest-5.png")
	entries, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		if !e.IsDir() {
			got = append(got, e.Name())
		}
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("testdata has %v, the screens have %v", got, want)
	}
	if len(got) > mostImages {
		t.Errorf("there are %d images: one is for a layout that no other one has", len(got))
	}
}
