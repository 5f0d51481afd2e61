package kit

import (
	"fyne.io/fyne/v2"

	"foyer/ui/access"
	"foyer/ui/theme"
)

// What the controls say of themselves: see ui/access.

// AccessibilityLabel implements access.Accessible.
func (b *Button) AccessibilityLabel() string { return b.Name() }

// AccessibilityRole implements access.Accessible.
func (b *Button) AccessibilityRole() access.Role { return access.RoleButton }

// Describe implements access.Describer.
func (b *Button) Describe(n *access.Node) { n.State = n.State.Set(access.Pressed, b.style == Lit) }

// AccessibilityRole implements access.Accessible.
func (b *escButton) AccessibilityRole() access.Role {
	if b.choice {
		return access.RoleRadio
	}
	return access.RoleButton
}

// Describe implements access.Describer.
func (b *escButton) Describe(n *access.Node) {
	n.State = n.State.Set(access.Checkable, b.choice).Set(access.Checked, b.choice && b.chosen)
}

// AccessibilityLabel implements access.Accessible.
func (p *ImageButton) AccessibilityLabel() string { return p.name }

// AccessibilityRole implements access.Accessible.
func (p *ImageButton) AccessibilityRole() access.Role { return access.RoleButton }

// Describe implements access.Describer.
func (p *ImageButton) Describe(n *access.Node) { n.Detail = p.note }

// AccessibilityLabel implements access.Accessible.
func (c *Check) AccessibilityLabel() string { return c.Name() }

// AccessibilityRole implements access.Accessible.
func (c *Check) AccessibilityRole() access.Role { return access.RoleCheck }

// Describe implements access.Describer.
func (c *Check) Describe(n *access.Node) {
	n.State = n.State.Set(access.Checkable, true).Set(access.Checked, c.On)
}

// AccessibilityLabel implements access.Accessible.
func (i *Item) AccessibilityLabel() string { return i.text }

// AccessibilityRole implements access.Accessible.
func (i *Item) AccessibilityRole() access.Role { return access.RoleButton }

// Describe implements access.Describer.
func (i *Item) Describe(n *access.Node) { n.Detail = i.remark }

// AccessibilityLabel implements access.Accessible.
func (e *Entry) AccessibilityLabel() string {
	if e.Label != "" {
		return e.Label
	}
	return e.PlaceHolder
}

// AccessibilityRole implements access.Accessible.
func (e *Entry) AccessibilityRole() access.Role { return access.RoleEntry }

// Describe implements access.Describer.
func (e *Entry) Describe(n *access.Node) {
	n.Text, n.Detail, n.Caret = e.Text, e.problem, e.caret()
	n.State = n.State.Set(access.Editable, true).Set(access.MultiLine, e.MultiLine).
		Set(access.Wrong, e.problem != "")
	if !e.Disabled() {
		n.Write = e.SetText
	}
}

// caret is where the cursor is, in characters of the text; Fyne tells the row.
func (e *Entry) caret() int {
	if e.MultiLine {
		return len([]rune(e.Text))
	}
	return min(e.CursorColumn, len([]rune(e.Text)))
}

// Parts implements access.Composite. The label is the entry's name.
func (f *Field) Parts() []fyne.CanvasObject { return []fyne.CanvasObject{f.Entry, f.problem} }

// AccessibilityLabel implements access.Accessible.
func (p *Picker) AccessibilityLabel() string { return p.Label }

// AccessibilityRole implements access.Accessible.
func (p *Picker) AccessibilityRole() access.Role { return access.RoleCombo }

// Describe implements access.Describer.
func (p *Picker) Describe(n *access.Node) {
	n.Text = p.text()
	n.State = n.State.Set(access.Expandable, true)
}

// AccessibilityLabel implements access.Accessible.
func (c *choice) AccessibilityLabel() string { return c.option.Text }

// AccessibilityRole implements access.Accessible.
func (c *choice) AccessibilityRole() access.Role { return access.RoleMenuItem }

// Describe implements access.Describer.
func (c *choice) Describe(n *access.Node) {
	n.State = n.State.Set(access.Selectable, true).Set(access.Selected, c.option.ID == c.p.selected)
}

// AccessibilityLabel implements access.Accessible.
func (r *menuRow) AccessibilityLabel() string { return r.item.Text }

// AccessibilityRole implements access.Accessible.
func (r *menuRow) AccessibilityRole() access.Role { return access.RoleMenuItem }

// Describe implements access.Describer.
func (r *menuRow) Describe(n *access.Node) {
	n.State = n.State.Set(access.Checkable|access.Checked, r.item.Chosen)
}

// AccessibilityLabel implements access.Accessible.
func (t *Text) AccessibilityLabel() string {
	if t.Silent {
		return ""
	}
	return t.text
}

// AccessibilityRole implements access.Accessible.
func (t *Text) AccessibilityRole() access.Role {
	if t.Bold && t.TextSize >= theme.TextHeading {
		return access.RoleHeading
	}
	return access.RoleText
}

// AccessibilityLabel implements access.Accessible. What is waited for is said beside.
func (p *Progress) AccessibilityLabel() string { return "" }

// AccessibilityRole implements access.Accessible.
func (p *Progress) AccessibilityRole() access.Role { return access.RoleProgress }

// Describe implements access.Describer.
func (p *Progress) Describe(n *access.Node) { n.State |= access.Busy }

// AccessibilityLabel implements access.Accessible.
func (o *overlay) AccessibilityLabel() string { return o.name }

// AccessibilityRole implements access.Accessible.
func (o *overlay) AccessibilityRole() access.Role { return o.role }

// Describe implements access.Describer.
func (o *overlay) Describe(n *access.Node) { n.State = n.State.Set(access.Modal, true) }

// Parts implements access.Composite.
func (o *overlay) Parts() []fyne.CanvasObject { return []fyne.CanvasObject{o.card} }

// Parts implements access.Composite.
func (s *shield) Parts() []fyne.CanvasObject { return []fyne.CanvasObject{s.content} }
