//go:build linux

// Package lines measures calls over narrow and lossy lines, Foyer and Chromium with
// LiveKit's own client in every pair, at the same server, from the same film.
package lines

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"foyer/bench/internal/harness"
	"foyer/internal/drive"
	"foyer/internal/drive/badline"
)

// A line that is wide enough for everything, and one that is not.
const (
	wide, narrow = 3000, 300 // kbit/s
	queue        = 500 * time.Millisecond
	deepRate     = 500
	deepQueue    = 2 * time.Second
)

const (
	settle  = 12 * time.Second // until every layer is sent and chosen
	squeeze = 25 * time.Second
	after   = 30 * time.Second
	deep    = 30 * time.Second
	lossy   = 20 * time.Second
	jitter  = 40 * time.Millisecond
)

// Kind is a program that takes part.
type Kind string

// The programs.
const (
	Foyer    Kind = "Foyer"
	Chromium Kind = "Chromium"
)

// Pair is who sends to whom.
type Pair struct{ Sender, Receiver Kind }

func (p Pair) String() string { return string(p.Sender) + " -> " + string(p.Receiver) }

// Pairs are all of them.
func Pairs() []Pair {
	return []Pair{{Foyer, Foyer}, {Foyer, Chromium}, {Chromium, Foyer}, {Chromium, Chromium}}
}

// meeting is a sender and a receiver with a cable between them. The server sits on one
// side.
type meeting struct {
	b        *harness.Bench
	cable    *drive.Cable
	server   *drive.Server
	link     string
	film     string
	receiver *drive.Process
	end      []func()
}

func (m *meeting) close() {
	for i := len(m.end) - 1; i >= 0; i-- {
		m.end[i]()
	}
}

const room = "lines"

// film is what the sender's camera sees.
func film() badline.Film {
	return badline.Film{Width: 1280, Height: 720, FPS: 30, Frames: 60}
}

// open starts the server at the end A of a cable, sender and receiver where they are
// told.
func open(ctx context.Context, b *harness.Bench, p Pair, sender, receiver func(*drive.Cable) *drive.NetNS,
	before func(*drive.Cable) error,
) (*meeting, error) {
	m := &meeting{b: b, film: filepath.Join(b.Foyer.Work, "film.y4m")}
	err := m.open(ctx, p, sender, receiver, before)
	if err != nil {
		m.close()
		return nil, err
	}
	return m, nil
}

func (m *meeting) open(ctx context.Context, p Pair, sender, receiver func(*drive.Cable) *drive.NetNS,
	before func(*drive.Cable) error,
) (err error) {
	if _, err := os.Stat(m.film); err != nil {
		if err := film().Write(m.film); err != nil {
			return err
		}
	}
	if m.cable, err = drive.NewCable(ctx); err != nil {
		return err
	}
	m.end = append(m.end, m.cable.Close)
	a := m.cable.A
	if err := before(m.cable); err != nil {
		return err
	}
	if m.server, err = m.b.Foyer.Serve(ctx, drive.ServeOptions{NS: a, Listen: a.Addr + ":7443"}); err != nil {
		return err
	}
	m.end = append(m.end, func() { m.server.Close(drive.CloseGrace) })
	if m.link, err = m.server.InviteFrom(ctx, a, room); err != nil {
		return err
	}
	if _, err = m.enter(ctx, p.Sender, "sender", sender(m.cable)); err != nil {
		return err
	}
	m.receiver, err = m.enter(ctx, p.Receiver, "receiver", receiver(m.cable))
	return err
}

// enter starts one of the two, and waits until they are in.
func (m *meeting) enter(ctx context.Context, kind Kind, name string, ns *drive.NetNS) (*drive.Process, error) {
	sends := name != "receiver"
	var p *drive.Process
	var err error
	if kind == Chromium {
		o := drive.BrowserOptions{Room: room, ID: name, NS: ns, Lines: film().Height}
		if sends {
			o.Camera, o.Microphone = m.film, true
		}
		p, err = m.server.Browse(ctx, m.b.Root, o)
	} else {
		o := drive.JoinOptions{Link: m.link, Name: name, ID: name, NS: ns}
		if sends {
			o.Args = []string{"--camera", m.film, "--mic", "test"}
		}
		if level := os.Getenv("FOYER_LINES_LOG"); level != "" { // for who looks into it
			o.Args = append(o.Args, "--log-level", level)
		}
		p, err = m.b.Foyer.Join(o)
	}
	if err != nil {
		return nil, err
	}
	m.end = append(m.end, func() { p.Close(drive.CloseGrace) })
	_, err = harness.Wait(ctx, p, "joined", 0, nil)
	return p, err
}

func endA(c *drive.Cable) *drive.NetNS { return c.A }
func endB(c *drive.Cable) *drive.NetNS { return c.B }

// Squeezed measures a line that becomes narrow and wide again: the receiver's, or the
// sender's.
func Squeezed(p Pair, senders bool) func(context.Context, *harness.Bench) error {
	return func(ctx context.Context, b *harness.Bench) error {
		sender, receiver, whose, narrowEnd := endA, endB, "receiver's", endA
		if senders {
			sender, receiver, whose, narrowEnd = endB, endA, "sender's", endB
		}
		m, err := open(ctx, b, p, sender, receiver, func(c *drive.Cable) error {
			return badline.Narrow(ctx, narrowEnd(c), wide, queue)
		})
		if err != nil {
			return err
		}
		defer m.close()
		line := narrowEnd(m.cable)
		w := watch(ctx, m.receiver, line)
		defer w.close()
		marks := []time.Time{time.Now()}
		for _, step := range []struct {
			rate int
			last time.Duration
		}{{wide, settle}, {narrow, squeeze}, {wide, after}} {
			if err := badline.Narrow(ctx, line, step.rate, queue); err != nil {
				return err
			}
			if err := harness.Pause(ctx, step.last); err != nil {
				return err
			}
			marks = append(marks, time.Now())
		}
		return reportSqueeze(b, w, marks, fmt.Sprintf("%s line 3000 -> 300 -> 3000 kbit/s, %s", whose, p), p)
	}
}

func reportSqueeze(b *harness.Bench, w *watcher, marks []time.Time, what string, p Pair) error {
	var parts []shown
	var looks [][]look
	for i := range len(marks) - 1 {
		l, err := w.between(marks[i], marks[i+1])
		if err != nil {
			return err
		}
		looks, parts = append(looks, l), append(parts, sum(l))
	}
	down, back := parts[1], looks[2]
	whole, full := wait(reaches(back, 360)), wait(reaches(back, 720))
	own := p == Pair{Foyer, Foyer}
	wanted := func(text string) string {
		if own {
			return text
		}
		return ""
	}
	b.Table.Row(what+": before", fmt.Sprintf("%.0fp, %.0f fps, %.0f kbit/s, freeze %.1f s",
		parts[0].height, parts[0].fps, parts[0].kbit, parts[0].freeze.Seconds()), "", true)
	b.Table.Row("... seconds without a frame, of 25; freeze", fmt.Sprintf(
		"%d; %.1f s, longest %.1f s; %.0fp, %.0f fps, %.0f kbit/s; at most %d ms queued after 5 s; audio concealed %.1f %%",
		down.dark, down.freeze.Seconds(), down.longest.Seconds(), down.height, down.fps, down.kbit,
		down.queued*8/narrow, 100*down.conceals), wanted("<= 1"), down.dark <= 1)
	b.Table.Row("... back at 360p, 720p", fmt.Sprintf("%s, %s; freeze %.1f s", whole, full, parts[2].freeze.Seconds()),
		wanted("<= 10 s, <= 15 s"), whole.ok && full.ok && whole.d <= 10*time.Second && full.d <= 15*time.Second)
	return nil
}

// waited is how long something took, if it came.
type waited struct {
	d  time.Duration
	ok bool
}

func wait(d time.Duration, ok bool) waited { return waited{d, ok} }

func (w waited) String() string {
	if !w.ok {
		return "never"
	}
	return fmt.Sprintf("%.1f s", w.d.Seconds())
}

// Deep measures a sender behind a slow line with a long queue, from the join on.
func Deep(p Pair) func(context.Context, *harness.Bench) error {
	return func(ctx context.Context, b *harness.Bench) error {
		narrow := func(c *drive.Cable) error { return badline.Narrow(ctx, c.B, deepRate, deepQueue) }
		m, err := open(ctx, b, p, endB, endA, narrow)
		if err != nil {
			return err
		}
		defer m.close()
		w := watch(ctx, m.receiver, m.cable.B)
		defer w.close()
		from := time.Now()
		if err := harness.Pause(ctx, deep); err != nil {
			return err
		}
		looks, err := w.between(from, time.Now())
		if err != nil {
			return err
		}
		for len(looks) > 2 && looks[0].frames == 0 { // the join is another row
			looks = looks[1:]
		}
		s := sum(looks)
		wanted := ""
		if p == (Pair{Foyer, Foyer}) {
			wanted = "0; <= 300 ms"
		}
		late := s.queued * 8 / deepRate
		const what = "sender's line 500 kbit/s with a queue of 2 s, %s: seconds without a frame; added delay after 5 s"
		b.Table.Row(fmt.Sprintf(what, p),
			fmt.Sprintf("%d; %d ms; freeze %.1f s; %.0fp, %.0f fps, %.0f kbit/s; audio concealed %.1f %%",
				s.dark, late, s.freeze.Seconds(), s.height, s.fps, s.kbit, 100*s.conceals),
			wanted, s.dark == 0 && late <= 300)
		return nil
	}
}

// Lossy measures loss towards the receiver.
func Lossy(p Pair) func(context.Context, *harness.Bench) error {
	return func(ctx context.Context, b *harness.Bench) error {
		m, err := open(ctx, b, p, endA, endB, func(*drive.Cable) error { return nil })
		if err != nil {
			return err
		}
		defer m.close()
		w := watch(ctx, m.receiver, nil)
		defer w.close()
		if err := harness.Pause(ctx, settle); err != nil {
			return err
		}
		for _, percent := range []int{5, 10, 20} {
			if err := badline.Lose(ctx, m.cable.B, percent); err != nil {
				return err
			}
			s, err := w.during(ctx, lossy)
			if err != nil {
				return err
			}
			b.Table.Row(fmt.Sprintf("%d %% of the packets lost to the receiver for 20 s, %s", percent, p),
				s.lossy(), "", true)
		}
		return nil
	}
}

// Jittery measures packets that overtake each other on their way to the receiver.
func Jittery(p Pair) func(context.Context, *harness.Bench) error {
	return func(ctx context.Context, b *harness.Bench) error {
		var late *badline.Late
		defer func() {
			if late != nil {
				late.Close()
			}
		}()
		m, err := open(ctx, b, p, endA, endB, func(c *drive.Cable) (err error) {
			late, err = badline.NewLate(ctx, c)
			return err
		})
		if err != nil {
			return err
		}
		defer m.close()
		w := watch(ctx, m.receiver, nil)
		defer w.close()
		if err := harness.Pause(ctx, settle); err != nil {
			return err
		}
		late.Delay(jitter)
		s, err := w.during(ctx, lossy)
		if err != nil {
			return err
		}
		b.Table.Row(fmt.Sprintf("packets to the receiver delayed by 0 to 40 ms each, for 20 s, %s", p),
			s.lossy(), "", true)
		return nil
	}
}

// lossy is a row's text.
func (s shown) lossy() string {
	return fmt.Sprintf("freeze %.1f s; %d s without a frame; %.0fp, %.0f fps, %.0f kbit/s; audio concealed %.1f %%",
		s.freeze.Seconds(), s.dark, s.height, s.fps, s.kbit, 100*s.conceals)
}
