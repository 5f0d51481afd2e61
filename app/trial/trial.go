// Package trial shows a whole room in the terminal (foyer try): a server of its own
// on loopback and two people who are really there, without a window or a device.
package trial

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/engine/private"
	"foyer/engine/roomserver"
	"foyer/ui/words"
)

const (
	stepTimeout = 20 * time.Second // for any one step
	patience    = 15 * time.Second // of it, for video and audio that come late
	lookPeriod  = 250 * time.Millisecond
	goneTimeout = time.Second // for an answer of a server that has stopped
)

// The people of a trial and what they say.
const (
	roomID    = call.RoomID("try")
	title     = "Trial room"
	hostName  = "Ada"
	guestName = "Grace"
	hello     = "Can you see and hear me?"
	reply     = "Yes, both."
	why       = "This shows how a removal looks."
)

// Config is what a trial needs.
type Config struct {
	Book words.Trial
	Out  io.Writer
	JSON bool // a line for each step
	Log  logrus.FieldLogger
	Talk time.Duration // for which the two people talk
	// Enter makes a person whose profile is in a folder that does not exist yet.
	// server is theirs; nil: they have none.
	Enter func(folder, name string, server call.RoomServer, log logrus.FieldLogger) (Person, error)
	// CloseTimeout is how long the end may take.
	CloseTimeout time.Duration
}

// Run goes through the whole trial, prints each step and the result, and clears
// away what it has made. failed counts the steps that were not as promised. The
// error says that a step could not be done at all.
func Run(ctx context.Context, c Config) (failed int, err error) {
	t := &trial{Config: c, begun: time.Now()}
	err = t.run(ctx)
	t.result(err)
	return t.failed, err
}

// trial is one run of `foyer try`. Everything runs on one goroutine but the
// collecting of events.
type trial struct {
	Config
	begun time.Time

	folder     *private.Dir
	ada, grace *member
	address    string // of the room server
	failed     int    // steps that were not as promised
}

func (t *trial) run(ctx context.Context) (err error) {
	t.note(t.Book.Begins())
	if t.folder, err = private.Temporary("foyer-try-"); err != nil {
		return fmt.Errorf("%w: %w", call.ErrDataFolder, err)
	}
	defer func() { err = errors.Join(err, t.clear()) }()
	child := roomserver.NewChild(roomserver.ChildConfig{
		Listen: "127.0.0.1:0", Data: t.folder.Path("server"), Log: t.Log.WithField("part", "host"),
	})
	if t.ada, err = t.enter(hostName, child); err != nil {
		return errors.Join(err, child.Close())
	}
	if t.grace, err = t.enter(guestName, nil); err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{t.startRoom, t.seeAndHear, t.chat, t.remove, t.leave} {
		bounded, cancel := context.WithTimeout(ctx, stepTimeout+t.Talk)
		err := step(bounded)
		cancel()
		if err != nil {
			return err
		}
	}
	return nil
}

// enter makes a person with a profile of their own.
func (t *trial) enter(name string, server call.RoomServer) (*member, error) {
	p, err := t.Enter(filepath.Join(t.folder.Path(""), name), name, server, t.Log.WithField("person", name))
	if err != nil {
		return nil, err
	}
	return newMember(p), nil
}

func trialDevices() engine.Choice {
	return engine.Choice{Camera: call.DeviceTest, Microphone: call.DeviceTest, Speaker: call.DeviceNone}
}

func (t *trial) startRoom(ctx context.Context) error {
	a, g := t.ada, t.grace
	if err := a.engine.Do(engine.StartRoom{
		Room: roomID, Title: title, Name: a.name, Identity: a.id, Devices: trialDevices(),
	}); err != nil {
		return err
	}
	started, err := await[call.RoomServerStarted](ctx, a, nil)
	if err != nil {
		return err
	}
	t.address = started.Link.Hosts[len(started.Link.Hosts)-1] // loopback stands last
	t.check(true, "server", t.Book.Server(t.address))
	joined, err := await[call.Joined](ctx, a, nil)
	if err != nil {
		return err
	}
	t.check(true, "started", t.Book.Started(a.name, title, joined.Elapsed))
	if err := g.engine.Do(engine.Join{
		Link: joined.Link, Name: g.name, Identity: g.id, Devices: trialDevices(),
	}); err != nil {
		return err
	}
	if joined, err = await[call.Joined](ctx, g, nil); err != nil {
		return err
	}
	t.check(true, "joined", t.Book.Joined(g.name, joined.Elapsed))
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
	talked, late := time.After(t.Talk), time.After(t.Talk+patience)
	look := time.NewTicker(lookPeriod)
	defer look.Stop()
	for over := false; !over || !both[0].enough(t.Talk) || !both[1].enough(t.Talk); {
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
		t.check(p.sees(t.Talk), "sees", t.Book.Sees(p.who.name, p.of.name, p.video))
		t.check(p.hears(), "hears", t.Book.Hears(p.who.name, p.of.name, p.audio))
	}
	return nil
}

func (t *trial) chat(ctx context.Context) error {
	for _, said := range []struct {
		from, to *member
		text     string
	}{{t.ada, t.grace, hello}, {t.grace, t.ada, reply}} {
		begun := time.Now()
		if err := said.from.engine.Do(engine.SendChat{Text: said.text}); err != nil {
			return err
		}
		if _, err := await(ctx, said.to, func(e call.ChatReceived) bool {
			return e.Message.Text == said.text && e.Message.From == said.from.id
		}); err != nil {
			return err
		}
		t.check(true, "chat", t.Book.Chat(said.from.name, said.to.name, said.text, time.Since(begun)))
	}
	return nil
}

// remove lets the host remove the guest, and prints what each is told and what is free.
func (t *trial) remove(ctx context.Context) error {
	a, g := t.ada, t.grace
	t.note(t.Book.Removes(a.name, g.name, why))
	if err := a.engine.Do(engine.Moderate{
		Op: call.OpRemove, IDs: []call.Identity{g.id}, Text: why, Tell: true,
	}); err != nil {
		return err
	}
	left, err := await[call.Left](ctx, g, nil)
	if err != nil {
		return err
	}
	t.receipt(g, left, left.Reason == call.ReasonRemoved && left.By == a.name && left.Text == why)
	gone, err := await(ctx, a, func(e call.ParticipantLeft) bool { return e.Participant.Identity == g.id })
	if err != nil {
		return err
	}
	t.check(gone.Reason == call.ReasonRemoved, "told", t.Book.Told(a.name, t.Book.Gone(g.name, gone.Reason)))
	return nil
}

func (t *trial) leave(ctx context.Context) error {
	t.note(t.Book.Leaves(t.ada.name))
	if err := t.ada.engine.Do(engine.Leave{}); err != nil {
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
	t.check(told, "left", t.Book.Told(p.name, words.Left(left).String()))
	free := len(left.Stuck) == 0
	for _, source := range []call.Source{call.SourceCamera, call.SourceMicrophone} {
		free = free && released(left, source)
	}
	t.check(free, "receipt", t.Book.Receipt(p.name, left))
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
	ctx, cancel := context.WithTimeout(context.Background(), t.CloseTimeout)
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
			t.check(false, "once", t.Book.Twice(p.name, n))
		}
	}
	t.check(err == nil && !answers(t.address), "cleared", t.Book.Cleared())
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

// line is a step, or with Event "result" the end, as JSON.
type line struct {
	Event  string `json:"event"`
	Step   string `json:"step,omitempty"`
	OK     bool   `json:"ok"`
	Failed int    `json:"failed,omitempty"`
	Text   string `json:"text"`
	AtMS   int64  `json:"at_ms"`
}

// note says what happens next.
func (t *trial) note(text string) { t.print(line{Event: "note", OK: true, Text: text}, " ") }

// check says whether a step was as promised.
func (t *trial) check(ok bool, step, text string) {
	mark := "✓"
	if !ok {
		mark = "✗"
		t.failed++
	}
	t.print(line{Event: "step", Step: step, OK: ok, Text: text}, mark)
}

func (t *trial) result(err error) {
	text := t.Book.Result(t.failed, err)
	t.print(line{Event: "result", OK: err == nil && t.failed == 0, Failed: t.failed, Text: text}, " ")
}

// print writes a line; nobody may be reading any more.
func (t *trial) print(l line, mark string) {
	l.AtMS = time.Since(t.begun).Milliseconds()
	if t.JSON {
		_ = json.NewEncoder(t.Out).Encode(l)
		return
	}
	fmt.Fprintf(t.Out, "%6.2f s  %s %s\n", float64(l.AtMS)/1000, mark, l.Text)
}
