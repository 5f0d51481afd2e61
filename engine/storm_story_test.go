package engine_test

import (
	"errors"
	"flag"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/engine/call/mic"
	"foyer/engine/enginetest"
)

var storms = flag.Uint64("storms", 1000, "how many storms to run")

// rng is a seeded generator for any goroutine.
type rng struct {
	mu sync.Mutex
	r  *rand.Rand
}

func newRandom(seed uint64) *rng { return &rng{r: rand.New(rand.NewPCG(seed, 0x5eed))} }

func (r *rng) IntN(n int) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.r.IntN(n)
}

// storm is one random story.
type storm struct {
	*rig
	random *rng
	model  *room
	tracks []*enginetest.RemoteTrack
}

// weather makes the stand-ins' operations slow, failing, deaf or panicking now
// and then. When calm is closed, everything succeeds.
type weather struct {
	random *rng
	calm   chan struct{}
}

func (w *weather) step() enginetest.Step {
	select {
	case <-w.calm:
		return enginetest.Step{}
	default:
	}
	step := enginetest.Step{Deaf: w.random.IntN(4) == 0}
	switch n := w.random.IntN(100); {
	case n < 40:
	case n < 75:
		step.Delay = time.Duration(w.random.IntN(400)) * time.Millisecond
	case n < 83:
		step.Delay = time.Duration(w.random.IntN(6000)) * time.Millisecond
	case n < 86:
		step.Block = w.calm
	case n < 97:
		step.Err = call.ErrRefused
	case n < 98:
		step.Panic = "storm"
	default:
		step.Err = errors.New("odd")
	}
	return step
}

func newStorm(t *testing.T, seed uint64) (*storm, *weather) {
	w := &weather{random: newRandom(seed ^ 0xc10d), calm: make(chan struct{})}
	st := &storm{random: newRandom(seed), model: &room{people: map[call.Identity]call.Participant{}}}
	st.rig = newRig(t, func(r *rig, _ *engine.Config) {
		r.devices.OnOpen = func(call.DeviceRequest) enginetest.Step { return w.step() }
		r.devices.OnClose = func(call.Device) enginetest.Step { return w.step() }
		r.devices.OnList = func() ([]call.Device, enginetest.Step) { return nil, w.step() }
		r.media.OnPumpClose = func(call.Device) enginetest.Step { return w.step() }
		r.media.OnReceiverClose = func(call.RemoteTrack) enginetest.Step { return w.step() }
		r.dialer.OnDial = func(call.JoinRequest) enginetest.Step { return w.step() }
		r.dialer.OnAdmit = func(call.JoinRequest) enginetest.Step { return w.step() }
		r.dialer.On = func(string) enginetest.Step { return w.step() }
		r.server.OnStart = func(call.RoomID) enginetest.Step { return w.step() }
		r.server.OnStop = func() enginetest.Step { return w.step() }
	})
	return st, w
}

func (st *storm) source() call.Source {
	return []call.Source{call.SourceCamera, call.SourceMicrophone, call.SourceScreen, call.SourceSpeaker}[st.random.IntN(4)]
}

func (st *storm) device() string {
	return []string{"", "a", "b", call.DeviceTest}[st.random.IntN(4)]
}

func (st *storm) choice() engine.Choice {
	pick := func() string {
		if st.random.IntN(4) == 0 {
			return call.DeviceNone
		}
		return st.device()
	}
	return engine.Choice{
		Camera: pick(), Microphone: pick(), Speaker: pick(), Screen: st.random.IntN(4) == 0, Previewed: st.random.IntN(2) == 0,
	}
}

func (st *storm) command() engine.Command {
	switch st.random.IntN(27) {
	case 20:
		return engine.RaiseHand{Up: st.random.IntN(2) == 0}
	case 21:
		return engine.React{Reaction: call.ReactionWow}
	case 22:
		if st.random.IntN(2) == 0 {
			return engine.SetVoice{Voice: mic.Voice{Music: st.random.IntN(2) == 0}}
		}
		return engine.SetVolume{ID: "bob", Percent: st.random.IntN(201)}
	case 23, 24:
		return engine.TestDevice{Source: st.source(), Device: st.device()}
	case 25:
		return engine.StopTest{}
	case 26:
		return engine.SetQuality{SendHeight: []int{0, 180, 360}[st.random.IntN(3)], AudioOnly: st.random.IntN(2) == 0}
	case 16, 17:
		rooms := []call.RoomID{"room", "next", "third"}
		return engine.SwitchRoom{Link: call.Link{Hosts: testLink.Hosts, Room: rooms[st.random.IntN(3)], Secret: "s"}}
	case 18:
		return engine.SendChat{Text: "hello"}
	case 19:
		return engine.Moderate{Op: call.OpRemove, IDs: []call.Identity{"bob"}}
	case 0, 1, 2, 3:
		return engine.Join{Link: testLink, Name: "Ada", Identity: "ada", Devices: st.choice()}
	case 4:
		return engine.StartRoom{Room: "mine", Name: "Ada", Identity: "ada", Devices: st.choice()}
	case 5, 6:
		return engine.Leave{}
	case 7:
		return engine.StartPreview{Source: st.source(), Device: st.device()}
	case 8:
		return engine.StopPreview{Source: st.source()}
	case 9:
		return engine.Publish{Source: st.source(), Device: st.device()}
	case 10:
		return engine.Unpublish{Source: st.source()}
	case 11:
		return engine.Mute{Source: st.source()}
	case 12:
		return engine.Unmute{Source: st.source()}
	case 13:
		return engine.SelectDevice{Source: st.source(), Device: st.device()}
	case 14:
		return engine.Stats{}
	default:
		if st.random.IntN(6) == 0 {
			return engine.Fault{Kind: engine.FaultPanic}
		}
		return engine.RefreshDevices{}
	}
}

// give gives a command. One about a preview gets a moment of its own, so that
// checkMoment can tell it from an exit, which would keep the preview.
func (st *storm) give(c engine.Command) {
	switch c.(type) {
	case engine.StartPreview, engine.StopPreview, engine.SelectDevice, engine.TestDevice, engine.StopTest:
		pass(time.Microsecond)
		defer pass(time.Microsecond)
	}
	_ = st.try(c)
}

// speak lets the newest session, or an old one, say something.
func (st *storm) speak() {
	all := st.dialer.Sessions()
	if len(all) == 0 {
		return
	}
	s := all[max(0, len(all)-1-st.random.IntN(2))]
	switch st.random.IntN(11) {
	case 7:
		s.Tell(call.ChatReceived{Message: call.ChatMessage{ID: string(st.model.newSID("C_")), From: "bob", Text: "hi"}})
	case 8:
		roles := []call.Role{"", call.RoleHost, call.RoleListener}
		s.Tell(call.RulesChanged{Standing: call.Standing{Role: roles[st.random.IntN(3)], Muted: st.random.IntN(2) == 0}})
	case 0:
		reasons := call.Reasons()
		s.Tell(call.SessionEnded{Reason: reasons[st.random.IntN(len(reasons))]})
	case 1:
		s.Tell(call.SessionReconnecting{})
	case 2:
		s.Tell(call.SessionReconnected{})
	case 3:
		t := enginetest.NewRemoteTrack("bob", "PA_bob", videoTrack(st.model.newSID("TR_")))
		st.tracks = append(st.tracks, t)
		s.Tell(call.RemoteTrackReady{Track: t})
	case 4:
		if n := len(st.tracks); n > 0 {
			s.Tell(call.RemoteTrackGone{Track: st.tracks[st.random.IntN(n)]})
		}
	case 5:
		if t := s.Track(st.source()); t != nil {
			s.Tell(call.LocalTrackMuted{SID: t.SID()})
		}
	case 6:
		if t := s.Track(st.source()); t != nil {
			s.Tell(call.LocalTrackGone{SID: t.SID()})
		}
	default:
		s.Tell(st.model.change(st.random))
	}
}

// The model-based storms of contract J4: whatever happens, the invariants of
// checkEvents hold, and when the weather is calm again everything works.
func TestJ4_Storms(t *testing.T) {
	for seed := range *storms {
		synctest.Test(t, func(t *testing.T) { runStorm(t, seed) })
		if t.Failed() {
			t.Fatalf("storm %d", seed)
		}
	}
}

func runStorm(t *testing.T, seed uint64) {
	st, w := newStorm(t, seed)
	for range 10 + st.random.IntN(50) {
		switch st.random.IntN(10) {
		case 0, 1, 2, 3, 4:
			st.give(st.command())
		case 5, 6, 7:
			st.speak()
		case 8:
			switch st.random.IntN(3) {
			case 0:
				st.media.Hear(loud())
			case 1:
				st.media.Played()
			default:
				st.devices.Lose(st.source())
			}
		case 9:
			st.server.Crash()
		}
		if st.random.IntN(3) > 0 {
			pass(time.Duration(st.random.IntN(700)) * time.Millisecond)
		}
	}
	if st.random.IntN(4) == 0 { // the program ends in the middle of it
		st.cancel()
		<-st.read
		close(w.calm)
		pass(time.Minute)
		st.finished()
		return
	}
	close(w.calm)
	pass(20 * time.Second)
	_ = st.try(engine.Leave{})
	pass(20 * time.Second)
	st.calmCheck()
	st.end()
	st.wantAllClosed()
}

// calmCheck joins once more: nothing that happened may have left its mark.
func (st *storm) calmCheck() {
	st.t.Helper()
	before := len(of[call.CommandFailed](st.rig))
	st.joined()
	if n := len(of[call.CommandFailed](st.rig)); n != before {
		st.t.Errorf("after the storm: %+v", last[call.CommandFailed](st.rig))
	}
	if st.media.Sending(call.SourceCamera) == nil || st.media.Sending(call.SourceMicrophone) == nil || st.media.Speaker() == nil {
		st.t.Error("after the storm a stay does not send and play")
	}
	st.do(engine.Leave{})
	settle()
	if n := st.ledger.OpenNow("device") + st.ledger.OpenNow("session") + st.ledger.OpenNow("pump"); n != 0 {
		st.t.Errorf("%d things are open after the storm's last Left", n)
	}
}
