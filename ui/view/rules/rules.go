// Package rules is the room menu: what the hosts and co-hosts of a room have decided
// about it. It presents a model.State and reports what the user does through
// [Actions].
//
// Everything belongs to Fyne's main goroutine.
package rules

import (
	"strconv"
	"strings"
	"time"

	"fyne.io/fyne/v2"

	"foyer/engine/call"
	"foyer/ui/access"
	"foyer/ui/kit"
	"foyer/ui/model"
	"foyer/ui/theme"
	"foyer/ui/words"
)

// Actions is what can be done in the room menu. Each takes effect at once.
type Actions interface {
	SetLocked(on bool)
	SetLimit(people int) // 0: none
	SetRefuseNewcomer(on bool)
	SetOffline(seconds int) // 0: by the messages of others
	SetKeepHistory(on bool)
	SetWaiting(on bool)
	MuteAll(on bool)
	EndRoom()
	CloseRules()
}

// Menu is the room menu, open.
type Menu struct {
	*kit.Sheet
	book                          *words.Book
	locked, refuse, keep, muteAll *kit.Check
	waiting                       *kit.Check
	limit                         *kit.Field
	set                           *kit.Button
	offline                       *kit.Segments
	problem, limited              *kit.Text
	end                           *kit.Button
	shown                         call.RoomRules
	fresh                         bool // nothing has been shown yet
}

const width = 520

// offlineTimes are what the choices of the offline time mean, in seconds.
var offlineTimes = [...]int{0, 20, 60, 300}

// Show opens the room menu.
func Show(c fyne.Canvas, book *words.Book, act Actions) *Menu {
	m := &Menu{book: book, fresh: true, problem: kit.NewParagraph("").Colored(theme.Error)}
	check := func(key, detailed string, changed func(bool)) (*kit.Check, fyne.CanvasObject) {
		box := kit.NewCheck(book.T(key), false)
		box.OnChanged, box.OnEscape = changed, act.CloseRules
		detail := kit.NewParagraph(book.T(detailed)).Colored(theme.Muted)
		detail.TextSize = 13
		return box, kit.Column(0, box, kit.Pad(detail, 0, 0, 0, 32))
	}
	var locked, waiting, refuse, keep, muteAll fyne.CanvasObject
	m.locked, locked = check("rules.locked", "rules.locked.detail", act.SetLocked)
	m.waiting, waiting = check("rules.waiting", "rules.waiting.detail", act.SetWaiting)
	m.muteAll, muteAll = check("rules.muted_all", "rules.muted_all.detail", act.MuteAll)
	m.refuse, refuse = check("rules.refuse_newcomer", "rules.refuse_newcomer.detail", act.SetRefuseNewcomer)
	m.keep, keep = check("rules.keep_history", "rules.keep_history.detail", act.SetKeepHistory)
	m.limit = kit.NewField(book.T("rules.limit"), book.T("rules.limit.none"), func() { m.setLimit(act) })
	m.limit.Entry.OnEscape = act.CloseRules
	m.limit.OnChanged = func(string) { m.say("") }
	m.set = kit.NewButton(book.T("rules.limit.set"), "", kit.Plain, func() { m.setLimit(act) })
	m.limited = kit.NewParagraph("").Colored(theme.Error)
	m.limited.TextSize = 13
	m.offline = kit.NewSegments(
		true, act.CloseRules, book.T("rules.offline.messages"), book.Duration(20*time.Second), book.Duration(time.Minute),
		book.Duration(5*time.Minute),
	)
	access.Label(m.offline.Container, access.RoleContainer, book.T("rules.offline"))
	m.offline.OnChosen = func(i int) { act.SetOffline(offlineTimes[i]) }
	offline := kit.NewCaption(book.T("rules.offline"))
	offline.TextSize = 13
	limit := kit.Row(8, kit.Grow(m.limit), kit.Pad(m.set, 22, 0, 0, 0))
	body := kit.Column(
		16, locked, waiting, muteAll, kit.Column(6, limit, m.limited), refuse, keep,
		kit.Column(6, offline, m.offline.Container), m.problem,
	)
	m.end = kit.NewButton(book.T("dialog.end.yes"), "people", kit.Danger, act.EndRoom)
	done := kit.NewButton(book.T("rules.done"), "", kit.Plain, act.CloseRules)
	m.Sheet = kit.ShowSheet(
		c, book.T("rules.title"), width, kit.Pad(body, 4, 6, 4, 6), kit.Row(12, m.end, kit.Spring(), done), act.CloseRules,
	)
	c.Focus(m.locked)
	return m
}

// setLimit takes over what is entered.
func (m *Menu) setLimit(act Actions) {
	text, people := strings.TrimSpace(m.limit.Text()), 0
	if text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n > call.MaxRoomMembers {
			m.say(m.book.T("rules.limit.bad", "most", strconv.Itoa(call.MaxRoomMembers)))
			return
		}
		people = n
	}
	m.say("")
	act.SetLimit(people)
}

// say says what is wrong with the limit.
func (m *Menu) say(problem string) {
	m.limited.Set(problem)
	kit.SetVisible(m.limited, problem != "")
	m.Refresh()
}

// Update shows the rules as they are. While the door is asked, what was chosen
// stays chosen.
func (m *Menu) Update(s *model.State, now time.Time) {
	problem := ""
	if err := s.RulesErr; err != nil {
		problem = m.book.Error(err, string(call.OpRules), call.SourceUnknown, now).String()
	}
	changed := m.problem.Text() != problem
	m.problem.Set(problem)
	kit.SetVisible(m.problem, problem != "")
	kit.SetVisible(m.end, s.Standing.Role == call.RoleHost)
	rules := s.Standing.Rules
	if s.RulesAsked == "" && (m.fresh || changed || rules != m.shown) {
		m.locked.Set(rules.Locked)
		m.waiting.Set(rules.Waiting)
		m.muteAll.Set(rules.MutedAll)
		m.refuse.Set(rules.RefuseNewcomer)
		m.keep.Set(rules.KeepHistory)
		if m.fresh || rules.MaxMembers != m.shown.MaxMembers {
			m.limit.SetText(limitText(rules.MaxMembers))
		}
		chosen := -1
		for i, seconds := range offlineTimes {
			if seconds == rules.RealTime {
				chosen = i
			}
		}
		m.offline.Choose(chosen)
		m.shown, changed = rules, true
	}
	if m.fresh {
		kit.SetVisible(m.limited, false)
	}
	if m.fresh || changed {
		m.fresh = false
		m.Refresh()
	}
}

func limitText(people int) string {
	if people == 0 {
		return ""
	}
	return strconv.Itoa(people)
}
