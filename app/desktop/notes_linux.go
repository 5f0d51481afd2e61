package desktop

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/godbus/dbus/v5"

	"foyer/ui/desk"
)

var notifications = object{
	"org.freedesktop.Notifications", "/org/freedesktop/Notifications", "org.freedesktop.Notifications",
}

// notes shows notifications, each in the place of the one before.
type notes struct {
	press  func(desk.Action)
	bus    *bus // nil: not connected
	id     atomic.Uint32
	markup bool
	click  bool
}

func (l linux) teller(context.Context) teller { return &notes{press: l.d.press} }

// connected connects, and asks what can be shown, if that is not done.
func (n *notes) connected(ctx context.Context) bool {
	if n.bus != nil && n.bus.Connected() {
		return true
	}
	n.close()
	b, err := sessionBus(ctx)
	if err != nil {
		return false
	}
	n.bus = b
	var able []string
	if b.call(ctx, answerLimit, notifications, "GetCapabilities", true).Store(&able) != nil {
		n.close()
		return false
	}
	n.markup, n.click = slices.Contains(able, "body-markup"), slices.Contains(able, "actions")
	b.follow(ctx, notifications, n.answered, "ActionInvoked", "NotificationClosed")
	return true
}

// answered takes a click on what is shown, and that it has gone.
func (n *notes) answered(s *dbus.Signal) {
	var id uint32
	if len(s.Body) < 1 || dbus.Store(s.Body[:1], &id) != nil || id == 0 || id != n.id.Load() {
		return
	}
	if strings.HasSuffix(s.Name, ".ActionInvoked") {
		n.press(desk.ActionShow)
		return
	}
	n.id.CompareAndSwap(id, 0)
}

func (n *notes) notify(ctx context.Context, note desk.Note) {
	if !n.connected(ctx) {
		return
	}
	text, actions := note.Text, []string{}
	if n.markup {
		text = escaped(text)
	}
	if n.click {
		actions = []string{"default", note.Open}
	}
	hints := map[string]dbus.Variant{
		"desktop-entry": dbus.MakeVariant(appID),
		"category":      dbus.MakeVariant("im.received"),
	}
	if note.Urgent {
		hints["category"] = dbus.MakeVariant("presence.offline")
	}
	const systemChooses = int32(-1) // how long it stands
	var id uint32
	err := n.bus.call(
		ctx, answerLimit, notifications, "Notify", true, programName, n.id.Load(), appID, note.Title, text, actions,
		hints, systemChooses,
	).Store(&id)
	if err == nil {
		n.id.Store(id)
	}
}

func (n *notes) withdraw(ctx context.Context) {
	if id := n.id.Swap(0); id != 0 && n.bus != nil {
		n.bus.call(ctx, answerLimit, notifications, "CloseNotification", false, id)
	}
}

func (n *notes) close() {
	n.bus.Close()
	n.bus = nil
	n.id.Store(0)
}

// escaped is a text where markup is read: what comes from others must not make
// links or images of itself.
func escaped(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
}
