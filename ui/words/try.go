package words

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"foyer/engine/call"
)

// TryBegins says what `foyer try` is going to show.
func (b *Book) TryBegins() string { return b.T("try.begins") }

// TryServer says where the room server is.
func (b *Book) TryServer(address string) string { return b.T("try.server", "address", address) }

// TryStarted says that somebody has started a room.
func (b *Book) TryStarted(name, room string, took time.Duration) string {
	return b.T("try.started", "name", name, "room", room, "ms", Milliseconds(took))
}

// TryJoined says that somebody is inside.
func (b *Book) TryJoined(name string, took time.Duration) string {
	return b.T("try.joined", "name", name, "ms", Milliseconds(took))
}

// TrySees says what somebody sees of somebody else.
func (b *Book) TrySees(name, other string, s call.RemoteStats) string {
	return b.T("try.sees", "name", name, "other", other,
		"size", fmt.Sprintf("%dx%d", s.Width, s.Height), "frames", strconv.FormatUint(s.FramesDecoded, 10))
}

// TryHears says how loudly somebody hears somebody else.
func (b *Book) TryHears(name, other string, s call.RemoteStats) string {
	return b.T("try.hears", "name", name, "other", other, "level", strconv.Itoa(int(math.Round(100*float64(s.Level)))))
}

// TryChat says that a message was read.
func (b *Book) TryChat(from, to, text string, took time.Duration) string {
	return b.T("try.chat", "from", from, "to", to, "text", text, "ms", Milliseconds(took))
}

// TryRemoves says who is about to remove whom.
func (b *Book) TryRemoves(by, name, text string) string {
	return b.T("try.removes", "by", by, "name", name, "text", text)
}

// TryLeaves says who is about to leave.
func (b *Book) TryLeaves(name string) string { return b.T("try.leaves", "name", name) }

// TryTold says what somebody is told.
func (b *Book) TryTold(name, text string) string { return b.T("try.told", "name", name, "text", text) }

// TryReceipt is somebody's receipt in one line.
func (b *Book) TryReceipt(name string, left call.Left) string {
	var lines []string
	for _, r := range left.Released {
		lines = append(lines, b.Released(r))
	}
	for _, d := range left.Stuck {
		lines = append(lines, b.Stuck(d))
	}
	return b.T("try.receipt", "name", name, "devices", strings.Join(lines, ", "))
}

// TryTwice says that somebody was told of one end more than once.
func (b *Book) TryTwice(name string, times int) string {
	return b.T("try.twice", "name", name, "n", strconv.Itoa(times))
}

// TryCleared says that nothing is left of the trial.
func (b *Book) TryCleared() string { return b.T("try.cleared") }

// TryResult sums up: failed steps were not as promised, and err is why the trial
// did not come to its end.
func (b *Book) TryResult(failed int, err error) string {
	switch {
	case err != nil:
		return b.T("try.broken")
	case failed > 0:
		return b.T("try.failed", "n", strconv.Itoa(failed))
	default:
		return b.T("try.ok")
	}
}
