package host

import (
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"foyer/engine/call"
	"foyer/engine/doorclient"
)

// BenchmarkKeepers is what a room costs the door of a cluster: a keeper, and the
// socket of one member, both sides of it. The node is a process of its own.
func BenchmarkKeepers(b *testing.B) {
	c := startCluster(b, 1)
	s := c.door(b, 0, func(*Config) {})
	before, goroutines := inUse(), runtime.NumGoroutine()
	const rooms = 100
	began := time.Now()
	for n := range rooms {
		link := s.invite(func(r *doorclient.InviteRequest) { r.Room = call.RoomID("hall" + strconv.Itoa(n)) })
		w, _ := s.mustDial(s.mustJoin(newGuest(b, "anna"), link).Token)
		defer func() { _ = w.conn.Close() }()
	}
	eventually(b, "every room is kept", time.Minute, func() bool { return strings.Count(s.log.String(), "room is kept") >= rooms })
	b.ReportMetric(float64(time.Since(began).Milliseconds())/rooms, "ms/room")
	b.ReportMetric(float64(inUse()-before)/rooms/1024, "KiB/room")
	b.ReportMetric(float64(runtime.NumGoroutine()-goroutines)/rooms, "goroutines/room")
}

// inUse is the memory of heap and stacks, in bytes.
func inUse() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}
