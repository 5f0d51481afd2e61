//go:build linux

// Bench measures what Foyer promises and prints one table: the time that every
// way out takes, how long joining takes, what the window costs, and whether
// anything grows. With -peer it also does the window's work in Chromium with
// LiveKit's own client, in the same run.
//
// What fails is said in its row, and the rest is measured all the same.
//
//	go run ./bench [-peer] [-only WORD] [-rounds N] [-markdown DOCUMENT]
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
	loads  map[string][]cost // of the window, then of Chromium, by what they show
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
		{"removal", (*bench).removal},
		{"crowd", (*bench).crowd},
		{"banned", (*bench).banned},
		{"muted", (*bench).muted},
		{"door", (*bench).door},
		{"join", (*bench).join},
		{"switch", (*bench).switches},
		{"off-on", (*bench).offOn},
		{"chat", (*bench).chat},
		{"chat-join", (*bench).chatJoin},
		{"rounds", (*bench).flat},
		{"child", (*bench).children},
		{"pixel", (*bench).firstPixel},
		window,
	}
}

// options are the command line.
type options struct {
	peer     bool
	only     string
	rounds   int
	markdown string
}

func parse() (o options, err error) {
	flag.BoolVar(&o.peer, "peer", false, "compare the window with Chromium and livekit-client")
	flag.StringVar(&o.only, "only", "", "only the measurements whose name contains this")
	flag.IntVar(&o.rounds, "rounds", 200, "rounds of what is repeated")
	flag.StringVar(&o.markdown, "markdown", "", "write the tables into this document, between its markers")
	flag.Parse()
	if o.only != "" && o.markdown != "" {
		return o, errors.New("-markdown replaces a whole table: it cannot go with -only")
	}
	return o, nil
}

func run(ctx context.Context) error {
	o, err := parse()
	if err != nil {
		return err
	}
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
	where := machine()
	fmt.Println(where + "\n")
	b := &bench{foyer: drive.Foyer{Bin: bin, Work: work}, root: root, rounds: o.rounds, table: newTable(), loads: map[string][]cost{}}
	failed := b.all(ctx, o)
	if b.table.missed > 0 {
		fmt.Printf("\n%d of the wanted values were missed.\n", b.table.missed)
	}
	text := b.table.text.String()
	if o.peer {
		text = b.sideBySide()
		fmt.Print("\n" + text)
	}
	if o.markdown != "" && ctx.Err() == nil {
		failed = errors.Join(failed, document(o.markdown, o.peer, where, text))
	}
	return failed
}

// all takes one measurement after another.
func (b *bench) all(ctx context.Context, o options) (failed error) {
	for _, m := range measurements(o.peer) {
		if !strings.Contains(m.name, o.only) {
			continue
		}
		if err := m.run(b, ctx); err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", m.name, err))
			b.table.row(m.name, "failed", "a number", false)
		}
		if ctx.Err() != nil {
			break
		}
	}
	return failed
}

// folder makes a new one for a part.
func (b *bench) folder(name string) (string, error) {
	return os.MkdirTemp(b.foyer.Work, filepath.Base(name)+"-")
}
