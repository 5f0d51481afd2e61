package atspi

import (
	"image"
	"strconv"
	"strings"

	"github.com/godbus/dbus/v5"

	"foyer/ui/access"
)

// Paths of objects: the application, and below the same folder whatever it has.
const (
	folder   = "/org/a11y/atspi/accessible"
	rootPath = dbus.ObjectPath(folder + "/root")
	nullPath = dbus.ObjectPath("/org/a11y/atspi/null")
)

// maxText limits every text, in bytes.
const maxText = 64 << 10

// Roles and states, as the protocol numbers them (atspi-constants.h).
const (
	roleAlert = 2
	roleApp   = 75
	roleFrame = 23

	stateActive    = 1
	stateEnabled   = 8
	stateFocused   = 12
	stateIconified = 15
	stateResizable = 21
	stateSensitive = 24
	stateShowing   = 25
	stateVisible   = 30
)

// roles has the number and the name that the protocol gives a role.
var roles = map[access.Role]struct {
	number uint32
	name   string
}{
	access.RoleAlert: {roleAlert, "alert"}, access.RoleButton: {43, "push button"}, access.RoleCheck: {7, "check box"},
	access.RoleCombo: {11, "combo box"}, access.RoleContainer: {39, "panel"}, access.RoleDialog: {16, "dialog"},
	access.RoleEntry: {79, "entry"}, access.RoleHeading: {83, "heading"}, access.RoleImage: {27, "image"},
	access.RoleLevel: {103, "level bar"},
	access.RoleLink:  {88, "link"}, access.RoleList: {31, "list"}, access.RoleMenu: {33, "menu"},
	access.RoleMenuItem: {35, "menu item"}, access.RoleProgress: {42, "progress bar"},
	access.RoleRadio: {44, "radio button"}, access.RoleRow: {32, "list item"}, access.RoleSlider: {51, "slider"},
	access.RoleTab: {37, "page tab"}, access.RoleTabList: {38, "page tab list"}, access.RoleText: {29, "label"},
	access.RoleVideo: {27, "image"}, access.RoleWindow: {roleFrame, "frame"},
}

// roleName is what the protocol calls a role.
func roleName(number uint32) string {
	for _, r := range roles {
		if r.number == number {
			return r.name
		}
	}
	return "application"
}

// states has the number and the name of those states that access has, too.
var states = map[access.State]struct {
	bit  uint
	name string
}{
	access.Busy: {3, "busy"}, access.Checkable: {41, "checkable"}, access.Checked: {4, "checked"},
	access.Editable: {7, "editable"}, access.Expandable: {9, "expandable"}, access.Expanded: {10, "expanded"},
	access.Focusable: {11, "focusable"}, access.Focused: {stateFocused, "focused"}, access.Modal: {16, "modal"},
	access.MultiLine: {17, "multi-line"}, access.Pressed: {20, "pressed"}, access.Selectable: {22, "selectable"},
	access.Selected: {23, "selected"}, access.Wrong: {36, "invalid-entry"},
}

// stateName is what events call a state; empty for one that nobody is told of.
func stateName(bit uint) string {
	switch bit {
	case stateActive:
		return "active"
	case stateEnabled:
		return "enabled"
	case stateIconified:
		return "iconified"
	case stateSensitive:
		return "sensitive"
	case stateShowing:
		return "showing"
	}
	for _, s := range states {
		if s.bit == bit {
			return s.name
		}
	}
	return ""
}

// object is something that readers ask about: the application, a window, a control. It
// does not change.
type object struct {
	path     dbus.ObjectPath
	key      any
	role     uint32
	name     string
	detail   string
	text     string
	spoken   bool // text can be asked for
	states   uint64
	value    *access.Value
	caret    int
	place    image.Rectangle // on the desktop, in pixels
	origin   image.Point     // of the window
	press    bool
	focus    bool
	write    bool
	move     bool
	parent   *object // nil: the application's
	index    int
	children []*object
}

func (o *object) has(state uint) bool { return o.states>>state&1 == 1 }

// interfaces are what an object offers.
func (o *object) interfaces() []string {
	all := []string{ifaceAccessible}
	if o.parent == nil {
		return append(all, ifaceApplication)
	}
	all = append(all, ifaceComponent)
	for _, more := range []struct {
		is   bool
		name string
	}{{o.press, ifaceAction}, {o.spoken, ifaceText}, {o.write, ifaceEditable}, {o.value != nil, ifaceValue}} {
		if more.is {
			all = append(all, more.name)
		}
	}
	return all
}

// tree is all there is, at one moment.
type tree struct {
	app    *object
	byPath map[dbus.ObjectPath]*object
}

// numbers name the objects, the same as long as they are there.
type numbers struct {
	of   map[any]int
	last int
}

// build makes objects of the windows.
func build(name string, ids *numbers, windows []window) *tree {
	t := &tree{app: &object{path: rootPath, role: roleApp, name: clean(name)}, byPath: map[dbus.ObjectPath]*object{}}
	t.app.states = 1<<stateEnabled | 1<<stateSensitive | 1<<stateShowing | 1<<stateVisible
	t.byPath[rootPath] = t.app
	kept := map[any]int{}
	for _, w := range windows {
		t.add(t.app, w.root, w, ids, kept)
	}
	ids.of = kept
	return t
}

func (t *tree) add(parent *object, n *access.Node, w window, ids *numbers, kept map[any]int) {
	id, known := ids.of[n.Key]
	if _, twice := kept[n.Key]; !known || twice {
		ids.last++
		id = ids.last
	}
	kept[n.Key] = id
	o := &object{
		path: dbus.ObjectPath(folder + "/" + strconv.Itoa(id)), key: n.Key, role: roles[n.Role].number, name: clean(n.Name),
		detail: clean(n.Detail), value: n.Value, origin: w.at, press: n.Press != nil, focus: n.Focus != nil,
		write: n.Write != nil, move: n.Move != nil, parent: parent, index: len(parent.children),
	}
	at := w.at.Add(image.Pt(int(n.At.X*w.scale), int(n.At.Y*w.scale)))
	o.place = image.Rectangle{Min: at, Max: at.Add(image.Pt(int(n.Size.Width*w.scale), int(n.Size.Height*w.scale)))}
	switch n.Role {
	case access.RoleText, access.RoleHeading, access.RoleRow, access.RoleAlert:
		o.text, o.spoken = o.name, true
	case access.RoleEntry, access.RoleCombo:
		o.text, o.spoken = clean(n.Text), true
		o.caret = min(n.Caret, len([]rune(o.text)))
	default: // is not text
	}
	o.states = statesOf(n, w)
	parent.children = append(parent.children, o)
	t.byPath[o.path] = o
	for _, c := range n.Children {
		t.add(o, c, w, ids, kept)
	}
}

func statesOf(n *access.Node, w window) (all uint64) {
	all = 1<<stateShowing | 1<<stateVisible
	if !n.State.Has(access.Disabled) {
		all |= 1<<stateEnabled | 1<<stateSensitive
	}
	for state, s := range states {
		if n.State.Has(state) {
			all |= 1 << s.bit
		}
	}
	if n.Role == access.RoleWindow {
		all |= 1 << stateResizable
		if w.active {
			all |= 1 << stateActive
		}
		if w.hidden {
			all = all&^(1<<stateShowing) | 1<<stateIconified
		}
	}
	if !w.active { // the keyboard is elsewhere
		all &^= 1 << stateFocused
	}
	return all
}

// clean is a text that the bus can carry.
func clean(s string) string {
	s = strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "\uFFFD")
	if len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText], "")
	}
	return s
}
