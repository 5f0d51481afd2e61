package words

import (
	"strconv"
	"strings"
	"time"
	"unicode"

	"foyer/engine/call"
	"foyer/engine/doorapi"
)

// Table is what the host's tools print for people: a line of headings, if there
// is one, and rows of as many cells; Empty is what to say instead of no rows.
type Table struct {
	Head  []string
	Rows  [][]string
	Empty string
}

// Tables are what the host's tools say.
type Tables struct{ *Book }

// Rooms lists rooms.
func (b Tables) Rooms(a doorapi.RoomsAnswer, now time.Time) Table {
	t := Table{
		Head:  []string{b.T("admin.room"), b.T("admin.title"), b.T("admin.people"), b.T("admin.since")},
		Empty: b.T("admin.no_rooms"),
	}
	for _, r := range a.Rooms {
		t.add(string(r.Room), r.Title, strconv.Itoa(r.People), b.moment(r.Since, now))
	}
	return t
}

// Members lists the members of a room.
func (b Tables) Members(a doorapi.MembersAnswer, now time.Time) Table {
	t := Table{
		Head: []string{
			b.T("admin.id"), b.T("admin.name"), b.T("admin.role"), b.T("admin.presence"), b.T("admin.since"),
			b.T("admin.notes"),
		},
		Empty: b.T("admin.no_members"),
	}
	for _, m := range a.Members {
		var notes []string
		if m.Muted {
			notes = append(notes, b.T("admin.muted"))
		}
		if m.Allowed {
			notes = append(notes, b.T("admin.allowed"))
		}
		if same := m.SameInstallation; len(same) > 0 {
			ids := make([]string, len(same))
			for i, id := range same {
				ids[i] = call.ShownID(id)
			}
			notes = append(notes, b.T("admin.same_installation", "ids", strings.Join(ids, " ")))
		}
		t.add(
			call.ShownID(m.ID), personName(m.ID, m.Name), string(m.Role), string(m.Presence), b.moment(m.Since, now),
			strings.Join(notes, ", "),
		)
	}
	return t
}

// Bans lists bans.
func (b Tables) Bans(a doorapi.BansAnswer, now time.Time) Table {
	t := Table{Head: []string{
		b.T("admin.id"), b.T("admin.name"), b.T("admin.since"), b.T("admin.until"), b.T("admin.by"), b.T("admin.text"),
	}, Empty: b.T("admin.no_bans")}
	for _, r := range a.Bans {
		until := b.T("admin.until_lifted")
		if r.Until != 0 {
			until = b.moment(r.Until, now)
		}
		by := r.By
		if by == "" {
			by = b.T("admin.tools")
		}
		t.add(
			call.ShownID(r.ID), personName(r.ID, r.Name), b.moment(r.Since, now), until, call.CleanName(by),
			call.CleanText(r.Text),
		)
	}
	return t
}

// Waiting lists who waits to be let in.
func (b Tables) Waiting(a doorapi.WaitingAnswer, now time.Time) Table {
	t := Table{
		Head:  []string{b.T("admin.id"), b.T("admin.user_id"), b.T("admin.name"), b.T("admin.since")},
		Empty: b.T("admin.no_waiters"),
	}
	for _, w := range a.Waiting {
		t.add(w.ID, call.ShownID(w.Identity), personName(w.Identity, w.Name), b.moment(w.Since, now))
	}
	if a.More > 0 {
		t.add(b.T("admin.more_waiters", "n", strconv.Itoa(a.More)))
	}
	return t
}

// Results says what became of each person.
func (b Tables) Results(a doorapi.PeopleAnswer) Table {
	var t Table
	for _, r := range a.Results {
		t.add(call.ShownID(r.ID), b.result(r.Result))
	}
	return t
}

func (b Tables) result(r string) string {
	switch r {
	case call.ResultDone:
		return b.T("admin.result_done")
	case call.ResultAlreadyGone:
		return b.T("admin.result_already_gone")
	case call.ResultUnknown:
		return b.T("admin.result_unknown")
	case call.ResultNotBanned:
		return b.T("admin.result_not_banned")
	case call.ResultForbidden:
		return b.T("admin.result_forbidden")
	case call.ResultNotStored:
		return b.T("admin.result_not_stored")
	default:
		return b.T("admin.result_failed")
	}
}

// Rules says what the host has decided about a room.
func (b Tables) Rules(r call.RoomRules) Table {
	yes := func(v bool) string {
		if v {
			return b.T("admin.yes")
		}
		return b.T("admin.no")
	}
	members, offline := b.T("admin.any_number"), b.T("admin.by_messages")
	if r.MaxMembers > 0 {
		members = strconv.Itoa(r.MaxMembers)
	}
	if r.RealTime > 0 {
		offline = b.N("duration.seconds", r.RealTime)
	}
	var t Table
	t.add(b.T("admin.locked"), yes(r.Locked))
	t.add(b.T("admin.max_members"), members)
	t.add(b.T("admin.refuse_newcomer"), yes(r.RefuseNewcomer))
	t.add(b.T("admin.real_time"), offline)
	t.add(b.T("admin.keep_history"), yes(r.KeepHistory))
	t.add(b.T("admin.muted_all"), yes(r.MutedAll))
	t.add(b.T("admin.waiting"), yes(r.Waiting))
	return t
}

// Chat lists messages.
func (b Tables) Chat(a doorapi.ChatAnswer, now time.Time) Table {
	t := Table{Empty: b.T("admin.no_chat")}
	for _, m := range a.Messages {
		name := personName(m.From, m.Name)
		if name == "" {
			name = call.ShownID(m.From)
		}
		t.add(b.moment(m.Time, now), name, call.CleanText(m.Text))
	}
	return t
}

// personName returns a person's name, or the ID if the name has nothing visible. An
// empty name stays empty.
func personName(id call.Identity, name string) string {
	if clean := call.CleanName(name); clean != "" || name == "" {
		return clean
	}
	return call.ShownID(id)
}

// add appends a row. What others have written must not move the cursor of a
// terminal or break the table.
func (t *Table) add(cells ...string) {
	for i, c := range cells {
		cells[i] = strings.Map(func(r rune) rune {
			if unicode.IsPrint(r) {
				return r
			}
			return ' '
		}, c)
	}
	t.Rows = append(t.Rows, cells)
}

func (b Tables) moment(ms int64, now time.Time) string { return b.Until(time.UnixMilli(ms), now) }
