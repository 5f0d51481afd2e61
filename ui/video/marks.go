package video

import (
	"strconv"

	"fyne.io/fyne/v2"

	"foyer/ui/kit"
	"foyer/ui/theme"
)

// marks are what a tile says in passing: the place of a raised hand at the top
// left, and a reaction at the top right. Nothing flies.
type marks struct {
	handChip, reactionChip *kit.Panel
	hand, reaction         *kit.Icon
	place, count           *kit.Text
}

const (
	handSize     = 18
	reactionSize = 28
)

func newMarks() *marks {
	m := &marks{
		handChip: kit.NewPanel(theme.Accent, chipHeight/2), reactionChip: kit.NewPanel(theme.Chip, theme.RadiusControl),
		hand: kit.NewIcon("hand", theme.OnAccent, handSize), reaction: kit.NewIcon("react-yes", theme.OnChip, reactionSize),
		place: kit.NewText("").Colored(theme.OnAccent), count: kit.NewText("").Colored(theme.OnChip),
	}
	m.place.TextSize, m.place.Bold = 13, true
	m.count.Bold = true
	return m
}

func (m *marks) objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{m.handChip, m.hand, m.place, m.reactionChip, m.reaction, m.count}
}

func (m *marks) apply(l Look) {
	m.place.Set(strconv.Itoa(l.Hand))
	for _, o := range []fyne.CanvasObject{m.handChip, m.hand, m.place} {
		kit.SetVisible(o, l.Hand > 0)
	}
	if l.Reaction != "" {
		m.reaction.Set(l.Reaction, theme.OnChip)
	}
	m.count.Set("×" + strconv.Itoa(l.Reactions))
	kit.SetVisible(m.reactionChip, l.Reaction != "")
	kit.SetVisible(m.reaction, l.Reaction != "")
	kit.SetVisible(m.count, l.Reaction != "" && l.Reactions > 1)
}

func (m *marks) layout(size fyne.Size) {
	margin := float32(chipMargin)
	if size.Width < 200 {
		margin = 6
	}
	w := m.place.MinWidth()
	kit.Place(m.handChip, margin, margin, 8+handSize+4+w+10, chipHeight)
	kit.Place(m.hand, margin+8, margin+(chipHeight-handSize)/2, handSize, handSize)
	kit.Place(m.place, margin+8+handSize+4, margin, w+1, chipHeight)

	w = 0
	if m.count.Visible() {
		w = m.count.MinWidth() + 6
	}
	chip := 6 + reactionSize + 6 + w
	x := size.Width - margin - chip
	kit.Place(m.reactionChip, x, margin, chip, reactionSize+8)
	kit.Place(m.reaction, x+6, margin+4, reactionSize, reactionSize)
	kit.Place(m.count, x+6+reactionSize+4, margin, w, reactionSize+8)
}
