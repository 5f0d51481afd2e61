package view

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"foyer/engine/call"
	"foyer/ui/kit"
	"foyer/ui/model"
	"foyer/ui/theme"
	"foyer/ui/video"
	"foyer/ui/view/bar"
	"foyer/ui/view/notice"
	"foyer/ui/view/panel"
	"foyer/ui/view/reaction"
	"foyer/ui/words"
)

// room is the screen of a stay.
type room struct {
	content *fyne.Container
	book    *words.Book
	header  *header
	banner  *banner
	stage   *stage
	panel   *panel.Panel
	bar     *bar.Bar
	bottom  *fyne.Container // the bar, and above it that a screen is shared
	sharing *sharingBar
	hint    *hint
	mouse   *kit.Mouse
	tally   *reaction.Tally
	live    *live
}

func newRoom(book *words.Book, act Actions, tips *kit.Tips, painter *video.Painter) *room {
	r := &room{book: book}
	r.mouse = kit.NewMouse(act.Awake)
	r.header = newHeader(book, act, tips)
	cancel := kit.NewButton(book.T("lobby.cancel"), "", kit.Plain, act.Cancel)
	cancel.Small = true
	cancel.Hide()
	r.banner = newBanner(cancel)
	r.stage = newStage(book, act, tips, painter)
	r.panel = panel.New(book, act, tips)
	r.bar = bar.New(book, act, tips)
	r.sharing = newSharingBar(book, act)
	r.hint, r.tally, r.live = newHint(book), reaction.NewTally(), newLive(book)
	r.bottom = kit.On(kit.NewPanel(theme.Background, 0), kit.Column(0, r.sharing.content, r.bar.Content))
	r.content = container.New(&roomLayout{r: r})
	r.order(false)
	return r
}

// order lays what lies over the stage in a full screen over it. Elsewhere the order
// is that in which Tab goes through the window.
func (r *room) order(full bool) {
	stage, header := r.stage.content, fyne.CanvasObject(r.header.content)
	if full {
		r.content.Objects = []fyne.CanvasObject{
			r.mouse, stage, header, r.panel.Content, r.banner.content, r.hint.content, r.tally.Content, r.live.content,
			r.bottom,
		}
		return
	}
	r.content.Objects = []fyne.CanvasObject{
		r.mouse, header, stage, r.panel.Content, r.banner.content, r.hint.content, r.tally.Content, r.live.content,
		r.bottom,
	}
}

// roomLayout: header, stage and panel, bar. In a full screen header and bar lie over
// the stage, so that no tile changes its size when they come.
type roomLayout struct {
	r    *room
	full bool
	bare bool // neither header nor bar are shown
}

func (*roomLayout) MinSize([]fyne.CanvasObject) fyne.Size { return MinSize() }

func (l *roomLayout) Layout(_ []fyne.CanvasObject, size fyne.Size) {
	r := l.r
	r.mouse.Resize(size)
	r.header.content.Resize(fyne.NewSize(size.Width, headerHeight))
	r.bar.SetBeside(r.header.folds())
	top, bottom, edge := float32(headerHeight), kit.HeightFor(r.bottom, size.Width), kit.Edge(size.Width)
	if l.bare {
		top = tileGap
	}
	kit.Place(r.bottom, 0, size.Height-bottom, size.Width, bottom)
	width := size.Width - 2*edge // of the stage
	side := r.panel.Content
	if side.Visible() && !panel.Covers(size.Width) {
		width -= panel.Width + tileGap
	}
	// Over the stage: the tiles stay where they are, and what is sent to us
	// does not change its size twice.
	w := min(width-2*edge, bannerWidth)
	r.banner.lie(w < bannerNarrow)
	kit.Place(r.banner.content, edge+(width-w)/2, top+tileGap, w, kit.HeightFor(r.banner.content, w))
	w = min(width-2*edge, hintWidth)
	h := kit.HeightFor(r.hint.content, w)
	kit.Place(r.hint.content, edge+(width-w)/2, size.Height-bottom-tileGap-h, w, h)
	r.stage.corner.lift, r.stage.drop = 0, 0
	if l.full && !l.bare {
		r.stage.drop = headerHeight
	}
	switch {
	case l.full && r.stage.filled():
		kit.Place(r.stage.content, 0, 0, width+2*edge, size.Height)
	case l.full:
		r.stage.corner.lift = max(0, bottom-tileGap)
		kit.Place(r.stage.content, edge, tileGap, width, size.Height-2*tileGap)
	default:
		kit.Place(r.stage.content, edge, headerHeight, width, size.Height-headerHeight-bottom)
	}
	if panel.Covers(size.Width) {
		kit.Place(side, edge, top, size.Width-2*edge, size.Height-top-bottom)
	} else {
		kit.Place(side, size.Width-edge-panel.Width, top, panel.Width, size.Height-top-bottom)
	}
	r.live.place(edge, tileGap+8)
	t := r.tally.Content.MinSize()
	kit.Place(r.tally.Content, edge+(width-t.Width)/2, size.Height-bottom-tileGap-t.Height, t.Width, t.Height)
}

// update shows the stay. It reports whether the panel shows another page now.
func (r *room) update(s *model.State, now time.Time) (switched bool) {
	covered := s.Panel != model.PanelNone && panel.Covers(r.content.Size().Width)
	switched = r.panel.Update(s, now)
	kit.SetVisible(r.stage.content, !covered)
	r.full(s.Stage.FullScreen, s.Stage.Bare)
	r.live.update(s, !r.bar.Content.Visible())
	r.header.update(s, now, r.content.Size().Width)
	r.tick(s, now)
	r.stage.update(s, covered)
	r.tally.Update(s, r.stage.hasTile)
	r.bar.Update(s)
	r.sharing.update(s)
	// Places only: a Refresh of the whole tree would upload every frame anew.
	r.content.Layout.Layout(r.content.Objects, r.content.Size())
	return switched
}

// below is where cards may lie: below the header, and what is said there for long.
func (r *room) below() float32 {
	y := float32(headerHeight)
	if b := r.banner.content; b.Visible() {
		y = b.Position().Y + b.Size().Height
	}
	return y + tileGap
}

// full follows the full screen, in which header and bar come and go.
func (r *room) full(on, bare bool) {
	l := r.content.Layout.(*roomLayout)
	bare = on && bare
	if l.full != on {
		r.order(on)
	}
	l.full, l.bare = on, bare
	kit.SetVisible(r.header.content, !bare)
	kit.SetVisible(r.bar.Content, !bare)
}

func (r *room) tick(s *model.State, now time.Time) {
	r.stage.tick(s, now)
	r.panel.Tick(s, now)
	r.header.tick(s, now)
	icon, title, detail := notice.Lasting(r.book, s, now)
	said := r.banner.set(icon, title, detail, s.Switching.Revocable() && s.Engine == call.StateJoined)
	if r.hint.update(s) || said {
		r.content.Layout.Layout(r.content.Objects, r.content.Size())
	}
}

func (r *room) pause() {
	r.stage.clear()
	r.panel.Clear()
}

// banner is a state that lasts, said over the stage.
type banner struct {
	content *fyne.Container
	icon    *kit.Icon
	title   *kit.Text
	detail  *kit.Text
	line    *fyne.Container
	cancel  *kit.Button // nil: what is said cannot be cancelled
}

const (
	bannerWidth  = 760
	bannerNarrow = 440 // below that the words lie below each other
)

func newBanner(cancel *kit.Button) *banner {
	b := &banner{
		icon: kit.NewIcon("offline", theme.Foreground, 20), title: kit.NewText(""),
		detail: kit.NewParagraph("").Colored(theme.Muted), cancel: cancel,
	}
	b.title.Bold = true
	b.detail.TextSize = 13
	b.line = kit.Row(12)
	panel := kit.NewPanel(theme.Toast, theme.RadiusCard).WithStroke(theme.Border)
	b.content = kit.On(panel, kit.Pad(b.line, 10, 16, 10, 16))
	b.content.Hide()
	b.lie(false)
	return b
}

// lie lays the words beside each other, or below.
func (b *banner) lie(narrow bool) {
	if b.title.Wrap == narrow && len(b.line.Objects) > 0 {
		return
	}
	b.title.Wrap = narrow
	b.line.Objects = []fyne.CanvasObject{b.icon, b.title, kit.Grow(b.detail)}
	if narrow {
		b.line.Objects = []fyne.CanvasObject{b.icon, kit.Grow(kit.Column(2, b.title, b.detail))}
	}
	if b.cancel != nil {
		b.line.Add(b.cancel)
	}
	b.line.Refresh()
}

// set reports whether anything is said now that was not before.
func (b *banner) set(icon, title, detail string, cancels bool) bool {
	if b.title.Text() == title && b.detail.Text() == detail && (b.cancel == nil || b.cancel.Visible() == cancels) {
		return false
	}
	if b.cancel != nil {
		kit.SetVisible(b.cancel, cancels)
	}
	if title != "" {
		b.icon.Set(icon, theme.Foreground)
	}
	b.title.Set(title)
	b.detail.Set(detail)
	kit.SetVisible(b.content, title != "")
	b.content.Refresh()
	return true
}
