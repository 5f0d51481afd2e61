package atspi

import (
	"slices"
	"strings"

	"github.com/godbus/dbus/v5"

	"foyer/ui/access"
)

// Kinds of events.
const (
	ofObject = "Object"
	ofFrame  = "Window"
)

// emit tells of an event at an object.
func (s *server) emit(path dbus.ObjectPath, kind, member, detail string, first, second int, with any) {
	s.send(
		path, ifacePrefix+"Event."+kind+"."+member, detail, int32(first), int32(second), dbus.MakeVariant(with),
		map[string]dbus.Variant{},
	)
}

// send sends a signal, as long as anybody takes it: a bus that takes nothing loses us, and
// thousands of signals may be to send then.
func (s *server) send(path dbus.ObjectPath, name string, values ...any) {
	if s.ctx.Err() == nil && s.bus.Context().Err() == nil {
		_ = s.bus.Emit(path, name, values...)
	}
}

// tell tells what is otherwise than before: what has gone, what has come, what has
// changed, and last where the keyboard is.
func (s *server) tell(before, now *tree) {
	for path, o := range before.byPath {
		if now.byPath[path] == nil {
			s.gone(o, now)
		}
	}
	s.come(now.app, before, now)
	for _, gained := range []bool{false, true} { // the keyboard leaves one before it comes to the next
		for path, o := range now.byPath {
			was := before.byPath[path]
			on := o.has(stateFocused)
			if on == gained && (was != nil && was.has(stateFocused)) != on {
				s.emit(path, ofObject, "StateChanged", stateName(stateFocused), number(on), 0, int32(0))
			}
		}
	}
}

func (s *server) gone(o *object, now *tree) {
	if o.parent != nil && now.byPath[o.parent.path] != nil {
		s.emit(o.parent.path, ofObject, "ChildrenChanged", "remove", o.index, 0, s.ref(o))
	}
	s.emit(o.path, ofObject, "StateChanged", "defunct", 1, 0, int32(0))
	s.send(cachePath, ifaceCache+".RemoveAccessible", s.ref(o))
	if o.role == roleFrame {
		s.emit(o.path, ofFrame, "Destroy", "", 0, 0, o.name)
	}
}

// come tells of an object's children that are new, or have changed, from the outside in.
func (s *server) come(o *object, before, now *tree) {
	for _, c := range o.children {
		was := before.byPath[c.path]
		if was == nil {
			s.send(cachePath, ifaceCache+".AddAccessible", s.item(now, c))
			s.emit(o.path, ofObject, "ChildrenChanged", "add", c.index, 0, s.ref(c))
			if c.role == roleFrame {
				s.emit(c.path, ofFrame, "Create", "", 0, 0, c.name)
			}
		} else {
			s.changed(was, c)
		}
		if active := c.has(stateActive); active != (was != nil && was.has(stateActive)) {
			s.activate(c, active)
		}
		s.come(c, before, now)
	}
}

func (s *server) activate(o *object, active bool) {
	member := "Deactivate"
	if active {
		member = "Activate"
	}
	s.emit(o.path, ofFrame, member, "", 0, 0, o.name)
	s.emit(o.path, ofObject, "StateChanged", stateName(stateActive), number(active), 0, int32(0))
}

// changed tells how an object has changed.
func (s *server) changed(was, is *object) {
	if was.name != is.name {
		s.emit(is.path, ofObject, "PropertyChange", "accessible-name", 0, 0, is.name)
	}
	if was.detail != is.detail {
		s.emit(is.path, ofObject, "PropertyChange", "accessible-description", 0, 0, is.detail)
	}
	// What moves by itself, such as a microphone's level, is there to be asked for.
	if is.move && was.value != nil && is.value.At != was.value.At {
		s.emit(is.path, ofObject, "PropertyChange", "accessible-value", 0, 0, is.value.At)
	}
	if was.text != is.text {
		s.rewritten(is, was.text)
	}
	if was.caret != is.caret && is.has(stateFocused) {
		s.emit(is.path, ofObject, "TextCaretMoved", "", is.caret, 0, int32(0))
	}
	for bit := uint(0); bit < 64 && was.states != is.states; bit++ {
		name := stateName(bit)
		if name != "" && bit != stateFocused && bit != stateActive && was.has(bit) != is.has(bit) {
			s.emit(is.path, ofObject, "StateChanged", name, number(is.has(bit)), 0, int32(0))
		}
	}
}

// rewritten tells which part of a text has gone, and which has come.
func (s *server) rewritten(is *object, was string) {
	a, b := []rune(was), []rune(is.text)
	from := 0
	for from < len(a) && from < len(b) && a[from] == b[from] {
		from++
	}
	same := 0
	for same < len(a)-from && same < len(b)-from && a[len(a)-1-same] == b[len(b)-1-same] {
		same++
	}
	if gone := a[from : len(a)-same]; len(gone) > 0 {
		s.emit(is.path, ofObject, "TextChanged", "delete", from, len(gone), string(gone))
	}
	if come := b[from : len(b)-same]; len(come) > 0 {
		s.emit(is.path, ofObject, "TextChanged", "insert", from, len(come), string(come))
	}
}

// How urgent an announcement is.
const (
	polite    = 1
	assertive = 2
)

// announce has something said aloud, in the name of the window that is in front.
func (s *server) announce(t *tree, said access.Said) {
	i := slices.IndexFunc(t.app.children, func(o *object) bool { return o.has(stateActive) })
	path := rootPath
	switch {
	case i >= 0:
		path = t.app.children[i].path
	case len(t.app.children) > 0:
		path = t.app.children[0].path
	}
	how := polite
	if said.Urgent {
		how = assertive
	}
	s.emit(path, ofObject, "Announcement", "", how, 0, strings.TrimSpace(clean(said.Text)))
}

func number(on bool) int {
	if on {
		return 1
	}
	return 0
}
