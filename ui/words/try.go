package words

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"foyer/engine/call"
)

// Trial is what `foyer try` says.
type Trial struct{ *Book }

// Begins says what `foyer try` is going to show.
func (b Trial) Begins() string { return b.T("try.begins") }

// Server says where the room server is.
func (b Trial) Server(address string) string { return b.T("try.server", "address", address) }

// Started says that somebody has started a room.
func (b Trial) Started(name, room string, took time.Duration) string {
	return b.T("try.started", "name", name, "room", room, "ms", Milliseconds(took))
}

// Joined says that somebody is inside.
func (b Trial) Joined(name string, took time.Duration) string {
	return b.T("try.joined", "name", name, "ms", Milliseconds(took))
}

// Sees says what somebody sees of somebody else.
func (b Trial) Sees(name, other string, s call.RemoteStats) string {
	return b.N("try.sees", int(min(s.FramesDecoded, math.MaxInt32)), "name", name, "other", other,
		"size", fmt.Sprintf("%dx%d", s.Width, s.Height))
}

// Hears says how loudly somebody hears somebody else.
func (b Trial) Hears(name, other string, s call.RemoteStats) string {
	return b.T("try.hears", "name", name, "other", other, "level", strconv.Itoa(int(math.Round(100*float64(s.Level)))))
}

// Chat says that a message was read.
func (b Trial) Chat(from, to, text string, took time.Duration) string {
	return b.T("try.chat", "from", from, "to", to, "text", text, "ms", Milliseconds(took))
}

// Removes says who is about to remove whom.
func (b Trial) Removes(by, name, text string) string {
	return b.T("try.removes", "by", by, "name", name, "text", text)
}

// Leaves says who is about to leave.
func (b Trial) Leaves(name string) string { return b.T("try.leaves", "name", name) }

// Told says what somebody is told.
func (b Trial) Told(name, text string) string { return b.T("try.told", "name", name, "text", text) }

// Receipt is somebody's receipt in one line.
func (b Trial) Receipt(name string, left call.Left) string {
	var lines []string
	for _, r := range left.Released {
		lines = append(lines, b.Released(r))
	}
	for _, d := range left.Stuck {
		lines = append(lines, b.Stuck(d))
	}
	return b.T("try.receipt", "name", name, "devices", strings.Join(lines, ", "))
}

// Twice says that somebody was told of one end more than once.
func (b Trial) Twice(name string, times int) string {
	return b.N("try.twice", times, "name", name)
}

// Cleared says that nothing is left of the trial.
func (b Trial) Cleared() string { return b.T("try.cleared") }

// Result sums up: failed steps were not as promised, and err is why the trial
// did not come to its end.
func (b Trial) Result(failed int, err error) string {
	switch {
	case err != nil:
		return b.T("try.broken")
	case failed > 0:
		return b.N("try.failed", failed)
	default:
		return b.T("try.ok")
	}
}
