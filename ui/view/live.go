package view

import (
	"fyne.io/fyne/v2"

	"foyer/ui/kit"
	"foyer/ui/model"
	"foyer/ui/theme"
	"foyer/ui/view/settings"
	"foyer/ui/words"
)

// live says what of ours is open where no button says it: in a full screen that shows
// only the stage.
type live struct {
	content *fyne.Container
	book    *words.Book
	line    *fyne.Container
	said    [2]string // of camera and microphone
}

func newLive(book *words.Book) *live {
	l := &live{book: book, line: kit.Row(8)}
	panel := kit.NewPanel(theme.Toast, theme.RadiusControl).WithStroke(theme.Border)
	l.content = kit.On(panel, kit.Pad(l.line, 6, 10, 6, 10))
	l.content.Hide()
	return l
}

// update follows what is open. shown says whether it has to be said here.
func (l *live) update(s *model.State, shown bool) {
	camera, microphone := settings.Open(s)
	said := [2]string{camera, microphone}
	kit.SetVisible(l.content, shown && said != [2]string{})
	if said == l.said {
		return
	}
	l.said = said
	l.line.Objects = nil
	for i, icon := range []string{"camera", "mic"} {
		if said[i] == "" {
			continue
		}
		if said[i] == "room.microphone_muted" {
			icon = "mic-off"
		}
		text := kit.NewText(l.book.T(said[i]))
		text.TextSize = 13
		l.line.Add(kit.NewIcon(icon, theme.Foreground, 16))
		l.line.Add(text)
	}
	l.content.Refresh()
}

// place puts it into a corner of the room.
func (l *live) place(x, y float32) {
	m := l.content.MinSize()
	kit.Place(l.content, x, y, m.Width, m.Height)
}
