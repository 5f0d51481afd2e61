package desktop

import (
	"context"
	"time"

	"fyne.io/fyne/v2"
	fynedesktop "fyne.io/fyne/v2/driver/desktop"
	"golang.org/x/sys/windows"

	"foyer/ui/desk"
)

// virtualKey is the key's code (winuser.h), 0 if there is none.
func virtualKey(name fyne.KeyName) uintptr {
	const f1 = 0x70
	if n := desk.FunctionKey(name); n > 0 {
		return f1 + uintptr(n) - 1
	}
	switch name {
	case fyne.KeyInsert:
		return 0x2d
	case fynedesktop.KeyMenu:
		return 0x5d
	case fynedesktop.KeyControlRight:
		return 0xa3
	case fynedesktop.KeySuperRight:
		return 0x5c
	default:
		return 0
	}
}

// keyEvery is how often the key is looked for.
const keyEvery = 20 * time.Millisecond

// listen asks for the key's state, over and over. RegisterHotKey tells of no release,
// and a keyboard hook is called for every key of every program, is taken away without
// a word when it was slow once, and can miss a release as well. A state cannot be
// missed, and behind a locked screen it reads as released.
func (windowsDesktop) listen(ctx context.Context, key desk.TalkKey, t *talk) desk.Obstacle {
	code := virtualKey(key.Name)
	if code == 0 {
		return desk.ObstacleNoKey
	}
	state := windows.NewLazySystemDLL("user32.dll").NewProc("GetAsyncKeyState")
	if state.Find() != nil {
		return desk.ObstacleSystem
	}
	t.everywhere("")
	look := time.NewTicker(keyEvery)
	defer look.Stop()
	const isDown = 0x8000
	for {
		select {
		case <-ctx.Done():
			return desk.ObstacleNone
		case <-look.C:
			now, _, _ := state.Call(code)
			t.set(now&isDown != 0)
		}
	}
}
