package atspi

import (
	"image"

	"github.com/godbus/dbus/v5"
)

// accessible is org.a11y.atspi.Accessible.
type accessible struct{ *server }

// GetChildAtIndex returns a child.
func (s accessible) GetChildAtIndex(m dbus.Message, i int32) (ref, *dbus.Error) {
	o, err := s.object(m)
	if err != nil {
		return ref{}, err
	}
	if i < 0 || int(i) >= len(o.children) {
		return s.ref(nil), nil
	}
	return s.ref(o.children[i]), nil
}

// GetChildren returns all of them.
func (s accessible) GetChildren(m dbus.Message) ([]ref, *dbus.Error) {
	o, err := s.object(m)
	if err != nil {
		return nil, err
	}
	all := make([]ref, len(o.children))
	for i, c := range o.children {
		all[i] = s.ref(c)
	}
	return all, nil
}

// GetIndexInParent returns which child of its parent it is.
func (s accessible) GetIndexInParent(m dbus.Message) (int32, *dbus.Error) {
	o, err := s.object(m)
	if err != nil {
		return 0, err
	}
	if o.parent == nil {
		return -1, nil // the registry knows
	}
	return int32(o.index), nil
}

// relation is how an object stands to others.
type relation struct {
	Kind    uint32
	Targets []ref
}

// GetRelationSet returns nothing: labels are names here.
func (s accessible) GetRelationSet(m dbus.Message) ([]relation, *dbus.Error) {
	_, err := s.object(m)
	return []relation{}, err
}

// GetRole returns the role's number.
func (s accessible) GetRole(m dbus.Message) (uint32, *dbus.Error) {
	o, err := s.object(m)
	if err != nil {
		return 0, err
	}
	return o.role, nil
}

// GetRoleName returns the role's name.
func (s accessible) GetRoleName(m dbus.Message) (string, *dbus.Error) {
	o, err := s.object(m)
	if err != nil {
		return "", err
	}
	return roleName(o.role), nil
}

// GetLocalizedRoleName returns the same: readers have words of their own.
func (s accessible) GetLocalizedRoleName(m dbus.Message) (string, *dbus.Error) {
	return s.GetRoleName(m)
}

// GetState returns the states as two halves.
func (s accessible) GetState(m dbus.Message) ([]uint32, *dbus.Error) {
	o, err := s.object(m)
	if err != nil {
		return nil, err
	}
	return halves(o.states), nil
}

func halves(states uint64) []uint32 { return []uint32{uint32(states), uint32(states >> 32)} }

// GetAttributes returns none but the toolkit's.
func (s accessible) GetAttributes(m dbus.Message) (map[string]string, *dbus.Error) {
	_, err := s.object(m)
	return map[string]string{"toolkit": toolkit}, err
}

// GetApplication returns us.
func (s accessible) GetApplication(m dbus.Message) (ref, *dbus.Error) {
	_, err := s.object(m)
	return s.ref(s.tree.Load().app), err
}

// GetInterfaces returns what an object offers.
func (s accessible) GetInterfaces(m dbus.Message) ([]string, *dbus.Error) {
	o, err := s.object(m)
	if err != nil {
		return nil, err
	}
	return o.interfaces(), nil
}

// toolkit is what draws the windows.
const toolkit = "Fyne"

// application is org.a11y.atspi.Application.
type application struct{ *server }

// GetLocale returns none: texts say their language themselves.
func (s application) GetLocale(dbus.Message, uint32) (string, *dbus.Error) { return "", nil }

// component is org.a11y.atspi.Component.
type component struct{ *server }

// Coordinates are those of the screen, a window, or a parent.
const (
	ofScreen = iota
	ofWindow
	ofParent
)

// where is an object in coordinates of a kind.
func where(o *object, kind uint32) image.Rectangle {
	switch kind {
	case ofWindow:
		return o.place.Sub(o.origin)
	case ofParent:
		if o.parent != nil && o.parent.parent != nil {
			return o.place.Sub(o.parent.place.Min)
		}
	}
	return o.place
}

// extents is a place.
type extents struct{ X, Y, Width, Height int32 }

// GetExtents returns place and size.
func (s component) GetExtents(m dbus.Message, kind uint32) (extents, *dbus.Error) {
	o, err := s.object(m)
	if err != nil {
		return extents{}, err
	}
	return extentsOf(where(o, kind)), nil
}

func extentsOf(r image.Rectangle) extents {
	return extents{int32(r.Min.X), int32(r.Min.Y), int32(r.Dx()), int32(r.Dy())}
}

// GetPosition returns the place.
func (s component) GetPosition(m dbus.Message, kind uint32) (x, y int32, err *dbus.Error) {
	e, err := s.GetExtents(m, kind)
	return e.X, e.Y, err
}

// GetSize returns the size.
func (s component) GetSize(m dbus.Message) (width, height int32, err *dbus.Error) {
	e, err := s.GetExtents(m, ofScreen)
	return e.Width, e.Height, err
}

// Contains reports whether a point is in an object.
func (s component) Contains(m dbus.Message, x, y int32, kind uint32) (bool, *dbus.Error) {
	o, err := s.object(m)
	if err != nil {
		return false, err
	}
	return image.Pt(int(x), int(y)).In(where(o, kind)), nil
}

// GetAccessibleAtPoint returns the innermost object at a point.
func (s component) GetAccessibleAtPoint(m dbus.Message, x, y int32, kind uint32) (ref, *dbus.Error) {
	o, err := s.object(m)
	if err != nil {
		return ref{}, err
	}
	at := image.Pt(int(x), int(y)).Add(o.place.Min.Sub(where(o, kind).Min))
	return s.ref(innermost(o, at)), nil
}

func innermost(o *object, at image.Point) *object {
	for i := len(o.children) - 1; i >= 0; i-- { // the last one lies on top
		if found := innermost(o.children[i], at); found != nil {
			return found
		}
	}
	if at.In(o.place) {
		return o
	}
	return nil
}

// Layers of what is drawn.
const (
	layerWidget = 3
	layerWindow = 7
)

// GetLayer returns where an object is drawn.
func (s component) GetLayer(m dbus.Message) (uint32, *dbus.Error) {
	o, err := s.object(m)
	if err == nil && o.role == roleFrame {
		return layerWindow, nil
	}
	return layerWidget, err
}

// GetMDIZOrder returns none.
func (s component) GetMDIZOrder(dbus.Message) (int16, *dbus.Error) { return -1, nil }

// GetAlpha returns that all is opaque.
func (s component) GetAlpha(dbus.Message) (float64, *dbus.Error) { return 1, nil }

// GrabFocus gives an object the keyboard.
func (s component) GrabFocus(m dbus.Message) (bool, *dbus.Error) {
	o, err := s.object(m)
	if err != nil {
		return false, err
	}
	return s.focus(o), nil
}

// ScrollTo is not possible but by the keyboard.
func (s component) ScrollTo(dbus.Message, uint32) (bool, *dbus.Error) { return false, nil }

// action is org.a11y.atspi.Action. There is one: to press.
type action struct{ *server }

const pressName = "press"

// named is an action: name, description, keys.
type named struct{ Name, Description, Keys string }

// GetActions lists them.
func (s action) GetActions(m dbus.Message) ([]named, *dbus.Error) {
	o, err := s.object(m)
	if err != nil || !o.press {
		return []named{}, err
	}
	return []named{{Name: pressName}}, nil
}

// GetName returns the name of an action.
func (s action) GetName(dbus.Message, int32) (string, *dbus.Error) { return pressName, nil }

// GetLocalizedName returns the same: readers have words of their own.
func (s action) GetLocalizedName(dbus.Message, int32) (string, *dbus.Error) { return pressName, nil }

// GetDescription returns none.
func (s action) GetDescription(dbus.Message, int32) (string, *dbus.Error) { return "", nil }

// GetKeyBinding returns none: the name has the key.
func (s action) GetKeyBinding(dbus.Message, int32) (string, *dbus.Error) { return "", nil }

// DoAction presses an object.
func (s action) DoAction(m dbus.Message, i int32) (bool, *dbus.Error) {
	o, err := s.object(m)
	if err != nil || i != 0 {
		return false, err
	}
	return s.press(o), nil
}
