// Package theme is Foyer's look: colours, sizes and icons behind Fyne's theme
// interface, dark and light. Values are immutable; any goroutine may read them.
package theme

import (
	"image/color"

	"fyne.io/fyne/v2"
	fynetheme "fyne.io/fyne/v2/theme"
)

// Sizes in device-independent pixels, in steps of 4.
const (
	RadiusCard    = 12 // tiles and cards
	RadiusControl = 8
	TextSize      = 14
	TextSmall     = 12
	TextTitle     = 22
	TextHeading   = 17
	IconSize      = 20
)

// Theme implements [fyne.Theme].
type Theme struct {
	dark, light palette
	variant     fyne.ThemeVariant // used unless follow
	follow      bool
	text        float32 // factor of the size of texts
	still       bool    // nothing moves that need not
}

// New is the theme that follows the system's light or dark setting.
func New() *Theme {
	return &Theme{dark: withFyneNames(dark()), light: withFyneNames(light()), follow: true, text: 1}
}

// Factors of the size of texts.
const (
	TextNormal  = 1
	TextLarge   = 1.2
	TextLargest = 1.4
)

// WithText returns the theme with texts of another size.
func (t *Theme) WithText(factor float32) *Theme {
	changed := *t
	changed.text = factor
	return &changed
}

// WithoutMotion returns the theme in which nothing moves that need not.
func (t *Theme) WithoutMotion() *Theme {
	changed := *t
	changed.still = true
	return &changed
}

// TextFactor is by how much texts are larger than usual.
func (t *Theme) TextFactor() float32 { return t.text }

// Still reports whether nothing moves that need not.
func (t *Theme) Still() bool { return t.still }

// shown is what is asked of the theme that is shown now.
type shown interface {
	TextFactor() float32
	Still() bool
}

func current() (shown, bool) {
	app := fyne.CurrentApp()
	if app == nil {
		return nil, false
	}
	t, ours := app.Settings().Theme().(shown)
	return t, ours
}

// Text returns a size of text as the user wants it.
func Text(size float32) float32 {
	if t, ours := current(); ours {
		return size * t.TextFactor()
	}
	return size
}

// Moves reports whether something may move for the sake of its looks: not if the
// user, or the system, wants less motion.
func Moves() bool {
	t, ours := current()
	return !(ours && t.Still()) && fyne.CurrentApp().Settings().ShowAnimations()
}

// Fixed is the theme in one variant, whatever the system says.
func Fixed(v fyne.ThemeVariant) *Theme {
	t := New()
	t.variant, t.follow = v, false
	return t
}

// Color is the colour of that name. A name that Foyer does not set is Fyne's;
// there is none in use.
func (t *Theme) Color(name fyne.ThemeColorName, v fyne.ThemeVariant) color.Color {
	if !t.follow {
		v = t.variant
	}
	p := t.dark
	if v == fynetheme.VariantLight {
		p = t.light
	}
	if c, ok := p[name]; ok {
		return c
	}
	return fynetheme.DefaultTheme().Color(name, v)
}

// Font is Noto Sans as Fyne carries it (SIL Open Font License).
func (t *Theme) Font(style fyne.TextStyle) fyne.Resource {
	return fynetheme.DefaultTheme().Font(style)
}

// Icon is Foyer's own where Fyne's widgets show one here.
func (t *Theme) Icon(name fyne.ThemeIconName) fyne.Resource {
	if own, ok := fyneIcons()[name]; ok {
		return Icon(own)
	}
	return fynetheme.DefaultTheme().Icon(name)
}

// Size is the size of that name.
func (t *Theme) Size(name fyne.ThemeSizeName) float32 {
	switch name {
	case fynetheme.SizeNameText:
		return t.text * TextSize
	case fynetheme.SizeNameCaptionText:
		return t.text * TextSmall
	case fynetheme.SizeNameHeadingText:
		return t.text * TextTitle
	case fynetheme.SizeNameSubHeadingText:
		return t.text * TextHeading
	case fynetheme.SizeNameInputRadius, fynetheme.SizeNameSelectionRadius:
		return RadiusControl
	case fynetheme.SizeNameInputBorder:
		return 1.5
	case fynetheme.SizeNameInnerPadding:
		return 8
	case fynetheme.SizeNameInlineIcon:
		return IconSize
	case fynetheme.SizeNameScrollBar:
		return 8
	case fynetheme.SizeNameScrollBarSmall:
		return 4
	case fynetheme.SizeNameScrollBarRadius:
		return 4
	default:
		return fynetheme.DefaultTheme().Size(name)
	}
}

// Color is a colour of the theme that is shown now.
func Color(name fyne.ThemeColorName) color.Color { return fynetheme.Color(name) }
