package engine_test

import (
	"context"
	"reflect"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/engine/enginetest"
	"foyer/engine/eventqueue"
)

// rig is an engine among stand-ins. It works inside a synctest bubble.
type rig struct {
	t       testing.TB
	ledger  *enginetest.Ledger
	devices *enginetest.Devices
	media   *enginetest.Media
	dialer  *enginetest.Dialer
	server  *enginetest.RoomServer
	engine  *engine.Engine
	cancel  context.CancelFunc // the program's end
	ran     chan error
	read    chan struct{} // the reader has ended

	mu     sync.Mutex
	events []eventqueue.Stamped
	joins  int // accepted
}

// newRig makes the stand-ins and the engine, and runs it.
func newRig(t testing.TB, adjust ...func(*rig, *engine.Config)) *rig {
	t.Helper()
	r := restingRig(t, adjust...)
	r.run()
	return r
}

func restingRig(t testing.TB, adjust ...func(*rig, *engine.Config)) *rig {
	t.Helper()
	ledger := &enginetest.Ledger{}
	r := &rig{
		t: t, ledger: ledger,
		devices: &enginetest.Devices{Ledger: ledger},
		media:   &enginetest.Media{Ledger: ledger},
		dialer:  &enginetest.Dialer{Ledger: ledger},
		server:  &enginetest.RoomServer{Ledger: ledger},
		ran:     make(chan error, 1),
		read:    make(chan struct{}),
	}
	cfg := engine.Config{Devices: r.devices, Media: r.media, Dialer: r.dialer, RoomServer: r.server, Faults: true}
	for _, f := range adjust {
		f(r, &cfg)
	}
	r.engine = engine.New(cfg)
	go r.readEvents()
	return r
}

func (r *rig) run() {
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	go func() { r.ran <- r.engine.Run(ctx) }()
	r.t.Cleanup(func() { _ = r.engine.Close(context.Background()) }) // when the test failed half way
}

func (r *rig) readEvents() {
	defer close(r.read)
	for {
		<-r.engine.Events().Ready()
		items, open := r.engine.Events().Take()
		r.mu.Lock()
		r.events = append(r.events, items...)
		r.mu.Unlock()
		if !open {
			return
		}
	}
}

// do gives a command that must be accepted.
func (r *rig) do(c engine.Command) {
	r.t.Helper()
	if err := r.try(c); err != nil {
		r.t.Fatalf("%s refused: %v", c.Word(), err)
	}
}

func (r *rig) try(c engine.Command) error {
	err := r.engine.Do(c)
	if err == nil {
		switch c.(type) {
		case engine.Join, engine.StartRoom:
			r.joins++
		}
	}
	return err
}

// pass lets virtual time go by and everything come to rest.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// settle lets everything that needs no time happen.
func settle() { synctest.Wait() }

func (r *rig) all() []eventqueue.Stamped {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.events)
}

// of lists the events of one type.
func of[E call.Event](r *rig) []E {
	var found []E
	for _, s := range r.all() {
		if e, ok := s.Event.(E); ok {
			found = append(found, e)
		}
	}
	return found
}

func last[E call.Event](r *rig) E {
	r.t.Helper()
	found := of[E](r)
	if len(found) == 0 {
		r.t.Fatalf("no %v among %v", reflect.TypeFor[E](), r.words())
	}
	return found[len(found)-1]
}

// words are the events' types, for messages.
func (r *rig) words() []string {
	var words []string
	for _, s := range r.all() {
		words = append(words, reflect.TypeOf(s.Event).Name())
	}
	return words
}

func (r *rig) state() call.State {
	changes := of[call.StateChanged](r)
	if len(changes) == 0 {
		return call.StateIdle
	}
	return changes[len(changes)-1].State
}

func (r *rig) wantState(want call.State) {
	r.t.Helper()
	if got := r.state(); got != want {
		r.t.Fatalf("state is %s, want %s; events %v", got, want, r.words())
	}
}

// wantLeft expects n ends by now, and returns the last.
func (r *rig) wantLeft(n int, reason call.LeaveReason) call.Left {
	r.t.Helper()
	lefts := of[call.Left](r)
	if len(lefts) != n {
		r.t.Fatalf("%d Left events, want %d: %v", len(lefts), n, r.words())
	}
	if got := lefts[n-1].Reason; got != reason {
		r.t.Fatalf("reason %s, want %s", got, reason)
	}
	return lefts[n-1]
}

// end closes the engine and checks everything that always holds.
func (r *rig) end() {
	r.t.Helper()
	if err := r.engine.Close(context.Background()); err != nil {
		r.t.Errorf("close: %v", err)
	}
	r.finished()
}

// finished checks the books of an engine that has ended or is ending.
func (r *rig) finished() {
	r.t.Helper()
	<-r.read
	if r.cancel != nil {
		r.cancel()
		if err := <-r.ran; err != nil {
			r.t.Errorf("run: %v", err)
		}
	}
	if !r.media.Closed() {
		r.t.Error("media was not closed")
	}
	r.checkEvents()
	for _, w := range r.ledger.Wrong() {
		r.t.Error(w)
	}
}

// wantAllClosed expects that the system has everything back.
func (r *rig) wantAllClosed() {
	r.t.Helper()
	for _, e := range r.ledger.Entries() {
		if !e.Opened.IsZero() && e.Closed.IsZero() {
			r.t.Errorf("%s %s %q is still open", e.Kind, e.Source, e.Name)
		}
	}
}

var testLink = call.Link{Hosts: []string{"127.0.0.1:7443"}, Room: "room", Title: "A room", Secret: "s"}

func joinCommand() engine.Join {
	return engine.Join{
		Link: testLink, Name: "Ada", Identity: "ada",
		Devices: engine.Choice{Camera: "cam", Microphone: "mic", Speaker: "loud"},
	}
}

// joined begins a stay and waits until it has settled.
func (r *rig) joined() *enginetest.Session {
	r.t.Helper()
	r.do(joinCommand())
	settle()
	r.wantState(call.StateJoined)
	return r.dialer.Last()
}

func person(id string, sid call.SID, tracks ...call.Track) call.Participant {
	return call.Participant{Identity: call.Identity(id), SID: sid, Name: id, Tracks: tracks}
}

func videoTrack(sid call.SID) call.Track {
	return call.Track{SID: sid, Source: call.SourceCamera, Kind: call.KindVideo, Width: 640, Height: 360}
}
