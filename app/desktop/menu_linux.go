package desktop

import (
	"sync"

	"github.com/godbus/dbus/v5"

	"foyer/ui/desk"
)

// The menu of the icon: com.canonical.dbusmenu, of which the tray draws it.
const (
	menuPath  = dbus.ObjectPath("/MenuBar")
	menuIface = "com.canonical.dbusmenu"
)

// rootLine is the menu itself. The lines have the numbers of their actions.
const rootLine int32 = 0

// line is one line of the menu, with those below it.
type line struct {
	ID         int32
	Properties map[string]dbus.Variant
	Children   []dbus.Variant
}

// menu is the menu of an item.
type menu struct {
	item *item

	mu       sync.Mutex
	revision uint32
}

// changed tells the tray to ask anew.
func (m *menu) changed() {
	m.mu.Lock()
	m.revision++
	revision := m.revision
	m.mu.Unlock()
	_ = m.item.bus.Emit(menuPath, menuIface+".LayoutUpdated", revision, rootLine)
}

// lines are the lines, whose numbers are those of their actions.
func (m *menu) lines() []line {
	stay := m.item.now()
	var all []line
	for _, l := range []struct {
		action desk.Action
		text   string
	}{
		{desk.ActionMic, stay.Mic}, {desk.ActionShow, stay.Show}, {desk.ActionLeave, stay.Leave},
		{desk.ActionQuit, stay.Quit},
	} {
		all = append(all, line{ID: int32(l.action), Children: []dbus.Variant{}, Properties: map[string]dbus.Variant{
			"label": dbus.MakeVariant(mnemonic(l.text)), "enabled": dbus.MakeVariant(true), "visible": dbus.MakeVariant(true),
		}})
	}
	return all
}

// mnemonic keeps an underscore from standing for a key.
func mnemonic(text string) string {
	out := make([]rune, 0, len(text))
	for _, r := range text {
		if r == '_' {
			out = append(out, r)
		}
		out = append(out, r)
	}
	return string(out)
}

func (m *menu) find(id int32) (line, bool) {
	if id == rootLine {
		root := line{ID: rootLine, Properties: map[string]dbus.Variant{"children-display": dbus.MakeVariant("submenu")}}
		for _, l := range m.lines() {
			root.Children = append(root.Children, dbus.MakeVariant(l))
		}
		return root, true
	}
	for _, l := range m.lines() {
		if l.ID == id {
			return l, true
		}
	}
	return line{}, false
}

var errNoLine = dbus.NewError("com.canonical.dbusmenu.Error", []any{"no such line"})

// GetLayout returns a line and all below it.
func (m *menu) GetLayout(parent, _ int32, _ []string) (uint32, line, *dbus.Error) {
	l, ok := m.find(parent)
	if !ok {
		return 0, line{}, errNoLine
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.revision, l, nil
}

// described is a line without those below it.
type described struct {
	ID         int32
	Properties map[string]dbus.Variant
}

// GetGroupProperties returns the properties of lines; of all, if none is named.
func (m *menu) GetGroupProperties(ids []int32, _ []string) ([]described, *dbus.Error) {
	if len(ids) == 0 {
		ids = []int32{rootLine}
		for _, l := range m.lines() {
			ids = append(ids, l.ID)
		}
	}
	found := []described{}
	for _, id := range ids {
		if l, ok := m.find(id); ok {
			found = append(found, described{l.ID, l.Properties})
		}
	}
	return found, nil
}

// GetProperty returns one property of a line.
func (m *menu) GetProperty(id int32, name string) (dbus.Variant, *dbus.Error) {
	if l, ok := m.find(id); ok {
		if v, ok := l.Properties[name]; ok {
			return v, nil
		}
	}
	return dbus.Variant{}, errNoLine
}

// Event is what happens to a line.
func (m *menu) Event(id int32, kind string, _ dbus.Variant, _ uint32) *dbus.Error {
	if _, ok := m.find(id); !ok {
		return errNoLine
	}
	if kind == "clicked" && id != rootLine {
		m.item.press(desk.Action(id))
	}
	return nil
}

// event is what happens to one of several lines.
type event struct {
	ID   int32
	Kind string
	Data dbus.Variant
	At   uint32
}

// EventGroup is Event for several.
func (m *menu) EventGroup(all []event) ([]int32, *dbus.Error) {
	unknown := []int32{}
	for _, e := range all {
		if m.Event(e.ID, e.Kind, e.Data, e.At) != nil {
			unknown = append(unknown, e.ID)
		}
	}
	return unknown, nil
}

// AboutToShow reports whether the tray must ask for the menu again.
func (m *menu) AboutToShow(int32) (bool, *dbus.Error) { return false, nil }

// AboutToShowGroup is AboutToShow for several.
func (m *menu) AboutToShowGroup([]int32) (update, unknown []int32, err *dbus.Error) {
	return []int32{}, []int32{}, nil
}

func (m *menu) properties() map[string]dbus.Variant {
	return map[string]dbus.Variant{
		"Version":       dbus.MakeVariant(uint32(3)),
		"TextDirection": dbus.MakeVariant("ltr"),
		"Status":        dbus.MakeVariant("normal"),
		"IconThemePath": dbus.MakeVariant([]string{}),
	}
}

func (m *menu) property(name string) (dbus.Variant, bool) {
	v, ok := m.properties()[name]
	return v, ok
}
