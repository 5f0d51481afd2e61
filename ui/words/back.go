package words

import (
	"cmp"

	"foyer/engine/call"
)

// wayBack says after a switch that failed half way where that leaves us: in no
// room (contract O12). The way back is what it offers first.
func (b *Book) wayBack(f *Farewell, l call.Left) {
	if !l.Back.Empty() {
		f.Detail = Join(f.Detail, b.T("left.back", "room", cmp.Or(l.Back.Title, string(l.Back.Room))))
		f.Next = append([]Action{ActionBack}, f.Next...)
	}
}
