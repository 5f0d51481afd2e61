package app

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"foyer/app/printer"
	"foyer/engine/call"
	"foyer/engine/enginetest"
)

// Nothing that breaks around the engine, and no flood, ends a stay as if the
// user had wanted it: the reason, its sentence and the exit status are true.
func TestEndsThatNobodyWantedSayWhy(t *testing.T) {
	for _, c := range []struct {
		name string
		set  func(*program)
		act  func(*program)
		says error
		told bool // the output still works: it has the left event
	}{
		{name: "broken pipe", act: func(p *program) {
			p.out.breakWith(errors.New("broken pipe"))
			p.send(`{"cmd":"frobnicate"}`) // something to say
		}, says: call.ErrOutputLost},
		{name: "full disk", act: func(p *program) {
			p.out.breakWith(errors.New("no space left on device"))
			p.send(`{"cmd":"frobnicate"}`)
		}, says: call.ErrOutputLost},
		{name: "input fails", act: func(p *program) {
			_ = p.stdin.CloseWithError(errors.New("input/output error"))
		}, says: call.ErrInputLost, told: true},
		{name: "input fails in the middle of a line", act: func(p *program) {
			_, _ = io.WriteString(p.stdin, `{"cmd":"lea`)
			_ = p.stdin.CloseWithError(errors.New("input/output error"))
		}, says: call.ErrInputLost, told: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := start(t, false, c.set)
			p.await("track_published", 2)
			c.act(p)
			left := p.end(exitOtherReason)
			if !c.told {
				if said := p.errs.String(); !strings.Contains(said, c.says.Error()) {
					t.Errorf("stderr says %q, want %q in it", said, c.says)
				}
				return
			}
			if len(left) != 1 || left[0]["reason"] != "internal" || left[0]["code"] != nil {
				t.Fatalf("left events %v, want one, internal", left)
			}
			if want := printer.Message(call.Left{Reason: call.ReasonInternal, Err: c.says}); left[0]["message"] != want {
				t.Errorf("it says %q, want %q", left[0]["message"], want)
			}
		})
	}
}

// gate is a stdout whose reader stops reading, and goes on.
type gate struct {
	*lineBuffer
	open chan struct{}
}

func (g *gate) Write(b []byte) (int, error) {
	<-g.open
	return g.lineBuffer.Write(b)
}

// A room that says more than a slow reader takes costs neither the stay nor
// much memory: what only counts in its newest form is merged meanwhile.
func TestASlowReaderGetsEverythingThatCounts(t *testing.T) {
	g := &gate{open: make(chan struct{})}
	p := start(t, false, func(p *program) { g.lineBuffer, p.stdout = p.out, g })
	for p.dialer.Last() == nil || p.ledger.OpenNow("device") < 2 {
		time.Sleep(time.Millisecond) // the ledger tells nobody
	}
	s := p.dialer.Last()
	s.Tell(call.ParticipantJoined{Participant: call.Participant{Identity: "eve", SID: "PA_e", Name: "Eve"}})
	const rounds = 30_000 // some 3 MB of lines
	for i := range rounds {
		s.Tell(call.SpeakersChanged{Speakers: []call.SpeakerLevel{{ID: "eve", Level: float32(i) / rounds}}})
		s.Tell(call.QualityChanged{ID: "eve", Quality: call.QualityPoor})
	}
	s.Tell(call.ParticipantJoined{Participant: call.Participant{Identity: "bob", SID: "PA_b", Name: "Bob"}})
	close(g.open)
	p.await("participant_joined", 2)
	p.send(`{"cmd":"leave"}`)
	if left := p.end(exitOK); len(left) != 1 || left[0]["reason"] != "left" {
		t.Errorf("left events %v", left)
	}
}

// slow is a stdout whose reader takes its time.
type slow struct{ *lineBuffer }

func (s slow) Write(b []byte) (int, error) {
	time.Sleep(time.Millisecond)
	return s.lineBuffer.Write(b)
}

// A server that floods does not close Foyer, and the user did not leave.
func TestAFloodingServerIsNamed(t *testing.T) {
	p := start(t, false, func(p *program) { p.stdout = slow{p.out} })
	p.await("joined", 1)
	s := p.dialer.Last()
	name := strings.Repeat("x", call.MaxName)
	go func() {
		for i := range 200_000 { // what cannot be merged
			s.Tell(call.ParticipantJoined{Participant: call.Participant{
				Identity: "eve", SID: call.SID(fmt.Sprint("PA_", i)), Name: name,
			}})
		}
	}()
	left := p.end(exitOtherReason)
	if len(left) != 1 || left[0]["reason"] != "connection_lost" || left[0]["code"] != nil {
		t.Fatalf("left events %v, want one, connection_lost", left)
	}
	if want := printer.Message(call.Left{Reason: call.ReasonConnectionLost, Err: call.ErrServerFlood}); left[0]["message"] != want {
		t.Errorf("it says %q, want %q", left[0]["message"], want)
	}
}

// A server cannot say that the user left, or closed Foyer.
func TestAServerCannotSayWhatTheUserDid(t *testing.T) {
	for _, reason := range []call.LeaveReason{call.ReasonLeft, call.ReasonAppQuit, call.ReasonSwitched, call.ReasonInternal} {
		t.Run(reason.String(), func(t *testing.T) {
			p := start(t, false, nil)
			p.await("joined", 1)
			p.dialer.Last().Tell(call.SessionEnded{Reason: reason})
			if left := p.end(exitOtherReason); len(left) != 1 || left[0]["reason"] != call.ReasonOther(0).String() {
				t.Errorf("left events %v", left)
			}
		})
		t.Run(reason.String()+" at the door", func(t *testing.T) {
			p := start(t, false, func(p *program) {
				p.dialer.OnDial = func(call.JoinRequest) enginetest.Step {
					return enginetest.Step{Err: &call.PutOutError{Reason: reason}}
				}
			})
			if left := p.end(exitOtherReason); len(left) != 1 || left[0]["reason"] != "join_failed" {
				t.Errorf("left events %v", left)
			}
		})
	}
}
