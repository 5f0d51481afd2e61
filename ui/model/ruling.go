package model

import "foyer/engine/call"

// Ruling is what the state says of a change of the room's rules that is under way.
type Ruling struct{ *State }

// Begin forgets what was wrong before.
func (r Ruling) Begin() { r.RulesAsked, r.RulesErr = "", nil }

// Ask records a command of that word that will change the rules.
func (r Ruling) Ask(command string) { r.RulesAsked, r.RulesErr = command, nil }

// Refuse records why the rules are as they were.
func (r Ruling) Refuse(err error) { r.RulesAsked, r.RulesErr = "", err }

// failed reports whether a failure is that of the change that is under way.
func (r Ruling) failed(v call.CommandFailed) bool {
	if r.RulesAsked == "" || v.Command != r.RulesAsked {
		return false
	}
	r.Refuse(v.Err)
	return true
}

// answered takes over what the door has done.
func (r Ruling) answered(v call.Moderated) {
	switch v.Op {
	case call.OpRules:
		if v.Rules != nil {
			r.Standing.Rules = *v.Rules
		}
		r.RulesAsked = ""
	case call.OpMute, call.OpUnmute:
		r.RulesAsked = ""
	default:
	}
}
