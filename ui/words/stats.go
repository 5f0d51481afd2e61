package words

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"foyer/engine/call"
)

// SayStats says what a call transports, in a line for us and each track: as of now, and
// of another report that was made so long before it. names returns a participant's name.
func SayStats(
	b *Book, names func(call.Identity) string, now, before call.StatsReported, apart time.Duration,
) (said []string) {
	line := b.T("stats.line", "time", Milliseconds(duration(now.Line.RTTMS)))
	if now.Line.RTTMS == 0 {
		line = b.T("stats.line_unknown")
	}
	if now.Line.SendKbps > 0 {
		line += " " + b.T("stats.upwards", "rate", rate(b, float64(now.Line.SendKbps)*1000))
	}
	said = append(said, line)
	for _, l := range now.Local {
		old := bytesOf(before.Local, func(o call.LocalStats) (bool, uint64) { return o.SID == l.SID, o.Bytes })
		said = append(said, saySent(b, l, old, apart))
	}
	for _, r := range now.Remote {
		old := bytesOf(before.Remote, func(o call.RemoteStats) (bool, uint64) { return o.SID == r.SID, o.Bytes })
		said = append(said, sayReceived(b, names(r.ID), r, old, apart))
	}
	return said
}

// bytesOf is what one of all had transported, and nothing if it was not there.
func bytesOf[T any](all []T, is func(T) (bool, uint64)) uint64 {
	for _, o := range all {
		if ok, n := is(o); ok {
			return n
		}
	}
	return 0
}

func saySent(b *Book, l call.LocalStats, before uint64, apart time.Duration) string {
	rate := rateOf(b, l.Bytes, before, apart)
	who := []string{"who", b.T("stats.you"), "source", b.Source(l.Source), "rate", rate}
	if l.Width == 0 {
		return b.T("stats.audio", who...)
	}
	text := b.T("stats.video", append(who, "size", size(l.Width, l.Height), "fps", frames(l.FPS))...)
	if l.CPULimited {
		text += " " + b.T("stats.slow")
	}
	return text
}

func sayReceived(b *Book, name string, r call.RemoteStats, before uint64, apart time.Duration) string {
	who := []string{"who", name, "source", b.Source(r.Source), "rate", rateOf(b, r.Bytes, before, apart)}
	var said []string
	switch {
	case r.Paused:
		return b.T("stats.hidden", who...)
	case r.Width == 0:
		said = append(said, b.T("stats.audio", who...), b.T("stats.delay", "time", Milliseconds(duration(r.DelayMS))))
	default:
		said = append(said, b.T("stats.video", append(who, "size", size(r.Width, r.Height), "fps", frames(r.FPS))...))
	}
	if r.PacketsLost > 0 {
		said = append(said, b.T("stats.lost", "lost", b.Number(int(r.PacketsLost))))
	}
	if r.Recovered > 0 {
		said = append(said, b.T("stats.recovered", "recovered", b.Number(int(r.Recovered))))
	}
	if r.ConcealedMS > 0 {
		said = append(said, b.T("stats.concealed", "time", Milliseconds(duration(float64(r.ConcealedMS)))))
	}
	if r.FreezeMS > 0 {
		said = append(said, b.T("stats.frozen", "time", Milliseconds(duration(float64(r.FreezeMS)))))
	}
	return strings.Join(said, " ")
}

func duration(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }

func size(w, h int) string { return fmt.Sprintf("%d×%d", w, h) }

func frames(fps float64) string { return strconv.Itoa(int(fps + 0.5)) }

// rateOf is what so many bytes more are in a second.
func rateOf(b *Book, bytes, before uint64, apart time.Duration) string {
	if apart <= 0 || bytes < before {
		return rate(b, 0)
	}
	return rate(b, float64(bytes-before)*8/apart.Seconds())
}

// rate says bits in a second.
func rate(b *Book, bits float64) string {
	return b.T("stats.rate", "kbit", b.Number(int(bits/1000+0.5)))
}
