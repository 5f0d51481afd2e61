package atspi

import (
	"github.com/godbus/dbus/v5"
)

// properties is org.freedesktop.DBus.Properties of every object.
type properties struct{ *server }

// Get returns a property.
func (s properties) Get(m dbus.Message, iface, name string) (dbus.Variant, *dbus.Error) {
	o, err := s.object(m)
	if err != nil {
		return dbus.Variant{}, err
	}
	if v, is := s.of(o, iface)[name]; is {
		return dbus.MakeVariant(v), nil
	}
	return dbus.Variant{}, dbus.NewError("org.freedesktop.DBus.Error.UnknownProperty", []any{"there is no such property"})
}

// GetAll returns those of an interface.
func (s properties) GetAll(m dbus.Message, iface string) (map[string]dbus.Variant, *dbus.Error) {
	o, err := s.object(m)
	if err != nil {
		return nil, err
	}
	all := map[string]dbus.Variant{}
	for name, v := range s.of(o, iface) {
		all[name] = dbus.MakeVariant(v)
	}
	return all, nil
}

// Set sets the number that the registry gives us, and where something stands.
func (s properties) Set(m dbus.Message, iface, name string, v dbus.Variant) *dbus.Error {
	o, err := s.object(m)
	if err != nil {
		return err
	}
	switch to := v.Value().(type) {
	case int32:
		if iface == ifaceApplication && name == "Id" {
			s.id.Store(to)
			return nil
		}
	case float64:
		if iface == ifaceValue && name == "CurrentValue" && s.move(o, to) {
			return nil
		}
	}
	return dbus.NewError("org.freedesktop.DBus.Error.PropertyReadOnly", []any{"it cannot be set"})
}

// of are the properties of an object.
func (s properties) of(o *object, iface string) map[string]any {
	switch {
	case iface == ifaceAccessible:
		return map[string]any{
			"Name": o.name, "Description": o.detail, "Parent": s.parent(o), "ChildCount": int32(len(o.children)),
			"Locale": "", "AccessibleId": "", "HelpText": "",
		}
	case iface == ifaceApplication && o.parent == nil:
		return map[string]any{"ToolkitName": toolkit, "Version": "", "AtspiVersion": version, "Id": s.id.Load()}
	case iface == ifaceAction && o.press:
		return map[string]any{"NActions": int32(1)}
	case iface == ifaceAction:
		return map[string]any{"NActions": int32(0)}
	case iface == ifaceText:
		return map[string]any{"CharacterCount": int32(len([]rune(o.text))), "CaretOffset": int32(o.caret)}
	case iface == ifaceValue && o.value != nil:
		return map[string]any{
			"MinimumValue": 0.0, "MaximumValue": o.value.Most, "MinimumIncrement": o.value.Step,
			"CurrentValue": o.value.At, "Text": "",
		}
	}
	return nil
}

// cache is org.a11y.atspi.Cache: everything at once, for readers that begin.
type cache struct{ *server }

// item is an object with what is asked for most.
type item struct {
	Object, Application, Parent ref
	Index, Children             int32
	Interfaces                  []string
	Name                        string
	Role                        uint32
	Description                 string
	States                      []uint32
}

func (s *server) item(t *tree, o *object) item {
	return item{
		Object: s.ref(o), Application: s.ref(t.app), Parent: s.parent(o), Index: int32(o.index),
		Children: int32(len(o.children)), Interfaces: o.interfaces(), Name: o.name, Role: o.role, Description: o.detail,
		States: halves(o.states),
	}
}

// GetItems returns all there is.
func (s cache) GetItems() ([]item, *dbus.Error) {
	t := s.tree.Load()
	all := make([]item, 0, len(t.byPath))
	for _, o := range t.byPath {
		all = append(all, s.item(t, o))
	}
	return all, nil
}
