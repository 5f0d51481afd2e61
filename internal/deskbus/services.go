//go:build linux

package deskbus

import (
	"os"
	"slices"
	"sync"
	"time"

	"github.com/godbus/dbus/v5"
	"golang.org/x/sys/unix"
)

// notifications is org.freedesktop.Notifications.
type notifications struct{ s *Services }

// GetCapabilities lists what can be shown.
func (n notifications) GetCapabilities() ([]string, *dbus.Error) { return n.s.abilities, nil }

// Notify shows a notification.
func (n notifications) Notify(
	_ string, replaces uint32, _, title, text string, actions []string, _ map[string]dbus.Variant, _ int32,
) (uint32, *dbus.Error) {
	id := replaces
	n.s.change(func() {
		if id == 0 {
			n.s.lastID++
			id = n.s.lastID
		}
		n.s.notes = append(n.s.notes, Note{id, replaces, title, text, actions, time.Now()})
	})
	return id, nil
}

// CloseNotification takes one back.
func (n notifications) CloseNotification(id uint32) *dbus.Error {
	n.s.change(func() { n.s.closed = append(n.s.closed, id) })
	const byCall = uint32(3)
	_ = n.s.conn.Emit(
		"/org/freedesktop/Notifications", "org.freedesktop.Notifications.NotificationClosed", id, byCall,
	)
	return nil
}

// inhibit is org.freedesktop.ScreenSaver and its like.
type inhibit struct {
	s       *Services
	service string
}

// Inhibit keeps the computer awake.
func (i inhibit) Inhibit(sender dbus.Sender, _, reason string) (uint32, *dbus.Error) {
	var cookie uint32
	i.s.change(func() {
		i.s.lastID++
		cookie = i.s.lastID
		i.s.cookies[cookie] = keeper{i.service, string(sender), reason}
	})
	return cookie, nil
}

// UnInhibit lets it sleep.
func (i inhibit) UnInhibit(cookie uint32) *dbus.Error {
	i.s.change(func() { delete(i.s.cookies, cookie) })
	return nil
}

// login is org.freedesktop.login1.Manager.
type login struct{ s *Services }

// sendLimit is how long it may take until an answer is on its way with the file
// that belongs to it. Only then our own copy of the file may be closed, and only
// without our copy we see the end of theirs.
const sendLimit = time.Second

// Inhibit keeps the computer awake as long as the file is open that it returns.
func (l login) Inhibit(what, _, why, mode string) (dbus.UnixFD, *dbus.Error) {
	l.s.stall()
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC); err != nil {
		return 0, dbus.MakeFailedError(err)
	}
	r, w := ends[0], ends[1]
	l.s.change(func() { l.s.blocks[r] = what + " " + mode + " " + why })
	time.AfterFunc(sendLimit, func() {
		_ = unix.Close(w)
		_, _ = unix.Read(r, make([]byte, 1)) // until whoever asked has closed it
		l.s.change(func() { delete(l.s.blocks, r) })
		_ = unix.Close(r)
	})
	return dbus.UnixFD(w), nil
}

// StallLogin has login1 answer the next requests only when answer is called, or the
// services end.
func (s *Services) StallLogin(requests int) (answer func()) {
	stalled := make(chan struct{})
	s.change(func() { s.stalls, s.stalled = requests, stalled })
	return sync.OnceFunc(func() { close(stalled) })
}

// stall waits, if the request is one of those.
func (s *Services) stall() {
	var stalled chan struct{}
	s.change(func() {
		if s.stalls > 0 {
			s.stalls--
			stalled = s.stalled
		}
	})
	if stalled == nil {
		return
	}
	select {
	case <-stalled:
	case <-s.conn.Context().Done():
	}
}

// watcher is org.kde.StatusNotifierWatcher, and whoever shows the icons.
type watcher struct{ s *Services }

// RegisterStatusNotifierItem shows an icon.
func (w watcher) RegisterStatusNotifierItem(name string) *dbus.Error {
	w.s.change(func() { w.s.items[name] = true })
	return nil
}

// Property asks an icon of the tray for a property.
func (s *Services) Property(item, name string) (any, error) {
	v, err := s.conn.Object(item, "/StatusNotifierItem").GetProperty("org.kde.StatusNotifierItem." + name)
	return v.Value(), err
}

// Choose clicks on a line of an icon's menu by its text, and returns what the menu
// offers.
func (s *Services) Choose(item, text string) (offered []string, err error) {
	path, err := s.Property(item, "Menu")
	if err != nil {
		return nil, err
	}
	menu := s.conn.Object(item, path.(dbus.ObjectPath))
	var revision uint32
	var root struct {
		ID         int32
		Properties map[string]dbus.Variant
		Children   []dbus.Variant
	}
	err = menu.Call("com.canonical.dbusmenu.GetLayout", 0, int32(0), int32(-1), []string{}).Store(&revision, &root)
	if err != nil {
		return nil, err
	}
	for _, child := range root.Children {
		fields := child.Value().([]any)
		label := fields[1].(map[string]dbus.Variant)["label"].Value().(string)
		offered = append(offered, label)
		if label == text {
			const now = uint32(0)
			err = menu.Call("com.canonical.dbusmenu.Event", 0, fields[0], "clicked", dbus.MakeVariant(""), now).Err
		}
	}
	if text != "" && !slices.Contains(offered, text) {
		err = os.ErrNotExist
	}
	return offered, err
}

// Press clicks on an icon.
func (s *Services) Press(item string) error {
	icon := s.conn.Object(item, "/StatusNotifierItem")
	return icon.Call("org.kde.StatusNotifierItem.Activate", 0, int32(0), int32(0)).Err
}
