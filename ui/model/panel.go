package model

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"foyer/engine/call"
)

// Panel is what is open beside the stage.
type Panel int

// Panels.
const (
	PanelNone Panel = iota
	PanelChat
	PanelPeople
	PanelBans // of the room, for those who may moderate
)

// PanelError is why the door did not answer what a panel shows.
type PanelError struct {
	Command string // the word of what was asked
	Err     error  // nil: nothing is wrong
}

// Open opens a panel, or closes it with PanelNone.
func (s *State) Open(p Panel) {
	if !s.InRoom() {
		return
	}
	if p == PanelBans && !s.Standing.Role.Moderates() {
		p = PanelPeople
	}
	s.Panel = p
	if p == PanelChat {
		s.Read(true)
	}
}

// closePanel closes the panel and forgets what it has shown.
func (s *State) closePanel() {
	s.Panel, s.Search = PanelNone, ""
	s.selected, s.named = map[call.Identity]bool{}, map[call.Identity]string{}
	s.Waiting = Waiting{}
	s.Members, s.Bans, s.BansKnown, s.PanelErr = nil, nil, false, PanelError{}
}

// Role is somebody's role, empty while it is not known. A door shows it to everybody;
// an older one tells it only to those who may moderate.
func (s *State) Role(p *Person) call.Role {
	switch {
	case p.Self:
		return s.Standing.Role
	case p.Role != "":
		return p.Role
	default:
		return s.Members[p.ID].Role
	}
}

// Rights is what we may do to somebody.
type Rights struct {
	Mute   bool        // or let them speak again, if they are muted
	Roles  []call.Role // to give them, highest first
	Remove bool        // or ban
}

// None reports whether there is nothing.
func (r Rights) None() bool { return !r.Mute && len(r.Roles) == 0 && !r.Remove }

// Rights tells what we may do to somebody, as far as we know: the door decides.
func (s *State) Rights(p *Person) Rights {
	mine, theirs := s.Standing.Role, s.Role(p)
	if p.Self || !mine.Moderates() || s.Engine == call.StateLeaving || theirs != "" && !mine.Outranks(theirs) {
		return Rights{}
	}
	r := Rights{Mute: true, Remove: true}
	for _, role := range []call.Role{call.RoleCoHost, call.RoleParticipant, call.RoleListener} {
		if mine.Outranks(role) && role != theirs {
			r.Roles = append(r.Roles, role)
		}
	}
	return r
}

// Listed is the people of the room: raised hands in their order, ourselves, who
// moderates, then the others by name; of them those whose name has the text that is
// searched for.
func (s *State) Listed() []*Person { return s.listed(s.Search) }

func (s *State) listed(search string) []*Person {
	wanted := strings.ToLower(strings.TrimSpace(search))
	type entry struct {
		p    *Person
		hand int // place in the order; those without one come later
		rank int
		name string
	}
	places := make(map[call.Identity]int, len(s.Hands.All))
	for i, h := range s.Hands.All {
		places[h.ID] = i - len(s.Hands.All)
	}
	all := make([]entry, 0, len(s.People))
	for _, p := range s.People {
		e := entry{p, places[p.ID], s.rank(p), strings.ToLower(p.DisplayName())}
		if strings.Contains(e.name, wanted) {
			all = append(all, e)
		}
	}
	slices.SortStableFunc(all, func(a, b entry) int {
		return cmp.Or(
			cmp.Compare(a.hand, b.hand), cmp.Compare(a.rank, b.rank), cmp.Compare(a.name, b.name),
			cmp.Compare(a.p.ID, b.p.ID),
		)
	})
	people := make([]*Person, len(all))
	for i, e := range all {
		people[i] = e.p
	}
	return people
}

func (s *State) rank(p *Person) int {
	switch {
	case p.Self:
		return 0
	case s.Role(p) == call.RoleHost:
		return 1
	case s.Role(p) == call.RoleCoHost:
		return 2
	default:
		return 3
	}
}

// MicMuted reports whether somebody cannot be heard.
func (s *State) MicMuted(p *Person) bool { return s.face(p).MicMuted }

// IsMutedByHost reports whether the host lets somebody neither speak nor write.
func (s *State) IsMutedByHost(p *Person) bool {
	if p.Self {
		return s.Standing.MutedByHost()
	}
	return p.MutedByHost
}

// panelFailed keeps, for the panel, why the door did not tell what it shows. It
// reports whether the command was such a question.
func (s *State) panelFailed(command string, err error) bool {
	switch command {
	case string(call.OpMembers), string(call.OpBans), string(call.OpWaiting):
		s.PanelErr, s.Waiting.asked = PanelError{command, err}, false
		return true
	default:
		return false
	}
}

// Person is somebody in the room, nil if they are not there.
func (s *State) Person(id call.Identity) *Person { return s.person(id) }

// moderated takes over what an operation has answered.
func (s *State) moderated(v call.Moderated, at time.Time) {
	if !s.InRoom() {
		return
	}
	s.Selection.moderated(v.Op, v.Results, at)
	s.Ruling.answered(v)
	if s.PanelErr.Command == string(v.Op) {
		s.PanelErr = PanelError{}
	}
	switch v.Op {
	case call.OpMembers:
		s.Members = make(map[call.Identity]call.MemberRow, len(v.Members))
		for _, m := range v.Members {
			s.Members[m.ID] = m
		}
	case call.OpWaiting:
		waits{s}.listed(v)
	case call.OpBans:
		s.Bans, s.BansKnown = slices.Clone(v.Bans), true
	default:
	}
}
