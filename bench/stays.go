//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"foyer/internal/drive"
)

// patience is how long one event may take before a measurement is given up.
const patience = 60 * time.Second

// room is a server, a link to a room of it, and a sound server.
type room struct {
	server *drive.Server
	link   string
	pulse  *drive.Pulse
	people []*drive.Process
}

func (b *bench) room(ctx context.Context, name string) (*room, error) {
	pulse, err := drive.StartPulse(ctx, b.foyer.Work)
	if err != nil {
		return nil, err
	}
	r := &room{pulse: pulse}
	if r.server, err = b.foyer.Serve(ctx, drive.ServeOptions{}); err == nil {
		r.link, err = r.server.Invite(ctx, name)
	}
	if err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

func (r *room) close() {
	for _, p := range r.people {
		p.Close(drive.CloseGrace)
	}
	if r.server != nil {
		r.server.Close(drive.CloseGrace)
	}
	r.pulse.Close()
}

// enter starts somebody who stays for many rounds and waits until they are in.
func (b *bench) enter(ctx context.Context, r *room, name string, args ...string) (*drive.Process, error) {
	p, err := b.foyer.Join(drive.JoinOptions{Link: r.link, Name: name, ID: name, Env: r.pulse.Env(), Args: append(args, "--stay")})
	if err != nil {
		return nil, err
	}
	r.people = append(r.people, p)
	_, err = wait(ctx, p, "joined", 0, nil)
	return p, err
}

func wait(ctx context.Context, p *drive.Process, event string, after int, match func(drive.Event) bool) (drive.Event, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return p.Wait(ctx, event, after, match)
}

func local(source string) func(drive.Event) bool {
	return func(e drive.Event) bool { return e.Get("local") == true && e.Text("source") == source }
}

func about(id string) func(drive.Event) bool {
	return func(e drive.Event) bool { return e.Text("id") == id }
}

// leaveOnce leaves, and says when the wish was sent and what came of it.
func leaveOnce(ctx context.Context, p *drive.Process) (sent time.Time, left drive.Event, err error) {
	mark := p.Mark()
	sent = time.Now()
	if err := p.Send(map[string]string{"cmd": "leave"}); err != nil {
		return sent, left, err
	}
	left, err = wait(ctx, p, "left", mark, nil)
	return sent, left, err
}

func joinOnce(ctx context.Context, p *drive.Process, link string) (mark int, sent time.Time, err error) {
	mark, sent = p.Mark(), time.Now()
	if err := p.Send(map[string]string{"cmd": "join", "link": link}); err != nil {
		return mark, sent, err
	}
	_, err = wait(ctx, p, "joined", mark, nil)
	return mark, sent, err
}

// leave measures, over many rounds with camera, microphone and speaker open,
// how long it takes until everything is released and until the others know.
func (b *bench) leave(ctx context.Context) error {
	r, err := b.room(ctx, "leave")
	if err != nil {
		return err
	}
	defer r.close()
	watcher, err := b.enter(ctx, r, "watcher")
	if err != nil {
		return err
	}
	p, err := b.enter(ctx, r, "leaver", "--camera", "test", "--mic", "default", "--speaker", "default")
	if err != nil {
		return err
	}
	var all leaving
	mark, seen := 0, 0
	for i := range b.rounds {
		if i > 0 {
			seen = watcher.Mark()
			if mark, _, err = joinOnce(ctx, p, r.link); err != nil {
				return fmt.Errorf("round %d: %w", i, err)
			}
		}
		if err := all.round(ctx, r, p, watcher, mark, seen); err != nil {
			return fmt.Errorf("round %d: %w", i, err)
		}
	}
	b.table.row("Leave -> all devices released", all.released.String(), "p50 <= 40, p99 <= 100 ms", all.released.at(.5) <= 40 && all.released.at(.99) <= 100)
	b.table.row("Leave typed -> `left` read", all.said.String(), "", true)
	b.table.row("Leave typed -> another participant's event", all.told.String(), "p95 <= 50 ms", all.told.at(.95) <= 50)
	return nil
}

// leaving is what many rounds of it took.
type leaving struct{ released, said, told times }

// round waits until everything is open and seen, leaves, and waits until the
// watcher knows and the sound server has forgotten.
func (l *leaving) round(ctx context.Context, r *room, p, watcher *drive.Process, mark, seen int) error {
	for _, source := range []string{"camera", "microphone"} {
		if _, err := wait(ctx, p, "track_published", mark, local(source)); err != nil {
			return err
		}
	}
	if err := speaks(ctx, r.pulse, p.PID, true); err != nil {
		return fmt.Errorf("the speaker never opened: %w", err)
	}
	// A stay that ends before the others see anybody come is not announced.
	if _, err := wait(ctx, watcher, "track_subscribed", seen, about("leaver")); err != nil {
		return err
	}
	sent, left, err := leaveOnce(ctx, p)
	if err != nil {
		return err
	}
	last, n, err := lastRelease(left)
	if err != nil {
		return err
	}
	if n < 3 {
		return fmt.Errorf("%d devices released: %s", n, left.Raw)
	}
	l.released = append(l.released, last)
	l.said.add(left.Seen.Sub(sent))
	gone, err := wait(ctx, watcher, "participant_left", seen, about("leaver"))
	if err != nil {
		return err
	}
	l.told.add(gone.Seen.Sub(sent))
	// Or the next round would take this one's speaker for its own.
	if err := speaks(ctx, r.pulse, p.PID, false); err != nil {
		return fmt.Errorf("the sound server still has our speaker: %w", err)
	}
	return nil
}

// speaks waits until the sound server has a speaker of that process, or has
// none any more.
func speaks(ctx context.Context, pulse *drive.Pulse, pid int, want bool) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return drive.Until(ctx, func() bool {
		plays, err := pulse.SinkInputs(ctx)
		return err == nil && want == slices.ContainsFunc(plays, func(s drive.Stream) bool { return s.PID == pid })
	})
}

// lastRelease is when, after the beginning of the exit, the last device was
// free, and how many there were.
func lastRelease(left drive.Event) (ms float64, n int, err error) {
	var f struct {
		Released []struct{ MS float64 }
		Stuck    []string
	}
	if err := left.Decode(&f); err != nil {
		return 0, 0, err
	}
	if len(f.Stuck) > 0 {
		return 0, 0, fmt.Errorf("stuck: %v", f.Stuck)
	}
	for _, d := range f.Released {
		ms = max(ms, d.MS)
	}
	return ms, len(f.Released), nil
}

// frozen measures leaving while the server's process is stopped.
func (b *bench) frozen(ctx context.Context) error {
	var took times
	for range min(10, b.rounds) {
		if err := b.frozenOnce(ctx, &took); err != nil {
			return err
		}
	}
	b.table.row("Leave with a frozen server -> lobby", took.String(), "<= 2000 ms", took.at(1) <= 2000)
	return nil
}

func (b *bench) frozenOnce(ctx context.Context, took *times) error {
	r, err := b.room(ctx, "frozen")
	if err != nil {
		return err
	}
	defer r.close()
	p, err := b.enter(ctx, r, "leaver", "--camera", "test", "--mic", "default", "--speaker", "default")
	if err != nil {
		return err
	}
	if _, err := wait(ctx, p, "track_published", 0, local("camera")); err != nil {
		return err
	}
	if err := r.server.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	sent, left, err := leaveOnce(ctx, p)
	err = errors.Join(err, r.server.Signal(syscall.SIGCONT))
	took.add(left.Seen.Sub(sent))
	return err
}

// stalled measures leaving while the camera delivers nothing any more: a read of
// it does not come back from the kernel.
func (b *bench) stalled(ctx context.Context) error {
	r, err := b.room(ctx, "stalled")
	if err != nil {
		return err
	}
	defer r.close()
	var took times
	stuck := 0
	for i := range min(20, b.rounds) {
		left, err := b.stalledOnce(ctx, r, "stalled"+strconv.Itoa(i), &took)
		if err != nil {
			return err
		}
		if names, _ := left.Get("stuck").([]any); len(names) > 0 {
			stuck++
		}
	}
	b.table.row("Leave with a stalled camera -> lobby", fmt.Sprintf("%s, named as stuck %d times", took, stuck), "<= 2000 ms", took.at(1) <= 2000)
	return nil
}

func (b *bench) stalledOnce(ctx context.Context, r *room, name string, took *times) (left drive.Event, err error) {
	dir, err := b.folder("camera")
	if err != nil {
		return left, err
	}
	film := filepath.Join(dir, "camera.y4m")
	if err := os.WriteFile(film, y4m(320, 180, 30), 0o600); err != nil {
		return left, err
	}
	gate, err := drive.NewGate(film, drive.GateRead, false)
	if err != nil {
		return left, err
	}
	defer func() { err = errors.Join(err, gate.Close()) }()
	p, err := b.enter(ctx, r, name, "--camera", film)
	if err != nil {
		return left, err
	}
	if _, err := wait(ctx, p, "track_published", 0, local("camera")); err != nil {
		return left, err
	}
	gate.Shut()
	// By the next second's statistics the reader stands before the gate.
	if _, err := wait(ctx, p, "stats", p.Mark(), nil); err != nil {
		return left, err
	}
	sent, left, err := leaveOnce(ctx, p)
	took.add(left.Seen.Sub(sent))
	gate.Open()
	p.Close(drive.CloseGrace)
	return left, err
}

// y4m is a film of grey frames.
func y4m(w, h, frames int) []byte {
	film := fmt.Appendf(nil, "YUV4MPEG2 W%d H%d F30:1 Ip A1:1 C420jpeg\n", w, h)
	for range frames {
		film = append(append(film, "FRAME\n"...), bytes.Repeat([]byte{128}, w*h*3/2)...)
	}
	return film
}

// apart keeps joins so far from each other that nothing of the one before plays a
// part: LiveKit passes on one request for a key frame in a while (engine/host/sfu,
// keyFrameEvery), and somebody who comes back within it meets that. It is longer
// than LiveKit's own second, too, for servers that keep to it.
const apart = 1500 * time.Millisecond

// join measures how long it takes from the wish to join to the first decoded
// frame of somebody who is there, for joins that are far from each other and
// for some that follow each other at once.
func (b *bench) join(ctx context.Context) error {
	r, err := b.room(ctx, "join")
	if err != nil {
		return err
	}
	defer r.close()
	if _, err := b.enter(ctx, r, "sender", "--camera", "test"); err != nil {
		return err
	}
	p, err := b.enter(ctx, r, "viewer")
	if err != nil {
		return err
	}
	for _, series := range []struct {
		name string
		gap  time.Duration
	}{{"joins far apart", apart}, {"joins back to back", 0}} {
		joined, seen, err := b.joins(ctx, r, p, series.gap)
		if err != nil {
			return fmt.Errorf("%s: %w", series.name, err)
		}
		b.table.row("Join -> `joined`, "+series.name, joined.String(), "", true)
		b.table.row("Join -> first remote frame, "+series.name, seen.String(), "p95 <= 400 ms", seen.at(.95) <= 400)
	}
	return nil
}

func (b *bench) joins(ctx context.Context, r *room, p *drive.Process, gap time.Duration) (joined, seen times, err error) {
	dir, err := b.folder("pictures")
	if err != nil {
		return nil, nil, err
	}
	for i := range min(50, b.rounds) {
		if _, _, err := leaveOnce(ctx, p); err != nil {
			return nil, nil, fmt.Errorf("round %d: %w", i, err)
		}
		if err := pause(ctx, gap); err != nil {
			return nil, nil, err
		}
		mark, sent, err := joinOnce(ctx, p, r.link)
		if err != nil {
			return nil, nil, fmt.Errorf("round %d: %w", i, err)
		}
		joined.add(time.Since(sent))
		at, err := firstFrame(ctx, p, mark, filepath.Join(dir, "picture.png"))
		if err != nil {
			return nil, nil, fmt.Errorf("round %d: %w", i, err)
		}
		seen.add(at.Sub(sent))
	}
	return joined, seen, nil
}

// firstFrame is when the sender's first frame was decoded.
func firstFrame(ctx context.Context, p *drive.Process, mark int, file string) (time.Time, error) {
	if _, err := wait(ctx, p, "track_subscribed", mark, about("sender")); err != nil {
		return time.Time{}, err
	}
	// A small frame: writing the file is not what is measured.
	if err := p.Send(map[string]any{"cmd": "snapshot", "id": "sender", "source": "camera", "width": 64, "height": 36, "file": file}); err != nil {
		return time.Time{}, err
	}
	shot, err := wait(ctx, p, "snapshot", mark, nil)
	return shot.Seen, err
}
