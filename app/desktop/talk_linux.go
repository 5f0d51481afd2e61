package desktop

import (
	"context"
	"os"

	"github.com/godbus/dbus/v5"

	"foyer/ui/desk"
)

// gnomeLock says when GNOME has locked the screen; others do so as screenSaver.
var gnomeLock = object{"org.gnome.ScreenSaver", "/org/gnome/ScreenSaver", "org.gnome.ScreenSaver"}

// listen has the key from the X server, or from the desktop's portal where programs
// of X11 hear no key of other windows. Locking the screen or suspending the computer
// releases the key.
func (l linux) listen(ctx context.Context, key desk.TalkKey, t *talk) desk.Obstacle {
	session, err := sessionBus(ctx)
	if err == nil {
		defer session.Close()
		for _, o := range []object{screenSaver, gnomeLock} {
			session.follow(ctx, o, func(s *dbus.Signal) { releaseIf(s, t) }, "ActiveChanged")
		}
	}
	if system, err := systemBus(ctx); err == nil {
		defer system.Close()
		system.follow(ctx, login, func(s *dbus.Signal) { releaseIf(s, t) }, "PrepareForSleep")
	}
	switch {
	case !underWayland():
		return listenX(ctx, key.Name, t)
	case session == nil:
		return desk.ObstacleWayland
	default:
		return listenPortal(ctx, session, key, t)
	}
}

// releaseIf takes the key as released if a signal says that something begins.
func releaseIf(s *dbus.Signal, t *talk) {
	var begins bool
	if dbus.Store(s.Body, &begins) == nil && begins {
		t.set(false)
	}
}

// underWayland reports whether a Wayland compositor has the keyboard, whatever our
// own window is drawn with.
func underWayland() bool {
	return os.Getenv("WAYLAND_DISPLAY") != "" || os.Getenv("XDG_SESSION_TYPE") == "wayland"
}
