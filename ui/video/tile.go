// Package video shows live video. A [Tile] paints the newest frame of one
// call.FrameSlot; a [Painter] refreshes the tiles of a window that have
// something new; [Grid] says where tiles lie.
//
// Everything belongs to Fyne's main goroutine. Frames are converted and made
// smaller by the slot's writer, to the pixel size that the tile publishes, so that
// painting is an upload and nothing else. Frames that are smaller than the tile are
// enlarged as they are drawn.
package video

import (
	"hash/fnv"
	"image"
	"image/color"
	"io"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"

	"foyer/engine/call"
	"foyer/ui/access"
	"foyer/ui/kit"
	"foyer/ui/theme"
)

// Look is everything of a tile but its video.
type Look struct {
	Name     string // on the chip; none when empty
	Initials string // without video; none when empty
	Seed     string // chooses the colour behind the initials
	Muted    bool
	Pinned   bool // to the main place
	Weak     bool // a poor connection
	Speaking bool
	Lost     bool   // dims the tile
	LostText string // says so
	Note     string // a still: what takes the place of the video of our own screen
	Fit      call.Fit
	Mirror   bool

	Hand      int    // place among the raised hands; 0 for none
	Reaction  string // icon of a reaction; empty for none
	Reactions int    // how often
}

// Tile shows one person or screen.
type Tile struct {
	widget.BaseWidget
	slot  *call.FrameSlot
	look  Look
	img   *image.RGBA
	seq   uint64
	view  call.View
	blank *image.RGBA
	// OnPixels tells the size in which a frame is or would be shown, in pixels
	// of the screen, whenever that changes.
	OnPixels func(w, h int)
	Says     func(Look) string // all of a look but the name, for people who do not see it

	raster  *canvas.Raster
	focused bool // see StageTile
}

// NewTile returns an empty tile.
func NewTile() *Tile {
	t := &Tile{}
	t.init()
	t.ExtendBaseWidget(t)
	return t
}

func (t *Tile) init() {
	t.blank = image.NewRGBA(image.Rect(0, 0, 1, 1))
	t.raster = canvas.NewRaster(t.generate)
	t.raster.ScaleMode = canvas.ImageScalePixels
}

// SetSlot shows the frames of slot, nil for none. The slot that was shown
// before converts nothing more.
func (t *Tile) SetSlot(slot *call.FrameSlot) {
	if t.slot == slot {
		return
	}
	if t.slot != nil {
		t.slot.SetView(call.View{})
	}
	t.slot, t.img, t.seq, t.view = slot, nil, 0, call.View{}
	t.raster.Refresh() // asks for the size anew, and publishes it
	t.Refresh()
}

// SetLook changes what is around the video; the same look costs nothing.
func (t *Tile) SetLook(l Look) {
	if t.look == l {
		return
	}
	fit := t.look.Fit != l.Fit || t.look.Mirror != l.Mirror
	t.look = l
	if fit {
		t.publish(t.view.Width, t.view.Height)
	}
	t.Refresh()
}

// Look is what is around the video.
func (t *Tile) Look() Look { return t.look }

// Pixels is the size in which a frame is shown, in pixels of the screen; 0, 0
// before the first paint.
func (t *Tile) Pixels() (w, h int) { return t.view.Width, t.view.Height }

// HasVideo reports whether a frame is shown.
func (t *Tile) HasVideo() bool { return t.img != nil }

// Hide stops the conversion too.
func (t *Tile) Hide() {
	if t.slot != nil {
		t.slot.SetView(call.View{})
		t.view = call.View{}
	}
	t.BaseWidget.Hide()
}

// Show shows it again; the next paint publishes the size.
func (t *Tile) Show() {
	t.BaseWidget.Show()
	t.raster.Refresh()
}

// advance takes the slot's next frame, if there is one that is not shown yet.
func (t *Tile) advance() {
	if t.slot == nil || !t.Visible() || t.slot.Seq() == t.seq {
		return
	}
	had := t.img != nil
	t.img, t.seq = t.slot.Next()
	t.raster.ScaleMode = t.scaling()
	t.raster.Refresh()
	if had != (t.img != nil) {
		t.Refresh()
	}
}

// scaling is how the frame comes to its size: it is smooth, unless each pixel is one of
// the screen.
func (t *Tile) scaling() canvas.ImageScale {
	if t.img == nil || t.img.Rect.Dx() == t.view.Width && t.img.Rect.Dy() == t.view.Height {
		return canvas.ImageScalePixels
	}
	return canvas.ImageScaleSmooth
}

// generate answers Fyne's question for w x h pixels: the newest frame as it
// is. While a tile changes its size the last frame is stretched until one of
// the new size comes.
func (t *Tile) generate(w, h int) image.Image {
	t.publish(w, h)
	if t.img == nil {
		return t.blank
	}
	return t.img
}

// publish tells the slot's writer which size to convert to.
func (t *Tile) publish(w, h int) {
	if !t.Visible() {
		return
	}
	v := call.View{Width: w, Height: h, Fit: t.look.Fit, Mirror: t.look.Mirror}
	if v == t.view {
		return
	}
	resized := v.Width != t.view.Width || v.Height != t.view.Height
	t.view = v
	if t.slot != nil {
		t.slot.SetView(v)
	}
	if resized && t.OnPixels != nil {
		t.OnPixels(w, h)
	}
}

// hues are the colours behind initials: calm, and dark enough for light text.
var hues = [...]color.NRGBA{
	{R: 0x3E, G: 0x5C, B: 0x76, A: 0xff}, {R: 0x6B, G: 0x4E, B: 0x71, A: 0xff}, {R: 0x3F, G: 0x6B, B: 0x5A, A: 0xff},
	{R: 0x7A, G: 0x4F, B: 0x3E, A: 0xff}, {R: 0x4A, G: 0x55, B: 0x8A, A: 0xff}, {R: 0x6E, G: 0x5F, B: 0x32, A: 0xff},
}

// Hue is the colour behind the initials of somebody: the same wherever they are
// shown.
func Hue(seed string) color.NRGBA {
	sum := fnv.New32a()
	_, _ = io.WriteString(sum, seed) // a hash takes everything
	return hues[sum.Sum32()%uint32(len(hues))]
}

// AccessibilityLabel implements access.Accessible.
func (t *Tile) AccessibilityLabel() string { return t.look.Name }

// AccessibilityRole implements access.Accessible: without a name there is nothing to
// say of a video.
func (t *Tile) AccessibilityRole() access.Role {
	if t.look.Name == "" {
		return access.RoleNone
	}
	return access.RoleVideo
}

// Describe implements access.Describer.
func (t *Tile) Describe(n *access.Node) {
	if t.Says != nil {
		n.Detail = t.Says(t.look)
	}
}

// CreateRenderer implements fyne.Widget.
func (t *Tile) CreateRenderer() fyne.WidgetRenderer {
	r := &tileRenderer{
		t: t, ground: canvas.NewRectangle(color.Transparent), disc: canvas.NewCircle(color.Transparent),
		initials: canvas.NewText("", color.White), dim: canvas.NewRectangle(color.Transparent),
		middle: kit.NewText("").Colored(theme.OnChip), middleIcon: kit.NewIcon("offline", theme.OnChip, 20),
		chip: kit.NewPanel(theme.Chip, 6), name: kit.NewText("").Colored(theme.OnChip).Shrinking(),
		muted: kit.NewIcon("mic-off", theme.OnChip, 16), weak: kit.NewIcon("network-weak", theme.Accent, 16),
		pinned: kit.NewIcon("pin", theme.OnChip, 16), ring: kit.NewRing(), frame: newFrame(),
		marks: newMarks(),
	}
	r.name.TextSize = 13
	r.initials.Alignment = fyne.TextAlignCenter
	r.objs = append([]fyne.CanvasObject{
		r.ground, r.disc, r.initials, t.raster, r.dim, r.middleIcon, r.middle, r.chip, r.pinned, r.muted, r.weak, r.name,
	}, append(append(r.frame.objects(), r.ring), r.marks.objects()...)...)
	r.apply()
	return r
}
