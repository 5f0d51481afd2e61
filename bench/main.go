//go:build linux

// Bench measures what Foyer promises and prints one table: the time that every
// way out takes, how long joining takes, what the window costs, and whether
// anything grows. With -peer it also does the window's work in Chromium with
// LiveKit's own client, in the same run, and compares how long audio and video are on
// their way; with -lines it calls over narrow lines instead; with -stay it watches a
// window's memory for a while.
//
// What fails is said in its row, and the rest is measured all the same.
//
//	go run ./bench [-peer] [-lines] [-stay TIME] [-only WORD] [-rounds N] [-markdown DOCUMENT]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"

	"foyer/bench/internal/chat"
	"foyer/bench/internal/coding"
	"foyer/bench/internal/harness"
	"foyer/bench/internal/joining"
	"foyer/bench/internal/leaks"
	"foyer/bench/internal/leaving"
	"foyer/bench/internal/lines"
	"foyer/bench/internal/moderation"
	"foyer/bench/internal/pages"
	"foyer/bench/internal/relays"
	"foyer/bench/internal/report"
	"foyer/bench/internal/sharing"
	"foyer/bench/internal/speech"
	"foyer/bench/internal/tracks"
	"foyer/bench/internal/voices"
	"foyer/bench/internal/window"
	"foyer/internal/drive"
)

func main() {
	if slices.Equal(os.Args[1:], []string{window.CrowdWord}) {
		if err := window.ShowCrowd(); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		return
	}
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

func measurements(o options, costs window.Costs, times *report.Beside) []measurement {
	switch {
	case o.stay > 0:
		return []measurement{{"stay", window.Stay(o.stay)}}
	case o.lines:
		return lineMeasurements()
	}
	foyer, ears, eyes := measurement{"window", costs.Foyer}, speech.Ears{Times: times}, window.Eyes{Times: times}
	if o.peer {
		return []measurement{
			foyer, {"peer", costs.Chromium},
			// Foyer's last: it is measured by Chromium's.
			{"ear chromium", ears.Chromium}, {"ear", ears.Foyer}, {"eye chromium", eyes.Chromium}, {"eye", eyes.Foyer},
		}
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
		{"relay", relays.Cost},
		{"relay join", joining.Relayed},
		{"page", pages.Leave},
		{"switch", tracks.Switches},
		{"off-on", tracks.OffOn},
		{"voice", voices.Cost},
		{"encode", coding.Encode},
		{"mix", coding.Mix},
		{"ear", ears.Foyer},
		{"eye", eyes.Foyer},
		{"text", sharing.Text},
		{"chat", chat.Chat},
		{"chat-join", joining.WithHistory},
		{"rounds", leaks.Rounds},
		{"child", leaks.Children},
		{"pixel", window.FirstPixel},
		{"lobby", window.Lobby},
		{"answers", window.Answers},
		{"crowd window", window.Crowd},
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
	return append(all, measurement{"shared", lines.Shared}, measurement{"speech", speech.Lossy})
}

// options are the command line.
type options struct {
	peer     bool
	lines    bool
	only     string
	rounds   int
	stay     time.Duration
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
	flag.DurationVar(&o.stay, "stay", 0, "measure only the memory of a window that stays in a room of four for so long")
	flag.StringVar(&o.markdown, "markdown", "", "write the tables into this document, between its markers")
	flag.Parse()
	if (o.only != "" || o.stay > 0) && o.markdown != "" {
		return o, errors.New("-markdown replaces a whole table: it cannot go with -only or -stay")
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
	costs, times := window.Costs{}, &report.Beside{}
	failed := measure(ctx, b, o.only, measurements(o, costs, times))
	if missed := b.Table.Missed(); missed > 0 {
		fmt.Printf("\n%d of the wanted values were missed.\n", missed)
	}
	text := b.Table.String()
	if o.peer {
		text = costs.SideBySide() + times.SideBySide()
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
