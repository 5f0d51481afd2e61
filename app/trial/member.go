package trial

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/engine/eventqueue"
)

// errGivenUp says that what was waited for can come no more.
var errGivenUp = errors.New("the stay has ended")

// Person is somebody who takes part.
type Person struct {
	Name     string
	Identity call.Identity
	// Engine runs until Close.
	Engine *engine.Engine
	Close  func(context.Context)
}

// member is somebody in a trial: an engine, and everything that it has said.
type member struct {
	name   string
	id     call.Identity
	engine *engine.Engine
	end    func(context.Context)

	collected chan struct{} // closed when the engine says no more

	mu      sync.Mutex
	events  []call.Event  // those that nobody has waited for yet
	left    int           // how often a stay has ended
	changed chan struct{} // closed and replaced whenever something happens
}

// newMember collects the events of an engine until close.
func newMember(p Person) *member {
	who := &member{
		name: p.Name, id: p.Identity, engine: p.Engine, end: p.Close,
		collected: make(chan struct{}), changed: make(chan struct{}),
	}
	go who.collect()
	return who
}

func (p *member) collect() {
	defer close(p.collected)
	for open := true; open; {
		<-p.engine.Events().Ready()
		var items []eventqueue.Stamped
		items, open = p.engine.Events().Take()
		p.mu.Lock()
		for _, e := range items {
			p.events = append(p.events, e.Event)
			if _, left := e.Event.(call.Left); left {
				p.left++
			}
		}
		close(p.changed)
		p.changed = make(chan struct{})
		p.mu.Unlock()
	}
}

// close leaves the room and ends the engine, within ctx.
func (p *member) close(ctx context.Context) {
	p.end(ctx)
	select {
	case <-p.collected:
	case <-ctx.Done():
	}
}

// ends is how often a stay has ended.
func (p *member) ends() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.left
}

// await returns the first event of a kind, for which match holds if it is not
// nil, that nobody has waited for yet. A stay that ends, or a command that fails,
// is the error of those who wait for something else.
func await[E call.Event](ctx context.Context, p *member, match func(E) bool) (E, error) {
	var none E
	for {
		found, ok, failure, changed := find(p, match)
		if ok {
			return found, nil
		}
		if failure != nil {
			return none, fmt.Errorf("%s waits for %T: %w", p.name, none, failure)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return none, fmt.Errorf("%s waits for %T: %w", p.name, none, context.Cause(ctx))
		}
	}
}

// find takes an event out of those that have come. changed is closed when another
// one comes.
func find[E call.Event](p *member, match func(E) bool) (found E, ok bool, failure error, changed <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, event := range p.events {
		if e, is := event.(E); is && (match == nil || match(e)) {
			p.events = slices.Delete(p.events, i, i+1)
			return e, true, nil, nil
		}
		switch e := event.(type) {
		case call.Left:
			failure = errors.Join(errGivenUp, e.Err)
		case call.CommandFailed:
			failure = e.Err
		default:
		}
	}
	return found, false, failure, p.changed
}

// Size in which people look at each other in a trial.
const (
	viewWidth  = 640
	viewHeight = 360
)

// watch waits for somebody's video and audio, and looks at the video: what
// nobody looks at need not be sent.
func (p *member) watch(ctx context.Context, other *member) error {
	for _, source := range []call.Source{call.SourceCamera, call.SourceMicrophone} {
		e, err := await(ctx, p, func(e call.TrackSubscribed) bool { return e.ID == other.id && e.Track.Source == source })
		if err != nil {
			return err
		}
		if e.Slot == nil {
			continue
		}
		e.Slot.SetView(call.View{Width: viewWidth, Height: viewHeight, Fit: call.FitContain})
		if err := p.engine.Do(engine.SetTrackView{Track: e.Track.SID, Width: viewWidth, Height: viewHeight}); err != nil {
			return err
		}
	}
	return nil
}

// perception is what has reached somebody of somebody else: the newest numbers of
// the video, and the audio at its loudest.
type perception struct {
	who, of      *member
	video, audio call.RemoteStats
}

// look brings it up to date.
func (p *perception) look(ctx context.Context) error {
	if err := p.who.engine.Do(engine.Stats{}); err != nil {
		return err
	}
	e, err := await[call.StatsReported](ctx, p.who, nil)
	for _, s := range e.Remote {
		switch {
		case s.ID != p.of.id:
		case s.Source == call.SourceCamera:
			p.video = s
		case s.Source == call.SourceMicrophone && s.Level >= p.audio.Level:
			p.audio = s
		}
	}
	return err
}

func (p *perception) enough(watched time.Duration) bool { return p.sees(watched) && p.hears() }

// sees reports whether that is a video that moves: a tenth of a camera's rate
// will do, on a computer that is busy with something else.
func (p *perception) sees(watched time.Duration) bool {
	const fewest = 3 // frames a second
	return p.video.Width > 0 && p.video.Height > 0 && float64(p.video.FramesDecoded) >= fewest*watched.Seconds()
}

// hears reports whether that is the test tone and no silence: the tone is 20 dB
// below full scale, of the 60 dB that a level spans.
func (p *perception) hears() bool { return p.audio.Level > 0.3 }
