package words

import (
	"time"

	"foyer/engine/call"
)

// GoneBy says why somebody is gone, and who did it and what they said, where the
// room was told.
func (b *Book) GoneBy(name string, r call.LeaveReason, by, text string) string {
	what := b.Gone(name, r)
	switch {
	case by == "":
	case r == call.ReasonRemoved:
		what = b.T("gone.removed_by", "name", name, "by", by)
	case r == call.ReasonBanned:
		what = b.T("gone.banned_by", "name", name, "by", by)
	}
	if text != "" {
		what = b.T("gone.text", "what", what, "text", text)
	}
	return what
}

// Role is the word for a role; empty for one that is not known.
func (b *Book) Role(r call.Role) string {
	if key := "role." + string(r); r != "" && b.Has(key) {
		return b.T(key)
	}
	return ""
}

// MakeRole is what a menu says for giving somebody a role.
func (b *Book) MakeRole(r call.Role) string { return b.T("people.make_" + string(r)) }

// BanTime says for how long a ban is to hold, in a choice; 0 is until it is lifted.
func (b *Book) BanTime(d time.Duration) string {
	switch {
	case d <= 0:
		return b.T("people.ban.always")
	case d < time.Hour:
		return b.N("people.ban.minutes", int(d.Minutes()))
	default:
		return b.N("people.ban.hours", int(d.Hours()))
	}
}

// Messages counts new messages.
func (b *Book) Messages(n int) string { return b.N("chat.new", n) }

// Ban says until when a ban holds, who made it and why.
func (b *Book) Ban(row call.BanRow, now time.Time) string {
	what := b.T("people.banned_open")
	if row.Until > 0 {
		what = b.T("people.banned_until", "until", b.Until(time.UnixMilli(row.Until), now))
	}
	if row.By != "" {
		what = b.T("people.banned_by", "what", what, "by", call.CleanName(row.By))
	}
	if row.Text != "" {
		what = b.T("gone.text", "what", what, "text", call.CleanText(row.Text))
	}
	return what
}

// PersonName names somebody who is not there: by the name, else by the ID.
func (b *Book) PersonName(id call.Identity, name string) string {
	if shown := personName(id, name); shown != "" {
		return shown
	}
	return call.ShownID(id)
}
