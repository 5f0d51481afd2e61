package ui

import (
	"fyne.io/fyne/v2"

	"foyer/engine/call"
)

// dropped takes a link that was dropped on the window, or a file that has one.
// Files are read beside the main goroutine.
func (o *outside) dropped(_ fyne.Position, items []fyne.URI) {
	if o.closed || len(items) == 0 {
		return
	}
	o.drops.Read(items, func(link string, err error) {
		o.cfg.Dispatch(func() { o.takeDropped(link, err) })
	})
}

func (o *outside) takeDropped(link string, err error) {
	switch {
	case o.closed:
	case err != nil:
		o.state.Refuse("join", call.SourceUnknown, err, o.cfg.Now())
		o.refresh()
	default:
		o.open(link)
	}
}
