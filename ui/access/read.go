package access

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
)

// MaxNodes limits a tree: what a reader asks for is kept in memory twice.
const MaxNodes = 3000

// Read returns a window as a reader sees it: what is shown now. What lies below an
// open dialog or menu cannot be reached, and is not there.
func Read(c fyne.Canvas, title string) *Node {
	root := &Node{Key: c, Role: RoleWindow, Name: title, Size: c.Size()}
	r := &reader{canvas: c, left: MaxNodes}
	overlays := c.Overlays().List()
	for i := len(overlays) - 1; i >= 0; i-- {
		// A menu of Fyne's own says nothing of itself.
		if r.walk(overlays[i], root, fyne.Position{}); len(root.Children) > 0 {
			return root
		}
	}
	if content := c.Content(); content != nil {
		r.walk(content, root, fyne.Position{})
	}
	return root
}

type reader struct {
	canvas fyne.Canvas
	left   int
}

// walk adds what an object is, and what is in it. at is where its parent is.
func (r *reader) walk(o fyne.CanvasObject, into *Node, at fyne.Position) {
	if o == nil || !o.Visible() || r.left <= 0 {
		return
	}
	at = at.Add(o.Position())
	said, ok := r.says(o)
	if ok {
		role, name := said.AccessibilityRole(), said.AccessibilityLabel()
		switch {
		case role == RoleNone:
			return
		case isText(role) && (name == "" || into.Role == RoleRow): // a row says it all itself
		default:
			into = r.add(o, said, into, at)
		}
	}
	for _, part := range parts(o) {
		r.walk(part, into, at)
	}
}

func isText(r Role) bool { return r == RoleText || r == RoleHeading }

// says returns what an object says of itself; a container does by its layout.
func (r *reader) says(o fyne.CanvasObject) (Accessible, bool) {
	if c, ok := o.(*fyne.Container); ok {
		a, ok := c.Layout.(Accessible)
		return a, ok
	}
	a, ok := o.(Accessible)
	return a, ok
}

// parts are the objects in another one.
func parts(o fyne.CanvasObject) []fyne.CanvasObject {
	switch v := o.(type) {
	case *fyne.Container:
		return v.Objects
	case *container.Scroll:
		return []fyne.CanvasObject{v.Content}
	case *container.Clip:
		return []fyne.CanvasObject{v.Content}
	case Composite:
		return v.Parts()
	}
	return nil
}

// add adds the node of an object that says what it is.
func (r *reader) add(o fyne.CanvasObject, said Accessible, into *Node, at fyne.Position) *Node {
	r.left--
	n := &Node{
		Key: o, Role: said.AccessibilityRole(), Name: said.AccessibilityLabel(), At: at, Size: o.Size(),
	}
	if d, ok := o.(fyne.Disableable); ok && d.Disabled() {
		n.State |= Disabled
	}
	if f, ok := o.(fyne.Focusable); ok && !n.State.Has(Disabled) {
		n.State |= Focusable
		n.Focus = func() { r.canvas.Focus(f) }
		n.State = n.State.Set(Focused, r.focused() == o)
	}
	if t, ok := o.(fyne.Tappable); ok && !n.State.Has(Disabled) && pressable(n.Role) {
		n.Press = func() { t.Tapped(nil) }
	}
	if d, ok := said.(Describer); ok {
		d.Describe(n)
	}
	n.Value = n.Value.valid()
	into.Children = append(into.Children, n)
	return n
}

// focused is what has the keyboard: in a list, the row that it is on.
func (r *reader) focused() fyne.CanvasObject {
	f := r.canvas.Focused()
	if a, ok := f.(Active); ok {
		if part := a.ActivePart(); part != nil {
			return part
		}
	}
	o, _ := f.(fyne.CanvasObject)
	return o
}

// pressable reports whether a control of a role is pressed as by a tap anywhere on it.
func pressable(r Role) bool {
	switch r {
	case RoleButton, RoleCheck, RoleCombo, RoleMenuItem, RoleRadio:
		return true
	default:
		return false
	}
}
