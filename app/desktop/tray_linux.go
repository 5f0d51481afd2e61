package desktop

import (
	"context"
	"fmt"
	"sync"

	"github.com/godbus/dbus/v5"

	"foyer/ui/desk"
)

// The tray: a StatusNotifierItem with a menu, as KDE and the appindicators of GNOME
// and others show it.
const (
	itemPath  = dbus.ObjectPath("/StatusNotifierItem")
	itemIface = "org.kde.StatusNotifierItem"
	propIface = "org.freedesktop.DBus.Properties"
)

var (
	watcher    = object{"org.kde.StatusNotifierWatcher", "/StatusNotifierWatcher", "org.kde.StatusNotifierWatcher"}
	errUnknown = dbus.NewError("org.freedesktop.DBus.Error.UnknownProperty", nil)
)

// pixmap is an image as the tray takes it: ARGB, in the order of the network.
type pixmap struct {
	Width, Height int32
	Data          []byte
}

// tooltip is what the pointer brings up.
type tooltip struct {
	Icon        string
	Images      []pixmap
	Title, Text string
}

// item is the icon.
type item struct {
	bus   *bus
	name  string // under which the tray finds it
	press func(desk.Action)
	menu  *menu

	mu   sync.Mutex
	stay desk.Stay
}

// showItem shows the icon if there is a tray, and as soon as there is one. It goes
// with the bus.
func showItem(ctx context.Context, b *bus, stay desk.Stay, press func(desk.Action)) (*item, error) {
	i := &item{bus: b, press: press, stay: stay, name: fmt.Sprintf("org.kde.StatusNotifierItem-%d-1", pid())}
	i.menu = &menu{item: i, revision: 1}
	for path, all := range map[dbus.ObjectPath]map[string]any{
		itemPath: {itemIface: itemCalls{i}, propIface: properties{itemIface, i.property, i.properties}},
		menuPath: {menuIface: i.menu, propIface: properties{menuIface, i.menu.property, i.menu.properties}},
	} {
		for iface, v := range all {
			if err := b.Export(v, path, iface); err != nil {
				return nil, err
			}
		}
	}
	var got uint32
	err := b.call(ctx, answerLimit, busItself, "RequestName", false, i.name, uint32(dbus.NameFlagDoNotQueue)).Store(&got)
	if err != nil || dbus.RequestNameReply(got) != dbus.RequestNameReplyPrimaryOwner {
		i.name = b.Names()[0] // a sandbox may not let us have it
	}
	b.follow(ctx, busItself, func(s *dbus.Signal) {
		var name, before, now string
		if dbus.Store(s.Body, &name, &before, &now) == nil && name == watcher.name && now != "" {
			i.register(b.Context())
		}
	}, "NameOwnerChanged")
	i.register(ctx)
	return i, nil
}

// register tells the tray of the icon. Without a tray nothing happens.
func (i *item) register(ctx context.Context) {
	i.bus.call(ctx, answerLimit, watcher, "RegisterStatusNotifierItem", false, i.name)
}

// show shows another state.
func (i *item) show(stay desk.Stay) {
	i.mu.Lock()
	i.stay = stay
	i.mu.Unlock()
	for _, signal := range []string{"NewTitle", "NewIcon", "NewToolTip"} {
		_ = i.bus.Emit(itemPath, itemIface+"."+signal)
	}
	i.menu.changed()
}

func (i *item) now() desk.Stay {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.stay
}

func (i *item) properties() map[string]dbus.Variant {
	stay := i.now()
	return map[string]dbus.Variant{
		"Category":   dbus.MakeVariant("Communications"),
		"Id":         dbus.MakeVariant(appID),
		"Title":      dbus.MakeVariant(stay.Title),
		"Status":     dbus.MakeVariant("Active"),
		"WindowId":   dbus.MakeVariant(int32(0)),
		"IconName":   dbus.MakeVariant(""),
		"IconPixmap": dbus.MakeVariant(trayIcons(stay.MicOn)),
		"ToolTip":    dbus.MakeVariant(tooltip{Title: programName, Text: escaped(stay.Title)}),
		"ItemIsMenu": dbus.MakeVariant(false),
		"Menu":       dbus.MakeVariant(menuPath),
	}
}

func (i *item) property(name string) (dbus.Variant, bool) {
	v, ok := i.properties()[name]
	return v, ok
}

// itemCalls is what the tray calls: a click shows the window, a click with the
// middle button mutes.
type itemCalls struct{ *item }

// Activate is a click.
func (i itemCalls) Activate(_, _ int32) *dbus.Error {
	i.press(desk.ActionShow)
	return nil
}

// SecondaryActivate is a click with the middle button.
func (i itemCalls) SecondaryActivate(_, _ int32) *dbus.Error {
	i.press(desk.ActionMic)
	return nil
}

// ContextMenu is a click with the right button in a tray that shows no menu of
// itself.
func (i itemCalls) ContextMenu(_, _ int32) *dbus.Error { return nil }

// Scroll is the wheel.
func (i itemCalls) Scroll(int32, string) *dbus.Error { return nil }

// properties answers the calls of org.freedesktop.DBus.Properties.
type properties struct {
	iface string
	one   func(name string) (dbus.Variant, bool)
	all   func() map[string]dbus.Variant
}

// Get returns one.
func (p properties) Get(iface, name string) (dbus.Variant, *dbus.Error) {
	if v, ok := p.one(name); ok && iface == p.iface {
		return v, nil
	}
	return dbus.Variant{}, errUnknown
}

// GetAll returns all.
func (p properties) GetAll(iface string) (map[string]dbus.Variant, *dbus.Error) {
	if iface != p.iface {
		return nil, errUnknown
	}
	return p.all(), nil
}

// Set changes none.
func (p properties) Set(string, string, dbus.Variant) *dbus.Error {
	return dbus.NewError("org.freedesktop.DBus.Error.PropertyReadOnly", nil)
}

// trayIcons are the icon in the sizes of which a tray takes the nearest.
func trayIcons(micOn bool) []pixmap {
	var all []pixmap
	for _, size := range []int{32, 64} {
		img := trayImage(micOn, size)
		data := make([]byte, 0, len(img.Pix))
		for i := 0; i < len(img.Pix); i += 4 {
			data = append(data, img.Pix[i+3], img.Pix[i], img.Pix[i+1], img.Pix[i+2])
		}
		all = append(all, pixmap{int32(size), int32(size), data})
	}
	return all
}
