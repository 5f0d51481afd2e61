package bar

import (
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"foyer/ui/kit"
	"foyer/ui/theme"
)

// Icon is that of a device that is on or off.
func Icon(name string, on bool) string {
	if on {
		return name
	}
	return name + "-off"
}

// Style is that of the button of a device that is on or off.
func Style(on bool) kit.Style {
	if on {
		return kit.Plain
	}
	return kit.Off
}

// TipKey is the key of what a press does to a device that is on or off.
func TipKey(prefix string, on bool) string {
	if on {
		return prefix + "_off"
	}
	return prefix + "_on"
}

func lit(open bool) kit.Style {
	if open {
		return kit.Lit
	}
	return kit.Plain
}

// badge is a small number on a button.
type badge struct {
	*fyne.Container
	text *kit.Text
}

const badgeSize = 20

func newBadge() *badge {
	b := &badge{text: kit.NewCaption("").Colored(theme.OnAccent).Centered()}
	b.text.Bold, b.text.Silent = true, true // the button says it
	b.Container = container.New(b, kit.NewPanel(theme.Accent, badgeSize/2), b.text)
	b.Hide()
	return b
}

func (b *badge) set(n int) {
	text := strconv.Itoa(n)
	if n > 99 {
		text = "99+"
	}
	b.text.Set(text)
	kit.SetVisible(b.Container, n > 0)
}

// MinSize implements fyne.Layout.
func (b *badge) MinSize([]fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(max(badgeSize, b.text.MinWidth()+12), badgeSize)
}

// Layout implements fyne.Layout.
func (b *badge) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	objects[0].Resize(size)
	h := objects[1].MinSize().Height
	kit.Place(objects[1], 0, (size.Height-h)/2, size.Width, h)
}

// callButton is a button with its name below and, where there is something to choose,
// a menu beside it.
type callButton struct {
	content *fyne.Container
	button  *kit.Button
	menu    *kit.Button // nil: none
	caption *kit.Text
	icon    string
	style   kit.Style
}

const (
	buttonWide = 64
	menuWidth  = 22
	menuGap    = 2
	captionGap = 4
)

func newCallButton(icon string, style kit.Style, tips *kit.Tips, tapped func()) *callButton {
	c := &callButton{button: kit.NewButton("", icon, style, tapped), caption: kit.NewCaption("").Centered().Shrinking()}
	c.button.WithTip(tips, "")
	c.caption.Silent = true // the button has the name
	c.content = container.New(c, c.button, c.caption)
	return c
}

// addMenu puts a chevron beside the button.
func (c *callButton) addMenu(name string, tips *kit.Tips, open func(at fyne.Position)) {
	c.menu = kit.NewIconButton(name, "chevron-up", kit.Plain, tips, func() { open(c.menuAt()) })
	c.menu.Width = menuWidth
	c.content.Objects = []fyne.CanvasObject{c.button, c.menu, c.caption}
}

// menuAt is where the menu belongs: at its button or, where that has no room, at the
// one beside.
func (c *callButton) menuAt() fyne.Position {
	if c.menu.Visible() {
		return position(c.menu)
	}
	return position(c.button)
}

func (c *callButton) set(caption, icon string, style kit.Style, tip string) {
	c.caption.Set(caption)
	c.icon, c.style = icon, style
	c.button.Set("", icon, style)
	c.button.SetTip(tip)
}

func (c *callButton) setEnabled(on bool) {
	c.button.SetEnabled(on)
	if c.menu != nil {
		c.menu.SetEnabled(on)
	}
}

// arrange says whether the button has its name, and its menu.
func (c *callButton) arrange(named, menu bool) {
	kit.SetVisible(c.caption, named)
	if c.menu != nil {
		kit.SetVisible(c.menu, menu)
	}
}

// MinSize implements fyne.Layout.
func (c *callButton) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(compact, square) }

// Layout implements fyne.Layout.
func (c *callButton) Layout(_ []fyne.CanvasObject, size fyne.Size) {
	aside := float32(0)
	if c.menu != nil && c.menu.Visible() {
		aside = menuGap + menuWidth
	}
	w := min(buttonWide, size.Width-aside)
	if !c.caption.Visible() {
		w = min(compact, size.Width-aside)
	}
	x := (size.Width - w - aside) / 2
	kit.Place(c.button, x, 0, w, square)
	if aside > 0 {
		kit.Place(c.menu, x+w+menuGap, 0, menuWidth, square)
	}
	kit.Place(c.caption, 0, square+captionGap, size.Width, c.caption.MinSize().Height)
}
