package register

import (
	"crypto/ed25519"
	"fmt"
	"strconv"
	"testing"
	"time"

	"foyer/engine/call"
)

func benchEach(b *testing.B, run func(b *testing.B, r *Register)) {
	for name, where := range backends() {
		b.Run(name, func(b *testing.B) { run(b, openTest(b, where(b))) })
	}
}

// BenchmarkAppendChat stores messages of a room as the keeper does: as many at
// once as a second of 1000 has in 20 ms, and one by one.
func BenchmarkAppendChat(b *testing.B) {
	for _, batch := range []int{1, 20} {
		b.Run(strconv.Itoa(batch), func(b *testing.B) {
			benchEach(b, func(b *testing.B, r *Register) {
				n := 0
				for b.Loop() {
					lines := make([]ChatLine, batch)
					for i := range lines {
						n++
						lines[i] = say(strconv.Itoa(n), "a line of chat of about fifty bytes, as people write")
					}
					must(b, r.AppendChat(b.Context(), lines))
				}
				b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "messages/s")
			})
		})
	}
}

// BenchmarkAdmit is what the door asks at every connect, in a room of 1000
// members and 100 bans.
func BenchmarkAdmit(b *testing.B) {
	benchEach(b, func(b *testing.B, r *Register) {
		ctx := b.Context()
		must(b, r.AddInvitation(ctx, Invitation{Room: "hall"}, "", at(0)))
		key := make(ed25519.PublicKey, ed25519.PublicKeySize)
		for i := range 1000 {
			key[0], key[1] = byte(i), byte(i>>8)
			enter(b, r, call.Identity(fmt.Sprint("m", i)), key, "")
		}
		for i := range 100 {
			_, err := r.Ban(ctx, Ban{Room: "hall", Identity: call.Identity(fmt.Sprint("m", i)), Since: at(0), Until: at(60)})
			must(b, err)
		}
		lookups := func(name string, ask func() error) {
			b.Run(name, func(b *testing.B) {
				b.RunParallel(func(p *testing.PB) {
					for p.Next() {
						if err := ask(); err != nil && !isNotFound(err) {
							b.Error(err)
						}
					}
				})
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "lookups/s")
			})
		}
		lookups("Member", func() error { _, err := r.Member(ctx, "hall", "m500"); return err })
		lookups("Banned", func() error { _, err := r.Banned(ctx, "hall", "m500", key, at(1)); return err })
		lookups("Cutoff", func() error { _, err := r.Cutoff(ctx, "hall", "m500"); return err })
		lookups("Bind", func() error {
			_, err := r.Bind(ctx, Member{Room: "hall", Identity: "m999", Key: key, Name: "n"}, time.Now())
			return err
		})
	})
}
