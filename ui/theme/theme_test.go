package theme

import (
	"encoding/xml"
	"errors"
	"image/color"
	"io"
	"math"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	fynetheme "fyne.io/fyne/v2/theme"

	"foyer/assets"
)

// Text keeps at least 4.5:1 (WCAG 2.2, 1.4.3); parts of controls 3:1 (1.4.11).
func TestContrast(t *testing.T) {
	text := [][2]fyne.ThemeColorName{
		{Foreground, Background}, {Foreground, Surface}, {Foreground, Control}, {Foreground, Hover}, {Foreground, Toast},
		{Foreground, Bubble}, {Foreground, BubbleOwn}, {Muted, Bubble}, {Muted, BubbleOwn}, {Muted, Control},
		{Muted, Background}, {Muted, Surface}, {Muted, Toast},
		{OnAccent, Accent}, {OnAccent, AccentHi}, {OnDanger, Danger}, {OnDanger, DangerHi},
		{Error, Background}, {Error, Surface}, {Error, Toast}, {Success, Background}, {Success, Surface},
	}
	for name, p := range map[string]palette{"dark": New().dark, "light": New().light} {
		for _, pair := range text {
			if r := contrast(p[pair[0]], p[pair[1]]); r < 4.5 {
				t.Errorf("%s: %s on %s has a contrast of %.2f", name, pair[0], pair[1], r)
			}
		}
		if r := contrast(p[Focus], p[Background]); r < 3 {
			t.Errorf("%s: the focus ring has a contrast of %.2f", name, r)
		}
	}
}

func contrast(a, b color.Color) float64 {
	la, lb := luminance(a), luminance(b)
	return (math.Max(la, lb) + 0.05) / (math.Min(la, lb) + 0.05)
}

func luminance(c color.Color) float64 {
	r, g, b, _ := c.RGBA()
	f := func(v uint32) float64 {
		x := float64(v) / 0xffff
		if x <= 0.03928 {
			return x / 12.92
		}
		return math.Pow((x+0.055)/1.055, 2.4)
	}
	return 0.2126*f(r) + 0.7152*f(g) + 0.0722*f(b)
}

// Fyne's default look may show through nowhere: every colour that Fyne knows
// is ours.
func TestEveryFyneColourIsOurs(t *testing.T) {
	for _, p := range []palette{New().dark, New().light} {
		for _, name := range []fyne.ThemeColorName{
			fynetheme.ColorNameBackground, fynetheme.ColorNameButton, fynetheme.ColorNameDisabledButton, fynetheme.ColorNameDisabled,
			fynetheme.ColorNameError, fynetheme.ColorNameFocus, fynetheme.ColorNameForeground, fynetheme.ColorNameForegroundOnError,
			fynetheme.ColorNameForegroundOnPrimary, fynetheme.ColorNameForegroundOnSuccess, fynetheme.ColorNameForegroundOnWarning,
			fynetheme.ColorNameHeaderBackground, fynetheme.ColorNameHover, fynetheme.ColorNameHyperlink, fynetheme.ColorNameInputBackground,
			fynetheme.ColorNameInputBorder, fynetheme.ColorNameMenuBackground, fynetheme.ColorNameOverlayBackground,
			fynetheme.ColorNamePlaceHolder, fynetheme.ColorNamePressed, fynetheme.ColorNamePrimary, fynetheme.ColorNameScrollBar,
			fynetheme.ColorNameScrollBarBackground, fynetheme.ColorNameSelection, fynetheme.ColorNameSeparator, fynetheme.ColorNameShadow,
			fynetheme.ColorNameSuccess, fynetheme.ColorNameWarning,
		} {
			if _, ok := p[name]; !ok {
				t.Errorf("%s is Fyne's", name)
			}
		}
	}
}

func TestFixedIgnoresTheSystem(t *testing.T) {
	d, l := Fixed(fynetheme.VariantDark), Fixed(fynetheme.VariantLight)
	if d.Color(Background, fynetheme.VariantLight) != d.Color(Background, fynetheme.VariantDark) {
		t.Error("a fixed theme changes with the system")
	}
	if d.Color(Background, 0) == l.Color(Background, 0) {
		t.Error("dark and light look the same")
	}
	if f := New(); f.Color(Background, fynetheme.VariantLight) == f.Color(Background, fynetheme.VariantDark) {
		t.Error("the theme does not follow the system")
	}
}

// Every icon is well-formed XML of 24x24 in the one ink that Tinted replaces, but for
// those of reactions.
func TestIcons(t *testing.T) {
	for _, name := range assets.IconNames() {
		svg := assets.Icon(name)
		d := xml.NewDecoder(strings.NewReader(string(svg)))
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Errorf("%s: %v", name, err)
				break
			}
		}
		if strings.HasPrefix(name, "react-") { // have colours of their own
			continue
		}
		if !strings.Contains(string(svg), `viewBox="0 0 24 24"`) || strings.Count(string(svg), ink) == 0 {
			t.Errorf("%s is not drawn like the others", name)
		}
		if tinted := string(tint(svg, "#f2a33a")); strings.Contains(tinted, ink) || !strings.Contains(tinted, "#f2a33a") {
			t.Errorf("%s is not tinted", name)
		}
	}
	for _, own := range fyneIcons() {
		assets.Icon(own)
	}
}

// A theme with larger texts, or without motion, is the same one otherwise, and the
// one that it was made of stays as it is.
func TestTextsAndMotion(t *testing.T) {
	plain := Fixed(fynetheme.VariantLight)
	large := plain.WithText(TextLargest).WithoutMotion()
	if plain.TextFactor() != TextNormal || plain.Still() {
		t.Error("the theme itself has changed")
	}
	if large.TextFactor() != TextLargest || !large.Still() {
		t.Errorf("texts %v, still %v", large.TextFactor(), large.Still())
	}
	if large.Color(Background, fynetheme.VariantDark) != plain.Color(Background, fynetheme.VariantDark) {
		t.Error("the colours have changed")
	}
	if got, want := large.Size(fynetheme.SizeNameText), float32(TextSize*TextLargest); got != want {
		t.Errorf("Fyne's texts are of size %v, want %v", got, want)
	}
	if large.Size(fynetheme.SizeNameInlineIcon) != IconSize {
		t.Error("icons have grown")
	}
}
