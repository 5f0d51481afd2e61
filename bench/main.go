//go:build linux

// Bench measures what Foyer promises and prints one table: the time that every
// way out takes, how long joining takes, what the window costs, and whether
// anything grows. With -peer it also does the window's work in Chromium with
// LiveKit's own client, in the same run.
//
//	go run ./bench [-peer] [-only WORD] [-rounds N]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"foyer/internal/drive"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// bench is what every measurement needs.
type bench struct {
	foyer  drive.Foyer
	root   string // of the module
	rounds int
	table  *table
}

// measurement is one part of the table.
type measurement struct {
	name string
	run  func(b *bench, ctx context.Context) error
}

func measurements(peer bool) []measurement {
	window := measurement{"window", (*bench).window}
	if peer {
		return []measurement{window, {"peer", (*bench).peer}}
	}
	return []measurement{
		{"leave", (*bench).leave},
		{"stalled", (*bench).stalled},
		{"frozen", (*bench).frozen},
		{"join", (*bench).join},
		{"rounds", (*bench).flat},
		{"child", (*bench).children},
		{"pixel", (*bench).firstPixel},
		window,
	}
}

func run(ctx context.Context) error {
	peer := flag.Bool("peer", false, "compare the window with Chromium and livekit-client")
	only := flag.String("only", "", "only the measurements whose name contains this")
	rounds := flag.Int("rounds", 200, "rounds of what is repeated")
	flag.Parse()
	work, err := os.MkdirTemp("", "foyer-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	root, err := drive.Root()
	if err != nil {
		return err
	}
	bin, err := drive.Build(ctx, work)
	if err != nil {
		return err
	}
	b := &bench{foyer: drive.Foyer{Bin: bin, Work: work}, root: root, rounds: *rounds, table: new(table)}
	fmt.Println(machine())
	fmt.Println()
	b.table.head(os.Stdout)
	var failed error
	for _, m := range measurements(*peer) {
		if !strings.Contains(m.name, *only) {
			continue
		}
		if err := m.run(b, ctx); err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", m.name, err))
			b.table.row(m.name, "failed, see below", "a number", false)
		}
		if ctx.Err() != nil {
			break
		}
	}
	if b.table.missed > 0 {
		fmt.Printf("\n%d of the wanted values were missed.\n", b.table.missed)
	}
	return failed
}

// folder makes a new one for a part.
func (b *bench) folder(name string) (string, error) {
	return os.MkdirTemp(b.foyer.Work, filepath.Base(name)+"-")
}
