//go:build !linux && !windows

package desktop

import (
	"context"

	"fyne.io/fyne/v2"

	"foyer/ui/desk"
)

// otherDesktop has what Fyne offers: notifications, and on macOS a screen that
// stays on.
type otherDesktop struct{}

func newSystem(*Desktop) system { return otherDesktop{} }

type awakeByFyne struct{}

func (otherDesktop) hold(context.Context, desk.Stay) holder {
	fyne.Do(func() { fyne.CurrentApp().Driver().SetDisableScreenBlanking(true) })
	return awakeByFyne{}
}

func (awakeByFyne) show(context.Context, desk.Stay) {}

func (awakeByFyne) release() {
	fyne.Do(func() { fyne.CurrentApp().Driver().SetDisableScreenBlanking(false) })
}

func (otherDesktop) teller(context.Context) teller { return fyneNotes{} }

// listen hears no key of other windows: Fyne has nothing for it.
func (otherDesktop) listen(context.Context, desk.TalkKey, *talk) desk.Obstacle {
	return desk.ObstacleSystem
}
