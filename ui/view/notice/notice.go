// Package notice makes sentences of what is told in passing, and of what lasts: for
// the cards over a screen, and for screen readers.
package notice

import (
	"strconv"
	"strings"
	"time"

	"fyne.io/fyne/v2"

	"foyer/engine/call"
	"foyer/ui/model"
	"foyer/ui/theme"
	"foyer/ui/words"
)

// maxUndone is how many people are named if an operation failed for them.
const maxUndone = 4

// Say returns the icon of a notice, its colour, a title and a text, either of which
// may be empty.
func Say(b *words.Book, n model.Notice, now time.Time) (icon string, ink fyne.ThemeColorName, title, text string) {
	switch n.Kind {
	case model.NoticeJoined:
		return "people", theme.Muted, "", joined(b, n)
	case model.NoticeGone:
		return goneIcon(n.Reason), theme.Muted, "", b.Gone(n.Name, n.Reason)
	case model.NoticeHand:
		return "hand", theme.Accent, "", b.HandsUp(n.Name, n.Count)
	case model.NoticeWaiters:
		return "door", theme.Accent, "", b.WantsIn(n.Name, n.More)
	case model.NoticeHandLowered:
		return "hand", theme.Muted, "", b.T("room.hand_lowered")
	case model.NoticeModerated:
		done, undone := outcome(b, n)
		if done == "" {
			return "warning", theme.Error, "", undone
		}
		return "check", theme.Muted, "", strings.TrimSpace(done + "\n" + undone)
	case model.NoticeMutedByHost:
		return "mic-off", theme.Muted, "", b.T("room.muted_by_host")
	case model.NoticeKeptMuted:
		return "mic-off", theme.Muted, "", b.T("room.silenced")
	case model.NoticeListening:
		return "info", theme.Muted, "", b.T("room.listening")
	case model.NoticeServerStopped:
		return "warning", theme.Error, "", b.T("toast.host_stopped")
	case model.NoticeCrashed:
		return "warning", theme.Error, b.T("toast.crashed", "room", n.Name), b.T("toast.crashed.detail")
	case model.NoticeNoFont:
		return "warning", theme.Error, "", words.NoFont(n.Name)
	case model.NoticeWoke:
		return "mic-off", theme.Muted, b.T("toast.woke", "slept", n.Name), b.T("toast.woke.detail")
	case model.NoticeWokeBefore:
		return "mic-off", theme.Muted, b.T("toast.woke", "slept", n.Name), b.T("toast.woke.before")
	case model.NoticeTalkKey:
		return "keyboard", theme.Error, "", b.TalkKeyHere(n.Name, string(n.Obstacle))
	case model.NoticeDeviceLost:
		e := b.Error(n.Err, "", n.Source, now)
		return "warning", theme.Error, e.Text, e.Next
	case model.NoticeFailed:
		e := b.Error(n.Err, n.Command, n.Source, now)
		return "warning", theme.Error, e.What, e.Because()
	default:
		return "info", theme.Muted, "", ""
	}
}

// joined says who came, and how many others with them.
func joined(b *words.Book, n model.Notice) string {
	if n.Outside {
		return b.Reach("", "", n.Name)
	}
	if n.More == 0 {
		return b.T("room.joined", "name", n.Name)
	}
	return b.N("room.joined_more", n.More, "name", n.Name)
}

// outcome says what an operation has done, and which people it failed for.
func outcome(b *words.Book, n model.Notice) (done, undone string) {
	names := func(all []model.Outcome) []string {
		list := make([]string, len(all))
		for i, o := range all {
			list[i] = o.Name
		}
		return list
	}
	if len(n.Done) > 0 {
		done = b.Done(n.Command, names(n.Done))
	}
	var rest []string
	for _, o := range n.Undone {
		rest = append(rest, b.NotDone(o.Name, o.Result))
	}
	if more := len(rest) - maxUndone; more > 0 {
		rest = append(rest[:maxUndone], b.T("done.more", "n", strconv.Itoa(more)))
	}
	return done, strings.Join(rest, "\n")
}

func goneIcon(r call.LeaveReason) string {
	if r == call.ReasonConnectionLost || r == call.ReasonOfflineRemoved {
		return "offline"
	}
	return "leave"
}

// WordsAfter is how long a wait goes on before it is said.
const WordsAfter = 300 * time.Millisecond

// Lasting is what is said as long as it lasts.
func Lasting(book *words.Book, s *model.State, now time.Time) (icon, title, detail string) {
	switch going := s.Switching.Going(); {
	case s.Engine == call.StateReconnecting && s.ServerRestarting:
		return "offline", book.T("room.restarting"), book.T("room.restarting.detail")
	case s.Engine == call.StateReconnecting:
		return "offline", book.T("room.reconnecting"), book.T("room.reconnecting.detail")
	case going == nil, now.Sub(going.Since) < WordsAfter:
		return "", "", ""
	case s.Switching.Between():
		return "door", book.T("room.going", "room", book.RoomName(going.Title, going.Room)), book.T("room.going.detail")
	default:
		room := book.RoomName(going.Title, going.Room)
		return "door", book.T("room.requesting", "room", room), book.T("room.requesting.detail")
	}
}
