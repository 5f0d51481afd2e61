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
}

// New is the theme that follows the system's light or dark setting.
func New() *Theme {
	return &Theme{dark: withFyneNames(dark()), light: withFyneNames(light()), follow: true}
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
		return TextSize
	case fynetheme.SizeNameCaptionText:
		return TextSmall
	case fynetheme.SizeNameHeadingText:
		return TextTitle
	case fynetheme.SizeNameSubHeadingText:
		return TextHeading
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
