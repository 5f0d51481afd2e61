package engine

import (
	"context"
	"crypto/ed25519"
	"time"

	"foyer/engine/call"
	"foyer/engine/eventqueue"
	"foyer/engine/internal/patience"
	"foyer/engine/internal/ratelimit"
	"foyer/engine/internal/recent"
	"foyer/engine/internal/refusal"
	"foyer/engine/internal/roster"
)

// attempt is an accepted Join or StartRoom.
type attempt struct {
	starts   bool // the server of this computer first
	link     call.Link
	guests   call.Link // what others join by; empty: link
	room     call.RoomID
	title    string
	name     string
	identity call.Identity
	choice   Choice
	asked    time.Time
	aborted  call.LeaveReason // taken back before it began

	// What is shown and played, and since when joining is bounded. A switch
	// takes them over from the stay before, knows where we come from, and has the
	// door's permission already.
	back      call.Link
	pubs      map[call.Source]*publication
	speaker   string // wished: a request
	bounded   time.Time
	admission *call.Admission
}

// request is what is asked of the server.
func (e *attempt) request(key ed25519.PrivateKey) call.JoinRequest {
	return call.JoinRequest{Link: e.link, Name: e.name, Identity: e.identity, Key: key, Admission: e.admission}
}

// forOthers is the link by which others come.
func (e *attempt) forOthers() call.Link {
	if e.guests.Empty() {
		return e.link
	}
	return e.guests
}

// abort takes an attempt back; the first reason wins.
func (e *attempt) abort(r call.LeaveReason) {
	if e.aborted == call.ReasonUnknown {
		e.aborted = r
	}
}

// stay is one accepted attempt, from joining to its one Left.
type stay struct {
	*attempt
	gen uint64
	//nolint:containedctx // the stay is what its workers live as long as
	ctx    context.Context // of the stay's workers; ends when leaving begins
	cancel context.CancelFunc
	// Joining has one timeout for everything: starting a server, dialing, and
	// the first roster (contract J8).
	deadline time.Time
	timer    *time.Timer

	dialing     bool
	wait        *patience.Wait // for a host to let us in; nil: none so far
	session     call.Session
	sessionOver bool // ended by itself: there is nobody to tell
	feed        eventqueue.Feed
	taken       []call.SessionEvent // of the feed, and not handled yet
	hosting     bool                // in a room of this computer's server
	opened      bool                // and that server was started for it
	unread      bool                // its events are not read

	joined    bool
	joinedAt  time.Time
	sessionID call.SID
	self      call.Participant
	roster    roster.Roster
	people    int // the most at once, ourselves included

	permissions call.Standing
	chat        chat
	hand        handState
	reacting    map[call.Identity]*ratelimit.Pace // of people in the room
	volumes     map[call.Identity]int             // in percent, of people who were in the room
	elsewhere   *elsewhere                        // another room, whose door is being asked; nil: none

	receivers        map[call.SID]*receiver
	reception        reception
	closingReceivers int

	exit *exit // set once leaving
}

// active is the stay that events and commands may change: nil when there is none,
// and when it is ending.
func (l *loop) active() *stay {
	if l.stay != nil && l.stay.exit == nil {
		return l.stay
	}
	return nil
}

// leaving is the stay that is ending, or nil.
func (l *loop) leaving() *stay {
	if l.stay != nil && l.stay.exit != nil {
		return l.stay
	}
	return nil
}

// alive reports whether s is the present stay and not ending. Whatever comes back
// to the loop for a stay asks this first.
func (l *loop) alive(s *stay) bool { return s != nil && l.active() == s }

// begin makes e the current stay and joins. Devices open while the server is
// dialed.
func (l *loop) begin(e *attempt) {
	l.devices.endTest(nil)
	l.gen++
	s := &stay{
		attempt: e, gen: l.gen, receivers: make(map[call.SID]*receiver),
		chat:     chat{seen: recent.Set[call.MessageKey]{Limit: maxChatSeen}},
		reacting: map[call.Identity]*ratelimit.Pace{}, volumes: map[call.Identity]int{},
		reception: reception{views: make(map[call.SID]call.TrackView), spoke: make(map[call.Identity]time.Time)},
	}
	s.ctx, s.cancel = context.WithCancel(l.base)
	s.deadline = e.bounded.Add(max(l.cfg.JoinTimeout-l.cfg.Grace, l.cfg.JoinTimeout/2))
	l.stay = s
	l.setState(call.StateJoining)
	if e.aborted != call.ReasonUnknown {
		l.leave(cause{Reason: e.aborted})
		return
	}
	l.limitJoin(s)
	for _, src := range sources {
		l.devices.slots[src].blame(joinWord(src))
		l.devices.settle(src)
	}
	if e.starts {
		l.server.start(s)
	} else {
		l.dial(s)
	}
}

// dial joins the server in a worker.
func (l *loop) dial(s *stay) {
	req := s.request(l.cfg.Key)
	req.Shown, req.Waits, req.Held = l.cfg.Shown, true, s.wait != nil
	b, dialer := l.inbox, l.cfg.Dialer
	sink := func(ev call.SessionEvent) {
		if s.feed.Put(ev) {
			b.Put(happened{s.of(noteFeed), func(l *loop) { l.reader.takeFeed(s) }})
		}
	}
	ctx, cancel := context.WithDeadline(s.ctx, s.deadline)
	s.dialing = true
	work(l, s.of(opDial), func() (call.Session, error) {
		defer cancel()
		session, err := dialer.Dial(ctx, req, sink)
		if err == nil && session == nil {
			err = call.ErrRefused
		}
		return session, err
	}, func(session call.Session, err error) { l.dialed(s, session, err) },
		func(session call.Session) { _ = closeSession(session, true) })
}

// limitJoin limits the time until Joined, so that with the grace of the exit
// the user hears of a failure in time.
func (l *loop) limitJoin(s *stay) {
	s.timer = l.after(s.of(timerJoin), time.Until(s.deadline), func() {
		switch {
		case l.stay != s, s.joined:
		case s.starts && !s.hosting:
			l.leave(serverFailure(call.ErrJoinTimeout))
		default:
			l.leave(cause{Reason: call.ReasonJoinFailed, Err: call.ErrJoinTimeout})
		}
	})
}

// dialed takes the session, or closes it at once if the stay is over.
func (l *loop) dialed(s *stay, session call.Session, err error) {
	awaited := s.dialing
	s.dialing = false
	switch {
	case l.stay != s, !awaited: // nobody waits for it any more
		if err == nil {
			do(l, s.of(opEnd), func() error { return closeSession(session, true) }, func(error) {})
		}
	case s.exit != nil:
		if err == nil {
			s.session = session
			l.endSession(s)
		}
		l.checkLeft()
	case err != nil && l.waits(s, err):
	case err != nil:
		l.leave(refusal.Join(err))
	default:
		s.session = session
		l.letIn(s)
		l.reader.takeFeed(s)
	}
}

// admitted turns the first roster into Joined. The lobby's previews become the
// stay's devices or end.
func (l *loop) admitted(s *stay, ev call.RosterReplaced) {
	s.timer.Stop()
	s.joined, s.joinedAt = true, time.Now()
	if ev.Room != "" {
		s.room = ev.Room
	}
	l.reader.takeRoster(s, ev)
	if s.back.Empty() {
		for _, sl := range l.devices.slots {
			sl.preview = false
		}
	}
	s.permissions = ev.Standing
	refused := s.obeyRules()
	l.setState(call.StateJoined)
	l.emit(call.Joined{
		Room: s.room, Title: s.title, Session: s.sessionID, Self: s.self, Participants: s.roster.List(),
		Link: s.forOthers(), Elapsed: max(s.joinedAt.Sub(s.asked), time.Nanosecond), Hosting: s.hosting,
		Standing: s.permissions,
	})
	l.reportRefused(refused)
	l.hands.changed(s)
	l.subscriptions.choose(s)
	l.chat.start(s)
	l.devices.settleAll()
}

func (dt *deviceTable) settleAll() {
	for _, src := range sources {
		dt.settle(src)
	}
}

// joinWord is the command to blame for a device of a Join's choice.
func joinWord(src call.Source) string {
	if src == call.SourceSpeaker {
		return SelectDevice{}.Word()
	}
	return Publish{}.Word()
}
