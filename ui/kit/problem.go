package kit

import (
	"fyne.io/fyne/v2"

	"foyer/ui/theme"
)

// Problem is a sentence about what is wrong, with a warning sign, in its place.
type Problem struct {
	Content *fyne.Container // hidden while nothing is wrong
	text    *Text
}

// NewProblem returns one that says nothing.
func NewProblem() *Problem {
	p := &Problem{text: NewParagraph("").Colored(theme.Error)}
	p.text.TextSize = 13
	p.Content = Row(8, NewIcon("warning", theme.Error, 16), Grow(p.text))
	p.Content.Hide()
	return p
}

// Set says what is wrong; an empty text takes it away.
func (p *Problem) Set(text string) {
	p.text.Set(text)
	SetVisible(p.Content, text != "")
}
