//go:build linux

// Package pages measures the page on which guests join in a browser.
package pages

import (
	"context"
	"errors"
	"fmt"
	"time"

	"foyer/bench/internal/harness"
	"foyer/bench/internal/report"
	"foyer/engine/call"
	"foyer/internal/drive"
)

const (
	rounds     = 20
	mostLeave  = 100 // ms
	mostUsable = 1000
)

// leaving ends a stay, and says when nothing was open any more of all that the page has
// opened, what is being opened included.
const leaving = `(async () => {
	const open = () => window.opened.filter((t) => t.readyState !== 'ended').map((t) => t.label);
	const start = performance.now();
	document.querySelector('#leave').click();
	let ms = performance.now() - start;
	while (open().length && ms < 3000) {
		await new Promise((done) => { setTimeout(done, 1); });
		ms = performance.now() - start;
	}
	return { ms, open: open(), all: window.opened.length };
})()`

// usable is how long the page took from the first byte that was asked for, until its
// controls could be used.
const usable = `performance.getEntriesByType('navigation')[0].domComplete`

// Leave measures how long the page takes to be there, and how long its camera, microphone and
// screen are open when the guest leaves.
func Leave(ctx context.Context, b *harness.Bench) error {
	r, err := b.OpenRoom(ctx, "page")
	if err != nil {
		return err
	}
	defer r.Close()
	link, err := call.ParseLink(r.Link)
	if err != nil {
		return err
	}
	p, err := b.Foyer.Visit(ctx, b.Root, nil, map[string]any{"url": link.Web(), "language": "en-GB"})
	if err != nil {
		return err
	}
	defer p.Close(drive.CloseGrace)
	v := visitor{p}
	var loaded, left report.Times
	for i := range min(rounds, b.Rounds) {
		if err := v.round(ctx, link.Web(), &loaded, &left); err != nil {
			return fmt.Errorf("round %d: %w", i, err)
		}
	}
	b.Table.Row("Page in Chromium, asked for -> usable", loaded.String(),
		fmt.Sprintf("p95 <= %d ms", mostUsable), loaded.At(.95) <= mostUsable)
	b.Table.Row("Page in Chromium, leave -> every track ended", left.String(),
		fmt.Sprintf("p99 <= %d ms", mostLeave), left.At(.99) <= mostLeave)
	return nil
}

// visitor is a guest on the page.
type visitor struct{ *drive.Process }

func (v visitor) round(ctx context.Context, url string, loaded, left *report.Times) error {
	var took float64
	if err := v.does(ctx, nil, map[string]any{"cmd": "open", "url": url, "language": "en-GB"}); err != nil {
		return err
	}
	if err := v.does(ctx, &took, map[string]any{"cmd": "eval", "code": usable}); err != nil {
		return err
	}
	loaded.Add(milliseconds(took))
	for _, command := range []map[string]any{
		{"cmd": "click", "on": "#here"}, {"cmd": "click", "on": "#lobby-camera"}, {"cmd": "click", "on": "#lobby-mic"},
		{"cmd": "fill", "on": "#name", "text": "Bob"}, {"cmd": "click", "on": "#join"},
		{"cmd": "await", "on": "#room-title"},
		{"cmd": "click", "on": "#share"}, {"cmd": "await", "on": "#share .icon.screen-off"},
	} {
		if err := v.does(ctx, nil, command); err != nil {
			return err
		}
	}
	var end struct {
		MS   float64
		Open []string
		All  int
	}
	if err := v.does(ctx, &end, map[string]any{"cmd": "eval", "code": leaving}); err != nil {
		return err
	}
	if len(end.Open) > 0 || end.All == 0 {
		return fmt.Errorf("of %d tracks %q are open", end.All, end.Open)
	}
	left.Add(milliseconds(end.MS))
	return v.does(ctx, nil, map[string]any{"cmd": "await", "on": "#farewell-title"})
}

func milliseconds(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }

// does a command and reads what the page answers.
func (v visitor) does(ctx context.Context, into any, command map[string]any) error {
	mark := v.Mark()
	if err := v.Send(command); err != nil {
		return err
	}
	done, err := harness.Wait(ctx, v.Process, "done", mark, nil)
	if err != nil {
		return err
	}
	if text := done.Text("error"); text != "" {
		return errors.New(text)
	}
	if into == nil {
		return nil
	}
	return done.Decode(&struct{ Value any }{into})
}
