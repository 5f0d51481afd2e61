// Package access is what a window says to people who do not see it: what each control
// is called, what it is, how it stands and what can be done with it. A control says so
// itself, as [Accessible]; [Read] makes a tree of a whole window, and [Voice] carries
// what is said in passing.
//
// On Linux, app/atspi hands the tree to screen readers. Elsewhere nobody does: Fyne 2.7
// cannot, and the methods have the names that 2.8 asks for on Windows and macOS.
//
// Except for [Voice], everything here belongs to Fyne's main goroutine.
package access

import (
	"math"

	"fyne.io/fyne/v2"
)

// Role is what a control is. The first four are those of Fyne 2.8, whose
// fyne.AccessibleRole this type becomes then.
type Role string

// Roles.
const (
	RoleButton    Role = "button"
	RoleContainer Role = "container"
	RoleLink      Role = "link"
	RoleText      Role = "text"

	RoleAlert    Role = "alert" // told in passing
	RoleCheck    Role = "check"
	RoleCombo    Role = "combo" // one of several, in a list that opens
	RoleDialog   Role = "dialog"
	RoleEntry    Role = "entry"
	RoleHeading  Role = "heading"
	RoleImage    Role = "image"
	RoleLevel    Role = "level"
	RoleList     Role = "list"
	RoleMenu     Role = "menu"
	RoleMenuItem Role = "menu-item"
	RoleProgress Role = "progress"
	RoleRadio    Role = "radio" // one of several, all in view
	RoleRow      Role = "row"   // of a list
	RoleSlider   Role = "slider"
	RoleTab      Role = "tab"
	RoleTabList  Role = "tab-list"
	RoleVideo    Role = "video"
	RoleWindow   Role = "window"

	// RoleNone is what a reader passes over, with all that is in it.
	RoleNone Role = ""
)

// Accessible is a control that says what it is. An empty label leaves a text out.
type Accessible interface {
	AccessibilityLabel() string
	AccessibilityRole() Role
}

// Describer is an [Accessible] that has more to say.
type Describer interface {
	Describe(n *Node)
}

// Composite is a widget that has others in it.
type Composite interface {
	Parts() []fyne.CanvasObject
}

// Active is a control with the keyboard that has put it on a part of its own.
type Active interface {
	ActivePart() fyne.CanvasObject // nil: on none
}

// State is how a control stands.
type State uint32

// States.
const (
	Focusable State = 1 << iota
	Focused
	Disabled
	Checkable
	Checked
	Pressed // a button whose panel is open
	Expandable
	Expanded
	Selectable
	Selected
	Editable
	MultiLine
	Wrong // what is entered
	Modal
	Busy
)

// Has reports whether all of some states hold.
func (s State) Has(of State) bool { return s&of == of }

// Set returns the states with some more, or without them.
func (s State) Set(of State, on bool) State {
	if on {
		return s | of
	}
	return s &^ of
}

// Value is where something stands between 0 and Most.
type Value struct{ At, Most, Step float64 }

// valid returns a value of which all is a number and At is in its range, nil where
// there is none: readers compute with it.
func (v *Value) valid() *Value {
	if v == nil || math.IsNaN(v.At) || math.IsNaN(v.Most) || math.IsInf(v.Most, 0) || v.Most < 0 {
		return nil
	}
	s := Value{At: max(0, min(v.At, v.Most)), Most: v.Most}
	if v.Step > 0 && v.Step <= v.Most {
		s.Step = v.Step
	}
	return &s
}

// Node is a control as a reader sees it, at one moment.
type Node struct {
	Key      any // the same as long as the control is there
	Role     Role
	Name     string
	Detail   string // what else is to be known
	Text     string // what is entered, or chosen
	Caret    int    // in Text, in characters
	Value    *Value // nil: it has none
	State    State
	At       fyne.Position // in the window
	Size     fyne.Size
	Children []*Node

	// What can be done; nil: nothing of that kind.
	Press func()
	Focus func()
	Write func(text string) // in place of Text
	Move  func(to float64)  // Value
}

// layout is another name: the method of the same name would be hidden behind a field.
type layout = fyne.Layout

// labelled is a layout that says what its container is.
type labelled struct {
	layout
	role Role
	name string
}

// AccessibilityLabel implements [Accessible].
func (l *labelled) AccessibilityLabel() string { return l.name }

// AccessibilityRole implements [Accessible].
func (l *labelled) AccessibilityRole() Role { return l.role }

// flow is a layout that knows its height at a width: see kit.Flow.
type flow interface {
	HeightFor(objects []fyne.CanvasObject, width float32) float32
}

type labelledFlow struct {
	labelled
	flow
}

// Label says what a container with a layout is, and returns it. [RoleNone] has a
// reader pass over it.
func Label(c *fyne.Container, role Role, name string) *fyne.Container {
	l := labelled{layout: c.Layout, role: role, name: name}
	if f, ok := c.Layout.(flow); ok {
		c.Layout = &labelledFlow{l, f}
	} else {
		c.Layout = &l
	}
	return c
}
