package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"os/signal"

	"github.com/sirupsen/logrus"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/engine/devices"
	"foyer/engine/private"
	"foyer/engine/roomserver"
	"foyer/ui/words"
)

// Bounds of a trial.
const (
	defaultTrySeconds = 3
	maxTrySeconds     = 3600
	stepTimeout       = 20 * time.Second // for any one step
	patience          = 15 * time.Second // of it, for video and audio that come late
	lookPeriod        = 250 * time.Millisecond
	goneTimeout       = time.Second // for an answer of a server that has stopped
)

// The people of a trial and what they say.
const (
	tryRoom  = call.RoomID("try")
	tryTitle = "Trial room"
	tryHost  = "Ada"
	tryGuest = "Grace"
	tryHello = "Can you see and hear me?"
	tryReply = "Yes, both."
	tryWhy   = "This shows how a removal looks."
)

// runTry shows a whole room in the terminal: a server of its own on loopback and
// two people who are there in earnest, without a window or a device.
func runTry(std io3, args []string) int {
	c := newCommand(std, "try", "try [--seconds N] [--json]")
	seconds := c.Int("seconds", defaultTrySeconds, "how long the two people talk")
	asJSON := c.Bool("json", false, "print a JSON object for each step, and one with the result")
	positional, status, ok := c.parse(args)
	if !ok {
		return status
	}
	if len(positional) > 0 {
		return c.misused("it does not take %q", positional[0])
	}
	if *seconds < 1 || *seconds > maxTrySeconds {
		return c.misused("--seconds takes 1 to %d", maxTrySeconds)
	}
	log := c.logger(std.err)
	ctx, stop := untilTold()
	defer stop()
	signal.Ignore(syscall.SIGPIPE) // what was begun is cleared away all the same
	t := &trial{
		book: words.English(), out: std.out, asJSON: *asJSON, log: log, begun: time.Now(),
		talk: time.Duration(*seconds) * time.Second,
	}
	err := t.run(ctx)
	t.result(err)
	if err != nil {
		return c.explain(exitFailed, err)
	}
	if t.failed > 0 {
		return exitFailed
	}
	return exitOK
}

// trial is one run of `foyer try`. Everything runs on one goroutine but the
// collecting of events.
type trial struct {
	book   *words.Book
	out    io.Writer
	asJSON bool
	log    logrus.FieldLogger
	begun  time.Time
	talk   time.Duration

	folder     *private.Dir
	ada, grace *member
	address    string // of the room server
	failed     int    // steps that were not as promised
}

// run goes through the whole trial and clears away what it has made. The error
// says that a step could not be done at all.
func (t *trial) run(ctx context.Context) (err error) {
	t.note(t.book.TryBegins())
	if t.folder, err = private.Temporary("foyer-try-"); err != nil {
		return fmt.Errorf("%w: %w", call.ErrDataFolder, err)
	}
	defer func() { err = errors.Join(err, t.clear()) }()
	child := roomserver.NewChild(roomserver.ChildConfig{
		Listen: "127.0.0.1:0", Data: t.folder.Path("server"), Log: t.log.WithField("part", "host"),
	})
	if t.ada, err = t.enter(tryHost, child); err != nil {
		return errors.Join(err, child.Close())
	}
	if t.grace, err = t.enter(tryGuest, nil); err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{t.startRoom, t.seeAndHear, t.chat, t.remove, t.leave} {
		bounded, cancel := context.WithTimeout(ctx, stepTimeout+t.talk)
		err := step(bounded)
		cancel()
		if err != nil {
			return err
		}
	}
	return nil
}

// enter makes a person with a profile of their own.
func (t *trial) enter(name string, server call.Host) (*member, error) {
	p, err := openProfile(filepath.Join(t.folder.Path(""), name))
	if err != nil {
		return nil, err
	}
	log := t.log.WithField("person", name)
	return newMember(name, p, newCoreWith(p, log, nil, devices.Drivers{}, server, call.DefaultShown)), nil
}

func trialDevices() engine.Choice {
	return engine.Choice{Camera: call.DeviceTest, Microphone: call.DeviceTest, Speaker: call.DeviceNone}
}

func (t *trial) startRoom(ctx context.Context) error {
	a, g := t.ada, t.grace
	if err := a.core.Do(engine.StartRoom{
		Room: tryRoom, Title: tryTitle, Name: a.name, Identity: a.id, Devices: trialDevices(),
	}); err != nil {
		return err
	}
	started, err := await[call.HostStarted](ctx, a, nil)
	if err != nil {
		return err
	}
	t.address = started.Link.Hosts[len(started.Link.Hosts)-1] // loopback stands last
	t.check(true, "server", t.book.TryServer(t.address))
	joined, err := await[call.Joined](ctx, a, nil)
	if err != nil {
		return err
	}
	t.check(true, "started", t.book.TryStarted(a.name, tryTitle, joined.Elapsed))
	if err := g.core.Do(engine.Join{
		Link: joined.Link, Name: g.name, Identity: g.id, Devices: trialDevices(),
	}); err != nil {
		return err
	}
	if joined, err = await[call.Joined](ctx, g, nil); err != nil {
		return err
	}
	t.check(true, "joined", t.book.TryJoined(g.name, joined.Elapsed))
	_, err = await(ctx, a, func(e call.ParticipantJoined) bool { return e.Participant.Identity == g.id })
	return err
}

// seeAndHear lets the two talk, and looks at what reaches either. What is not
// there when the time is over may come a little later: the computer may be busy.
func (t *trial) seeAndHear(ctx context.Context) error {
	both := []*perception{{who: t.ada, of: t.grace}, {who: t.grace, of: t.ada}}
	for _, p := range both {
		if err := p.who.watch(ctx, p.of); err != nil {
			return err
		}
	}
	talked, late := time.After(t.talk), time.After(t.talk+patience)
	look := time.NewTicker(lookPeriod)
	defer look.Stop()
	for over := false; !over || !both[0].enough(t.talk) || !both[1].enough(t.talk); {
		select {
		case <-look.C:
			if err := errors.Join(both[0].look(ctx), both[1].look(ctx)); err != nil {
				return err
			}
			continue
		case <-talked:
			over = true
			continue
		case <-late:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		break
	}
	for _, p := range both {
		t.check(p.sees(t.talk), "sees", t.book.TrySees(p.who.name, p.of.name, p.video))
		t.check(p.hears(), "hears", t.book.TryHears(p.who.name, p.of.name, p.audio))
	}
	return nil
}

func (t *trial) chat(ctx context.Context) error {
	for _, said := range []struct {
		from, to *member
		text     string
	}{{t.ada, t.grace, tryHello}, {t.grace, t.ada, tryReply}} {
		begun := time.Now()
		if err := said.from.core.Do(engine.SendChat{Text: said.text}); err != nil {
			return err
		}
		if _, err := await(ctx, said.to, func(e call.ChatReceived) bool {
			return e.Message.Text == said.text && e.Message.From == said.from.id
		}); err != nil {
			return err
		}
		t.check(true, "chat", t.book.TryChat(said.from.name, said.to.name, said.text, time.Since(begun)))
	}
	return nil
}

// remove lets the host remove the guest: who is told what, and what is free.
func (t *trial) remove(ctx context.Context) error {
	a, g := t.ada, t.grace
	t.note(t.book.TryRemoves(a.name, g.name, tryWhy))
	if err := a.core.Do(engine.Moderate{
		Op: call.OpRemove, IDs: []call.Identity{g.id}, Text: tryWhy, Tell: true,
	}); err != nil {
		return err
	}
	left, err := await[call.Left](ctx, g, nil)
	if err != nil {
		return err
	}
	t.receipt(g, left, left.Reason == call.ReasonRemoved && left.By == a.name && left.Text == tryWhy)
	gone, err := await(ctx, a, func(e call.ParticipantLeft) bool { return e.Participant.Identity == g.id })
	if err != nil {
		return err
	}
	t.check(gone.Reason == call.ReasonRemoved, "told", t.book.TryTold(a.name, t.book.Gone(g.name, gone.Reason)))
	return nil
}

func (t *trial) leave(ctx context.Context) error {
	t.note(t.book.TryLeaves(t.ada.name))
	if err := t.ada.core.Do(engine.Leave{}); err != nil {
		return err
	}
	left, err := await[call.Left](ctx, t.ada, nil)
	if err != nil {
		return err
	}
	t.receipt(t.ada, left, left.Reason == call.ReasonLeft)
	return nil
}

// receipt says why a stay ended and which devices are free.
func (t *trial) receipt(p *member, left call.Left, told bool) {
	t.check(told, "left", t.book.TryTold(p.name, words.Left(left).String()))
	free := len(left.Stuck) == 0
	for _, source := range []call.Source{call.SourceCamera, call.SourceMicrophone} {
		free = free && released(left, source)
	}
	t.check(free, "receipt", t.book.TryReceipt(p.name, left))
}

func released(left call.Left, source call.Source) bool {
	for _, r := range left.Released {
		if r.Source == source {
			return true
		}
	}
	return false
}

// clear ends what is left of the trial: both people, the server, the folder.
func (t *trial) clear() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	var closing sync.WaitGroup
	whole := t.ada != nil && t.grace != nil
	for _, p := range []*member{t.ada, t.grace} {
		if p != nil {
			closing.Go(func() { p.close(ctx) })
		}
	}
	closing.Wait()
	err := t.folder.RemoveAll()
	if !whole || t.address == "" {
		return err
	}
	for _, p := range []*member{t.ada, t.grace} {
		if n := p.ends(); n > 1 {
			t.check(false, "once", t.book.TryTwice(p.name, n))
		}
	}
	t.check(err == nil && !answers(t.address), "cleared", t.book.TryCleared())
	return err
}

// answers reports whether somebody listens at an address.
func answers(address string) bool {
	conn, err := net.DialTimeout("tcp", address, goneTimeout)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

// tryLine is a step, or with Event "result" the end, as JSON.
type tryLine struct {
	Event  string `json:"event"`
	Step   string `json:"step,omitempty"`
	OK     bool   `json:"ok"`
	Failed int    `json:"failed,omitempty"`
	Text   string `json:"text"`
	AtMS   int64  `json:"at_ms"`
}

// note says what happens next.
func (t *trial) note(text string) { t.print(tryLine{Event: "note", OK: true, Text: text}, " ") }

// check says whether a step was as promised.
func (t *trial) check(ok bool, step, text string) {
	mark := "✓"
	if !ok {
		mark = "✗"
		t.failed++
	}
	t.print(tryLine{Event: "step", Step: step, OK: ok, Text: text}, mark)
}

func (t *trial) result(err error) {
	text := t.book.TryResult(t.failed, err)
	t.print(tryLine{Event: "result", OK: err == nil && t.failed == 0, Failed: t.failed, Text: text}, " ")
}

// print writes a line; nobody may be reading any more.
func (t *trial) print(line tryLine, mark string) {
	line.AtMS = time.Since(t.begun).Milliseconds()
	if t.asJSON {
		_ = json.NewEncoder(t.out).Encode(line)
		return
	}
	fmt.Fprintf(t.out, "%6.2f s  %s %s\n", float64(line.AtMS)/1000, mark, line.Text)
}
