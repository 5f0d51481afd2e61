package client

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"
	"github.com/sirupsen/logrus"

	"foyer/engine/call"
	"foyer/engine/client/alarm"
	"foyer/engine/client/bandwidth"
	"foyer/engine/client/data"
	"foyer/engine/client/ending"
	"foyer/engine/client/roster"
	"foyer/engine/client/rtp"
	"foyer/engine/client/signalconn"
)

// phase is where a session stands; see the drawing in the package comment.
type phase int

const (
	phaseUp phase = iota
	phaseReconnecting
	phaseLeaving
	phaseEnded
)

const boxSize = 256 // messages that wait for the loop; then their senders wait

// session is a joined room. Fields below "loop" belong only to the loop.
type session struct {
	dialer *Dialer
	limits limits
	log    logrus.FieldLogger
	req    call.JoinRequest
	sink   func(call.SessionEvent)

	ctx    context.Context //nolint:containedctx // the session's life: ends dials that are under way
	cancel context.CancelFunc
	done   chan struct{} // closed when Close begins
	box    chan func()
	group  sync.WaitGroup
	once   sync.Once
	halted atomic.Bool  // no media any more: leaving or ended
	rtt    atomic.Int64 // of the signal connection, ns
	heard  time.Time    // when the server said anything last
	budget *bandwidth.Budget

	// loop
	phase       phase
	alarms      *alarm.Clock[alarmKind]
	credentials credentials
	signal      *signalconn.Conn
	joinInfo    *livekit.JoinResponse
	roster      *roster.Roster
	transport   *rtp.Transport
	ending      ending.Machine    // why the session ends
	departures  ending.Departures // why the others leave
	ready       chan struct{}     // closed and renewed when waiting requests may try again
	leaving     chan error        // Leave waits for it
	told        bool              // the server knows that we go
	fullUpdate  bool              // the next update is the whole roster

	// parts of the loop, each with a state of its own
	negotiation   negotiation
	reconnection  reconnection
	publications  publications
	subscriptions subscriptions
	permissions   permissions
	liveness      liveness
	pings         pings
	data          dataChannels
	chat          chat
}

var _ call.Session = (*session)(nil)

func newSession(d *Dialer, req call.JoinRequest, sink func(call.SessionEvent), adm *admission) (*session, error) {
	if adm.joined.Join == nil {
		return nil, fmt.Errorf("join: %w: it resumes what was not begun", call.ErrServerGarbage)
	}
	s := emptySession(d, req, sink)
	if err := s.install(adm); err != nil {
		s.cancel()
		if s.transport != nil {
			s.transport.Close(s.limits.closeMedia, d.keep)
		}
		return nil, fmt.Errorf("join: %w", err)
	}
	return s, nil
}

func emptySession(d *Dialer, req call.JoinRequest, sink func(call.SessionEvent)) *session {
	s := &session{
		dialer: d, limits: d.limits, log: d.log, req: req, sink: sink,
		done: make(chan struct{}), ready: make(chan struct{}), box: make(chan func(), boxSize),
		alarms: alarm.New[alarmKind](), budget: new(bandwidth.Budget),
	}
	s.negotiation.s, s.reconnection.s, s.permissions.s, s.pings.s = s, s, s, s
	s.publications = publications{s: s, byCID: map[string]*rtp.LocalTrack{}}
	s.subscriptions = subscriptions{s: s, told: map[call.SID]call.Subscription{}, paused: map[call.SID]bool{}}
	s.liveness = liveness{s: s, interrupted: map[call.SID][]*rtp.RemoteTrack{}}
	s.data = dataChannels{s: s, receiver: data.NewReceiver(d.observe), sender: &data.Sender{}}
	s.chat = chat{s: s, order: data.NewChatOrder()}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s
}

// install takes over what a join has brought.
func (s *session) install(adm *admission) error {
	join := adm.joined.Join
	t, err := rtp.NewTransport(rtp.Config{
		Dual: adm.credentials.dual, Server: adm.conn.PeerIP(), Servers: join.GetIceServers(),
		Events: s.transportEvents(), Log: rtp.PionLog{Log: s.log}, Budget: s.budget, Keep: s.dialer.keep,
	})
	if err != nil {
		return err
	}
	s.ending.HasDoor = adm.credentials.host != ""
	s.credentials, s.joinInfo, s.signal, s.transport = adm.credentials, join, adm.conn, t
	s.data.flow = data.NewFlow(time.Now())
	s.roster = roster.New(join, s.dialer.observe, s.ending.HasDoor)
	may := &s.permissions.current
	may.Role, may.Rules, may.Muted = adm.credentials.role, adm.credentials.rules, s.roster.Self().Muted
	s.negotiation.everConnected, s.fullUpdate, s.reconnection.resuming = false, false, false
	s.log = s.dialer.log.WithFields(logrus.Fields{
		"room":     join.GetRoom().GetName(),
		"identity": join.GetParticipant().GetIdentity(), "sid": join.GetParticipant().GetSid(),
	})
	if adm.credentials.dual || s.dialer.observe {
		return nil
	}
	// Sections for what is there already save a round trip of asking for them.
	return t.AddSections(s.subscriptions.expect())
}

func (s *session) transportEvents() rtp.Events {
	current := func(t *rtp.Transport, f func()) {
		s.guarded(func() {
			s.post(func() {
				if s.transport == t {
					f()
				}
			})
		})
	}
	return rtp.Events{
		Candidate: func(t *rtp.Transport, p *rtp.Peer, c *webrtc.ICECandidate) {
			current(t, func() { s.negotiation.onCandidate(p, c) })
		},
		State: func(t *rtp.Transport, p *rtp.Peer, st webrtc.PeerConnectionState) {
			current(t, func() { s.negotiation.onState(p, st) })
		},
		Track: func(t *rtp.Transport, track *webrtc.TrackRemote, r *webrtc.RTPReceiver) {
			current(t, func() { s.subscriptions.onTrack(t, track, r) })
		},
		Data: func(t *rtp.Transport, data []byte, lossy bool) {
			current(t, func() { s.data.onMessage(data, lossy) })
		},
		DataReady: func(t *rtp.Transport) { current(t, s.data.onReady) },
		Flood: func(t *rtp.Transport) {
			s.dialer.keep(func() { // pion's one reader must not wait for us
				current(t, func() {
					s.decide(s.ending.Failed(call.ReasonConnectionLost, fmt.Errorf("%w: media streams", call.ErrServerFlood)))
				})
			})
		},
	}
}

// start begins the loop and the connection's goroutines.
func (s *session) start() {
	s.attach(s.signal)
	s.spawn(func() {
		s.step(s.begin)
		s.run()
	})
}

// begin is the loop's first step.
func (s *session) begin() {
	s.announce(false)
	s.alarms.Set(alarmMedia, s.limits.media)
	s.alarms.Set(alarmPing, s.pings.interval())
	s.alarms.Set(alarmPong, s.pings.timeout())
	s.alarms.Set(alarmData, data.FlowTick)
	if !s.dialer.observe {
		s.alarms.Set(alarmSilence, silenceTick)
		s.alarms.Set(alarmHeartbeat, roster.HeartbeatInterval)
	}
	s.showPresence()
	s.subscriptions.follow() // before the offer, whose answer then has the tracks
	s.negotiation.offer()
}

// attach starts the goroutines of a signal connection.
func (s *session) attach(w *signalconn.Conn) {
	s.spawn(w.WriteLoop)
	s.spawn(func() {
		w.ReadLoop(
			func(m *livekit.SignalResponse) { // one at a time: they may be large
				done := make(chan struct{})
				if !s.post(func() { defer close(done); s.onMessage(w, m) }) {
					return
				}
				select {
				case <-done:
				case <-s.done:
				}
			},
			func(err error) { s.post(func() { s.onClosed(w, err) }) },
		)
	})
}

// run is the loop. It ends with Close.
func (s *session) run() {
	for {
		select {
		case f := <-s.box:
			s.step(f)
		case <-s.alarms.C:
			for _, a := range s.alarms.Take() {
				s.step(func() { s.onAlarm(a) })
			}
		case <-s.done:
			s.step(s.shutdown)
			return
		}
	}
}

// shutdown says goodbye if nobody has yet and closes what is open.
func (s *session) shutdown() {
	s.alarms.Stop()
	if s.signal != nil {
		if s.phase != phaseEnded {
			s.sendLeave()
		}
		s.signal.Close()
	}
	s.phase = phaseEnded
	s.retire()
}

// post hands f to the loop; false means that the session is closed.
func (s *session) post(f func()) bool {
	select {
	case <-s.done:
		return false
	default:
	}
	select {
	case s.box <- f:
		return true
	case <-s.done:
		return false
	}
}

// ask runs f in the loop and waits for its answer.
func (s *session) ask(ctx context.Context, f func() error) error {
	answer := make(chan error, 1)
	if !s.post(func() { answer <- f() }) {
		return call.ErrNotInRoom
	}
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-s.done:
		return call.ErrNotInRoom
	}
}

// askWhenReady asks again each time the session says that something has become
// possible, until f is ready or ctx ends.
func (s *session) askWhenReady(ctx context.Context, f func() (ready bool, err error)) error {
	for {
		var wait chan struct{}
		err := s.ask(ctx, func() error {
			if ctx.Err() != nil {
				return ctx.Err() // the caller has gone; do nothing behind its back
			}
			ready, err := f()
			if !ready {
				wait = s.ready
			}
			return err
		})
		if err != nil || wait == nil {
			return err
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return ctx.Err()
		case <-s.done:
			return call.ErrNotInRoom
		}
	}
}

// wake lets every waiting request try again.
func (s *session) wake() {
	close(s.ready)
	s.ready = make(chan struct{})
}

// emit reports events, until the session has ended.
func (s *session) emit(events ...call.SessionEvent) {
	if s.over() {
		return
	}
	for _, e := range events {
		for _, left := range s.departures.Before(e, time.Now()) {
			s.sink(left)
		}
		s.sink(e)
	}
}

// over reports whether nothing more is to be done or reported.
func (s *session) over() bool { return s.phase == phaseLeaving || s.phase == phaseEnded }

// send queues a message if there is a connection. A full queue means that the
// socket is stuck: it is given up.
func (s *session) send(m *livekit.SignalRequest) {
	if s.signal == nil {
		return
	}
	if err := s.signal.Send(m); err != nil {
		s.lost(err, errors.Is(err, signalconn.ErrQueueFull))
	}
}

func openedAt(room *livekit.Room) time.Time {
	if ms := room.GetCreationTimeMs(); ms > 0 {
		return time.UnixMilli(ms)
	}
	return time.Unix(room.GetCreationTime(), 0)
}

func (s *session) announce(republish bool) {
	room := s.joinInfo.GetRoom()
	s.emit(call.RosterReplaced{
		Room: call.RoomID(room.GetName()), Title: s.credentials.title, SessionID: call.SID(room.GetSid()),
		Opened: openedAt(room), Self: s.roster.Self(), Participants: s.roster.Participants(), Republish: republish,
		Standing: s.permissions.current,
	})
}

// Line implements [call.Session].
func (s *session) Line() call.LineStats {
	return call.LineStats{RTTMS: float64(s.rtt.Load()) / float64(time.Millisecond), SendKbps: s.budget.Rate() / 1000}
}

// Leave implements [call.Session].
func (s *session) Leave(ctx context.Context) error {
	s.halted.Store(true)
	answer := make(chan error, 1)
	if !s.post(func() { s.leave(answer) }) {
		return nil // closed: left already
	}
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return fmt.Errorf("leave: %w", ctx.Err())
	case <-s.done:
		return nil
	}
}

// leave goes in three steps. Data channels are ended first: pion waits 400 ms
// for an SCTP association that the other side has ended (sctp Association.Abort).
// Then the server is told. The media connections are closed when it has answered:
// one that breaks before might look like a failure that it answers with a resume.
func (s *session) leave(answer chan error) {
	switch {
	case s.phase == phaseEnded:
		answer <- nil
		return
	case s.phase == phaseLeaving:
		answer <- fmt.Errorf("leave: %w", call.ErrNotInRoom)
		return
	case s.signal == nil:
		s.phase = phaseLeaving
		s.ending.Left()
		s.retire()
		answer <- fmt.Errorf("leave: %w", call.ErrConnectionLost)
		return
	}
	s.phase = phaseLeaving
	s.ending.Left()
	s.leaving = answer
	s.alarms.Stop()
	t := s.transport
	s.spawn(func() {
		if t != nil {
			t.HangUp(s.limits.hangUp, s.dialer.keep)
		}
		s.post(s.sendLeave)
	})
}

// sendLeave tells the server, once.
func (s *session) sendLeave() {
	if s.signal == nil || s.told {
		return
	}
	s.told = true
	_ = s.signal.Send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Leave{Leave: &livekit.LeaveRequest{
		Reason: livekit.DisconnectReason_CLIENT_INITIATED, Action: livekit.LeaveRequest_DISCONNECT,
	}}}) // a stuck socket tells nobody anything
}

// left ends the wait of Leave.
func (s *session) left() {
	s.retire()
	if s.leaving != nil {
		s.leaving <- nil
		s.leaving = nil
	}
}

// retire stops all media and closes the connections without waiting.
func (s *session) retire() {
	s.halted.Store(true)
	s.cancel()
	s.alarms.Stop()
	s.wake()
	s.dropMedia()
}

// dropMedia ends every track and closes the PeerConnections in the background.
func (s *session) dropMedia() {
	for _, t := range s.publications.byCID {
		t.End()
		if !t.Armed() {
			t.SetPublished(call.ErrConnectionLost)
		}
	}
	clear(s.publications.byCID)
	t := s.transport
	if t == nil {
		return
	}
	for _, r := range t.Remote {
		s.subscriptions.dropTrack(r)
	}
	clear(s.liveness.interrupted)
	s.closeTransport()
}

// closeTransport ends the PeerConnections in the background.
func (s *session) closeTransport() {
	if t := s.transport; t != nil {
		s.transport = nil
		s.spawn(func() { t.Close(s.limits.closeMedia, s.dialer.keep) })
	}
}

// Close implements [call.Session].
func (s *session) Close() error {
	s.once.Do(func() {
		s.halted.Store(true)
		close(s.done)
		s.cancel()
	})
	s.group.Wait()
	return nil
}
