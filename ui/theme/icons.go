package theme

import (
	"bytes"
	"fmt"
	"image/color"

	"fyne.io/fyne/v2"
	fynetheme "fyne.io/fyne/v2/theme"

	"foyer/assets"
)

// fyneIcons says which of our icons stands for which of Fyne's, for the few of
// Fyne's widgets that show icons.
func fyneIcons() map[fyne.ThemeIconName]string {
	return map[fyne.ThemeIconName]string{
		fynetheme.IconNameCancel: "close", fynetheme.IconNameConfirm: "check", fynetheme.IconNameContentCopy: "copy",
		fynetheme.IconNameArrowDropDown: "chevron-down", fynetheme.IconNameMenuExpand: "chevron-right",
		fynetheme.IconNameWarning: "warning", fynetheme.IconNameError: "warning", fynetheme.IconNameInfo: "info",
		fynetheme.IconNameNavigateBack: "chevron-left", fynetheme.IconNameNavigateNext: "chevron-right",
		fynetheme.IconNameVolumeUp: "speaker", fynetheme.IconNameLogout: "leave",
	}
}

// Icon is an icon of our own set, in black: see [Tinted].
func Icon(name string) fyne.Resource {
	return fyne.NewStaticResource(name+".svg", assets.Icon(name))
}

// AppIcon is the program's icon.
func AppIcon() fyne.Resource { return fyne.NewStaticResource("foyer.png", assets.WindowIcon()) }

// Mark is the program's icon as a drawing, sharp at any size.
func Mark() fyne.Resource { return fyne.NewStaticResource("foyer.svg", assets.AppIcon()) }

// Tinted is an icon in a colour of the theme that is shown now. The resource's
// name carries the colour, because Fyne caches drawings by name.
func Tinted(name string, in fyne.ThemeColorName) fyne.Resource {
	c := color.NRGBAModel.Convert(Color(in)).(color.NRGBA)
	hex := hexColor(c)
	return fyne.NewStaticResource(name+"-"+hex[1:]+".svg", tint(assets.Icon(name), hex))
}

const ink = "#000000"

func tint(svg []byte, hex string) []byte {
	return bytes.ReplaceAll(svg, []byte(ink), []byte(hex))
}

func hexColor(c color.NRGBA) string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }
