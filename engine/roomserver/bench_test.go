//go:build unix

package roomserver

import (
	"context"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"foyer/internal/testenv"
)

// BenchmarkChild is "Start a room" in the window: a process, its first link,
// and its end.
func BenchmarkChild(b *testing.B) {
	log, _ := testenv.NewLog()
	dir := b.TempDir()
	var start, stop, rss float64
	for b.Loop() {
		c := NewChild(ChildConfig{Listen: "127.0.0.1:0", Data: dir, Env: []string{roleVariable + "=" + roleServe}, Log: log})
		began := time.Now()
		if _, err := c.Start(context.Background(), "hall", ""); err != nil {
			b.Fatal(err)
		}
		start += ms(time.Since(began))
		rss += residentMiB(c.current.cmd.Process.Pid)
		began = time.Now()
		if err := c.Close(); err != nil {
			b.Fatal(err)
		}
		stop += ms(time.Since(began))
	}
	b.ReportMetric(start/float64(b.N), "start-ms")
	b.ReportMetric(stop/float64(b.N), "stop-ms")
	b.ReportMetric(rss/float64(b.N), "MiB")
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// residentMiB is the memory of a process, or 0 where /proc is not.
func residentMiB(pid int) float64 {
	raw, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(raw), "VmRSS:")
	fields := strings.Fields(after)
	if len(fields) == 0 {
		return 0
	}
	kib, _ := strconv.ParseFloat(fields[0], 64)
	return kib / 1024
}
