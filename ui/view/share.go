package view

import (
	"errors"
	"image"
	"time"

	"fyne.io/fyne/v2"

	"foyer/engine/call"
	"foyer/ui/kit"
	"foyer/ui/kit/rows"
	"foyer/ui/model"
	"foyer/ui/theme"
	"foyer/ui/words"
)

// ShareActions is what the user can do about shared screens.
type ShareActions interface {
	// Share opens the choice of a screen, or stops the sharing.
	Share()
	PickScreen(id string)
	CancelShare()
}

// sharingBar says that our screen is shared, as long as it is.
type sharingBar struct {
	content *fyne.Container
	stop    *kit.Button
}

func newSharingBar(book *words.Book, act Actions) *sharingBar {
	text := kit.NewParagraph(book.T("share.on"))
	text.Bold = true
	s := &sharingBar{stop: kit.NewButton(book.T("share.stop"), "screen-off", kit.Plain, act.Share)}
	s.stop.Small = true
	badge := kit.On(
		kit.NewPanel(theme.Accent, theme.RadiusControl), kit.Pad(kit.NewIcon("screen", theme.OnAccent, 20), 10, 12, 10, 12),
	)
	line := kit.On(
		kit.NewPanel(theme.Surface, theme.RadiusControl).WithStroke(theme.Accent),
		kit.Row(16, badge, kit.Grow(text), kit.Pad(s.stop, 0, 4, 0, 0)),
	)
	wide := badge.MinSize().Width + 16 + text.MinWidth() + 1 + 16 + s.stop.MinSize().Width + 4
	s.content = kit.Pad(kit.Middle(wide, line), 10, 8, 0, 8)
	s.content.Hide()
	return s
}

func (s *sharingBar) update(state *model.State) {
	kit.SetVisible(s.content, state.Screens.Sharing())
	s.stop.SetEnabled(state.Engine != call.StateLeaving)
}

const shareWidth = 628 // two screens side by side

// ShareChoice is the sheet on which a screen is chosen.
type ShareChoice struct {
	*kit.Sheet
	canvas  fyne.Canvas
	book    *words.Book
	act     ShareActions
	screens *fyne.Container
	buttons map[string]*kit.ImageButton
	looking *kit.Text
	problem *kit.Text
	cancel  *kit.Button
}

// ShowShareChoice opens the sheet.
func ShowShareChoice(c fyne.Canvas, book *words.Book, act ShareActions) *ShareChoice {
	s := &ShareChoice{
		canvas: c, book: book, act: act, screens: rows.NewWrapped(16), buttons: map[string]*kit.ImageButton{},
		looking: kit.NewParagraph("").Colored(theme.Muted), problem: kit.NewParagraph("").Colored(theme.Error),
	}
	s.cancel = kit.NewButton(book.T("share.cancel"), "", kit.Plain, act.CancelShare)
	body := kit.Column(
		10, kit.NewParagraph(book.T("share.detail")).Colored(theme.Muted), kit.Pad(s.screens, 6, 6, 6, 6),
		s.looking, s.problem,
	)
	s.Sheet = kit.ShowSheet(
		c, book.T("share.title"), shareWidth, body, kit.Row(12, kit.Spring(), s.cancel), act.CancelShare,
	)
	c.Focus(s.cancel)
	return s
}

// Update shows what is known of the screens. The keyboard goes to the first one as
// soon as there is one.
func (s *ShareChoice) Update(share *model.Share, now time.Time) {
	first := len(s.screens.Objects) == 0
	s.screens.Objects = nil
	for _, c := range share.Screens {
		b := s.button(c.Device)
		b.Set(frame(c), s.note(c, now))
		if share.Picked == "" {
			b.Enable()
		} else {
			b.Disable()
		}
		s.screens.Objects = append(s.screens.Objects, b)
	}
	s.looking.Set(s.state(share))
	kit.SetVisible(s.looking, s.looking.Text() != "")
	s.problem.Set(s.trouble(share, now))
	kit.SetVisible(s.problem, s.problem.Text() != "")
	s.screens.Refresh()
	s.Refresh()
	if first && len(s.screens.Objects) > 0 {
		s.canvas.Focus(s.screens.Objects[0].(*kit.ImageButton))
	}
}

func (s *ShareChoice) button(d call.Device) *kit.ImageButton {
	b := s.buttons[d.ID]
	if b == nil {
		b = kit.NewImageButton(d.Name, func() { s.act.PickScreen(d.ID) })
		s.buttons[d.ID] = b
	}
	return b
}

// state says what goes on.
func (s *ShareChoice) state(share *model.Share) string {
	switch {
	case share.Looking:
		return s.book.T("share.looking")
	case share.Picked != "":
		return s.book.T("share.starting")
	default:
		return ""
	}
}

// trouble says why no screen can be shared.
func (s *ShareChoice) trouble(share *model.Share, now time.Time) string {
	err := share.Err
	if err == nil && len(share.Screens) == 0 && !share.Looking {
		err = &call.DeviceError{Source: call.SourceScreen, Err: call.ErrDeviceMissing}
	}
	if err == nil {
		return ""
	}
	if errors.Is(err, call.ErrDeviceMissing) {
		return s.book.T("share.none")
	}
	return s.book.Error(err, "", call.SourceScreen, now).String()
}

func frame(c model.ScreenChoice) image.Image {
	if c.Image == nil || c.Black {
		return nil
	}
	return c.Image
}

// note takes the place of a frame.
func (s *ShareChoice) note(c model.ScreenChoice, now time.Time) string {
	switch {
	case c.Err != nil:
		return s.book.Error(c.Err, "", call.SourceScreen, now).Text
	case c.Black:
		return s.book.T("share.black")
	default:
		return ""
	}
}
