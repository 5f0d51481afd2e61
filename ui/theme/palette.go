package theme

import (
	"image/color"

	"fyne.io/fyne/v2"
	fynetheme "fyne.io/fyne/v2/theme"
)

// Colours of Foyer's own. Those that Fyne's widgets know keep Fyne's names.
const (
	Background = fynetheme.ColorNameBackground // the stage
	Foreground = fynetheme.ColorNameForeground

	Surface  fyne.ThemeColorName = "foyer.surface"  // cards and tiles, one step lighter
	Control  fyne.ThemeColorName = "foyer.control"  // buttons, pickers
	Hover    fyne.ThemeColorName = "foyer.hover"    // a control under the pointer
	Pressed  fyne.ThemeColorName = "foyer.pressed"  // a control held down
	Border   fyne.ThemeColorName = "foyer.border"   // edges of fields and cards
	Muted    fyne.ThemeColorName = "foyer.muted"    // secondary text
	Accent   fyne.ThemeColorName = "foyer.accent"   // the main action, one per screen
	AccentHi fyne.ThemeColorName = "foyer.accentHi" // the main action under the pointer
	OnAccent fyne.ThemeColorName = "foyer.onAccent" // text on the accent
	Danger   fyne.ThemeColorName = "foyer.danger"   // leave, and what went wrong
	DangerHi fyne.ThemeColorName = "foyer.dangerHi"
	OnDanger fyne.ThemeColorName = "foyer.onDanger"
	Error    fyne.ThemeColorName = "foyer.error" // text of an error
	Success  fyne.ThemeColorName = "foyer.success"
	Focus    fyne.ThemeColorName = "foyer.focus" // ring around what has the keyboard
	Scrim    fyne.ThemeColorName = "foyer.scrim" // dims what lies below
	Chip     fyne.ThemeColorName = "foyer.chip"  // behind text that lies on video
	OnChip   fyne.ThemeColorName = "foyer.onChip"
	Toast    fyne.ThemeColorName = "foyer.toast"
	MeterOn  fyne.ThemeColorName = "foyer.meterOn"  // of a meter's bars, which lie on a chip
	MeterOff fyne.ThemeColorName = "foyer.meterOff" // those that are not lit

	Bubble    fyne.ThemeColorName = "foyer.bubble"    // what others say
	BubbleOwn fyne.ThemeColorName = "foyer.bubbleOwn" // what we say
)

type palette map[fyne.ThemeColorName]color.Color

func rgb(hex uint32) color.NRGBA { return rgba(hex<<8 | 0xff) }

func rgba(hex uint32) color.NRGBA {
	return color.NRGBA{R: uint8(hex >> 24), G: uint8(hex >> 16), B: uint8(hex >> 8), A: uint8(hex)}
}

// dark and light are the two palettes. Text keeps a contrast of 4.5:1 at
// least against what it lies on; a test measures it.
func dark() palette {
	return palette{
		Background: rgb(0x14161A), Surface: rgb(0x1E2127), Control: rgb(0x2A2E36), Hover: rgb(0x353A44), Pressed: rgb(0x40464F),
		Border: rgb(0x3A3F49), Foreground: rgb(0xF4F2EE), Muted: rgb(0xA6ABB5), Accent: rgb(0xF2A33A), AccentHi: rgb(0xF7B75E),
		OnAccent: rgb(0x1C1204), Danger: rgb(0xC93B3B), DangerHi: rgb(0xB53030), OnDanger: rgb(0xFFFFFF), Error: rgb(0xFF8F87),
		Success: rgb(0x6CCB94), Focus: rgb(0xF4F2EE), Scrim: rgba(0x0B0C0EB8), Chip: rgba(0x0B0C0ECC), OnChip: rgb(0xF4F2EE),
		Toast: rgb(0x2A2E36), MeterOn: rgb(0x6CCB94), MeterOff: rgb(0x40464F),
		Bubble: rgb(0x2A2E36), BubbleOwn: rgb(0x43341F),
	}
}

func light() palette {
	return palette{
		Background: rgb(0xF6F5F2), Surface: rgb(0xFFFFFF), Control: rgb(0xE8E5DF), Hover: rgb(0xDDD9D1), Pressed: rgb(0xD1CCC2),
		Border: rgb(0xC9C4BA), Foreground: rgb(0x1B1D21), Muted: rgb(0x5A5E66), Accent: rgb(0xF2A33A), AccentHi: rgb(0xE8941F),
		OnAccent: rgb(0x1C1204), Danger: rgb(0xBE2F2F), DangerHi: rgb(0xA82424), OnDanger: rgb(0xFFFFFF), Error: rgb(0xB3261E),
		Success: rgb(0x1F7A45), Focus: rgb(0x1B1D21), Scrim: rgba(0x14161A8C), Chip: rgba(0x0B0C0ECC), OnChip: rgb(0xF4F2EE),
		Toast: rgb(0xFFFFFF), MeterOn: rgb(0x6CCB94), MeterOff: rgb(0x40464F),
		Bubble: rgb(0xEFECE6), BubbleOwn: rgb(0xFBE6C4),
	}
}

// withFyneNames adds the colours by which Fyne's own widgets (entries, scroll
// bars, menus) ask, so that its default look shows nowhere.
func withFyneNames(p palette) palette {
	clear := color.NRGBA{}
	for name, c := range map[fyne.ThemeColorName]color.Color{
		fynetheme.ColorNameButton: p[Control], fynetheme.ColorNameDisabledButton: p[Control], fynetheme.ColorNameDisabled: p[Muted],
		fynetheme.ColorNameError: p[Danger], fynetheme.ColorNameForegroundOnError: p[OnDanger],
		fynetheme.ColorNameFocus: p[Hover], fynetheme.ColorNamePrimary: p[Focus], fynetheme.ColorNameForegroundOnPrimary: p[Background],
		fynetheme.ColorNameHover: p[Hover], fynetheme.ColorNamePressed: p[Pressed], fynetheme.ColorNameHyperlink: p[Foreground],
		fynetheme.ColorNameInputBackground: p[Surface], fynetheme.ColorNameInputBorder: p[Border], fynetheme.ColorNamePlaceHolder: p[Muted],
		fynetheme.ColorNameMenuBackground: p[Toast], fynetheme.ColorNameOverlayBackground: p[Toast], fynetheme.ColorNameHeaderBackground: p[Surface],
		fynetheme.ColorNameScrollBar: p[Border], fynetheme.ColorNameScrollBarBackground: clear, fynetheme.ColorNameShadow: clear,
		fynetheme.ColorNameSelection: rgba(0xF2A33A66), fynetheme.ColorNameSeparator: p[Border],
		fynetheme.ColorNameSuccess: p[Success], fynetheme.ColorNameForegroundOnSuccess: p[Background],
		fynetheme.ColorNameWarning: p[Accent], fynetheme.ColorNameForegroundOnWarning: p[OnAccent],
	} {
		p[name] = c
	}
	return p
}
