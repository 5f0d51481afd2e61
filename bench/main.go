//go:build linux

// Bench measures what Foyer promises and prints one table: the time that every
// way out takes, how long joining takes, what the window costs, and whether
// anything grows. With -peer it also does the window's work in Chromium with
// LiveKit's own client, in the same run; with -lines it calls over narrow lines instead.
//
// What fails is said in its row, and the rest is measured all the same.
//
//	go run ./bench [-peer] [-lines] [-only WORD] [-rounds N] [-markdown DOCUMENT]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"

	"foyer/bench/internal/chat"
	"foyer/bench/internal/harness"
	"foyer/bench/internal/joining"
	"foyer/bench/internal/leaks"
	"foyer/bench/internal/leaving"
	"foyer/bench/internal/lines"
	"foyer/bench/internal/moderation"
	"foyer/bench/internal/report"
	"foyer/bench/internal/tracks"
	"foyer/bench/internal/voices"
	"foyer/bench/internal/window"
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

// measurement is one part of the table.
type measurement struct {
	name string
	run  func(ctx context.Context, b *harness.Bench) error
}

func measurements(o options, costs window.Costs) []measurement {
	if o.lines {
		return lineMeasurements()
	}
	foyer := measurement{"window", costs.Foyer}
	if o.peer {
		return []measurement{foyer, {"peer", costs.Chromium}}
	}
	return []measurement{
		{"leave", leaving.Leave},
		{"stalled", leaving.Stalled},
		{"frozen", leaving.Frozen},
		{"removal", leaving.Removal},
		{"crowd", leaving.Crowd},
		{"banned", moderation.Banned},
		{"muted", moderation.Muted},
		{"door", joining.Door},
		{"join", joining.Join},
		{"switch", tracks.Switches},
		{"off-on", tracks.OffOn},
		{"voice", voices.Cost},
		{"chat", chat.Chat},
		{"chat-join", joining.WithHistory},
		{"rounds", leaks.Rounds},
		{"child", leaks.Children},
		{"pixel", window.FirstPixel},
		foyer,
	}
}

// lineMeasurements are calls over narrow and lossy lines.
func lineMeasurements() (all []measurement) {
	for _, p := range lines.Pairs() {
		all = append(all,
			measurement{"receiver " + p.String(), lines.Squeezed(p, false)},
			measurement{"sender " + p.String(), lines.Squeezed(p, true)},
			measurement{"deep " + p.String(), lines.Deep(p)},
			measurement{"loss " + p.String(), lines.Lossy(p)},
			measurement{"jitter " + p.String(), lines.Jittery(p)})
	}
	all = append(all, measurement{"shared", lines.Shared})
	return all
}

// options are the command line.
type options struct {
	peer     bool
	lines    bool
	only     string
	rounds   int
	markdown string
}

// target is the Makefile's, which names the table in a document.
func (o options) target() string {
	switch {
	case o.lines:
		return "lines"
	case o.peer:
		return "bench-peer"
	default:
		return "bench"
	}
}

func parse() (o options, err error) {
	flag.BoolVar(&o.peer, "peer", false, "compare the window with Chromium and livekit-client")
	flag.BoolVar(&o.lines, "lines", false, "measure calls over narrow and lossy lines, beside Chromium (needs root)")
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
	where := report.Machine()
	fmt.Println(where + "\n")
	b := &harness.Bench{
		Foyer: drive.Foyer{Bin: bin, Work: work}, Root: root, Rounds: o.rounds, Table: report.NewTable(),
	}
	costs := window.Costs{}
	failed := measure(ctx, b, o.only, measurements(o, costs))
	if missed := b.Table.Missed(); missed > 0 {
		fmt.Printf("\n%d of the wanted values were missed.\n", missed)
	}
	text := b.Table.String()
	if o.peer {
		text = costs.SideBySide()
		fmt.Print("\n" + text)
	}
	if o.markdown != "" && ctx.Err() == nil {
		failed = errors.Join(failed, report.Document(o.markdown, o.target(), where, text))
	}
	return failed
}

// measure takes one measurement after another.
func measure(ctx context.Context, b *harness.Bench, only string, all []measurement) (failed error) {
	for _, m := range all {
		if !strings.Contains(m.name, only) {
			continue
		}
		if err := m.run(ctx, b); err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", m.name, err))
			b.Table.Row(m.name, "failed", "a number", false)
		}
		if ctx.Err() != nil {
			break
		}
	}
	return failed
}
