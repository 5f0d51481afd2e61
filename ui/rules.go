package ui

import (
	"foyer/engine"
	"foyer/engine/call"
	"foyer/ui/view/rules"
)

// ruling is what the room menu reports; it keeps these methods out of the others.
type ruling struct{ *UI }

// mayRule reports whether we may change the room's rules now.
func (r ruling) mayRule() bool {
	return r.state.InRoom() && r.state.Engine != call.StateLeaving && r.state.Standing.Role.Moderates()
}

// Rules opens the room menu, or closes it.
func (a actions) Rules() { ruling(a).toggle() }

func (r ruling) toggle() {
	switch {
	case r.sheets.rules != nil:
		r.CloseRules()
		return
	case !r.mayRule():
		return
	case r.state.Share != nil:
		actions(r).CancelShare()
	case r.sheets.shortcuts != nil:
		actions(r).closeShortcuts()
	}
	menus(r).close()
	r.state.Ruling.Begin()
	r.sheets.rules = rules.Show(r.win.Canvas(), r.book, r)
	r.refresh()
}

// CloseRules implements rules.Actions.
func (r ruling) CloseRules() {
	if r.sheets.rules == nil {
		return
	}
	r.sheets.rules.Close()
	r.sheets.rules = nil
}

// SetLocked implements rules.Actions.
func (r ruling) SetLocked(on bool) { r.change(func(c *engine.Moderate) { c.Rules.Locked = &on }) }

// SetLimit implements rules.Actions.
func (r ruling) SetLimit(people int) {
	r.change(func(c *engine.Moderate) { c.Rules.MaxMembers = &people })
}

// SetRefuseNewcomer implements rules.Actions.
func (r ruling) SetRefuseNewcomer(on bool) {
	r.change(func(c *engine.Moderate) { c.Rules.RefuseNewcomer = &on })
}

// SetOffline implements rules.Actions.
func (r ruling) SetOffline(seconds int) {
	r.change(func(c *engine.Moderate) { c.Rules.RealTime = &seconds })
}

// SetKeepHistory implements rules.Actions.
func (r ruling) SetKeepHistory(on bool) {
	r.change(func(c *engine.Moderate) { c.Rules.KeepHistory = &on })
}

// SetWaiting implements rules.Actions.
func (r ruling) SetWaiting(on bool) { r.change(func(c *engine.Moderate) { c.Rules.Waiting = &on }) }

// change changes one rule, and leaves the others as they are.
func (r ruling) change(set func(*engine.Moderate)) {
	c := engine.Moderate{Op: call.OpRules}
	set(&c)
	r.rule(c)
}

// MuteAll implements rules.Actions.
func (r ruling) MuteAll(on bool) {
	op := call.OpUnmute
	if on {
		op = call.OpMute
	}
	r.rule(engine.Moderate{Op: op, All: true})
}

// rule changes a rule. What is refused is said in the menu.
func (r ruling) rule(c engine.Moderate) {
	if err := r.cfg.Do(c); err != nil {
		r.state.Ruling.Refuse(err)
	} else {
		r.state.Ruling.Ask(c.Word())
	}
	r.refresh()
}

// EndRoom implements rules.Actions.
func (r ruling) EndRoom() {
	r.CloseRules()
	actions(r).End()
}

// settle keeps an open room menu true, and takes it away when the stay is over
// or ending, or we may not moderate any more.
func (r ruling) settle() {
	switch {
	case r.sheets.rules == nil:
	case !r.mayRule():
		r.CloseRules()
	default:
		r.sheets.rules.Update(r.state, r.cfg.Now())
	}
}
