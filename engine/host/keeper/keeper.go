package keeper

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/host/register"
	"foyer/engine/internal/mailbox"
)

// Ends of a keeper.
var (
	// ErrRoomOver says that the room has ended: there is nothing left to keep.
	ErrRoomOver = errors.New("room is over")
	// ErrReplaced says that another keeper has taken the room.
	ErrReplaced = errors.New("another keeper has the room")
)

// ErrBack is a [Remover]'s answer about an offline member who is in the room again,
// of which the keeper has yet to hear.
var ErrBack = errors.New("member is back")

// Room is the session of the hidden participant, as engine/client has it.
type Room interface {
	SendChat(ctx context.Context, text string) (call.ChatMessage, error)
	SendData(ctx context.Context, topic string, payload []byte) error
	Leave(ctx context.Context) error
	Close() error
}

// Store is the part of the register that a keeper writes. Methods may be called
// from several goroutines.
type Store interface {
	Members(ctx context.Context, room call.RoomID) ([]register.Member, error)
	Member(ctx context.Context, room call.RoomID, id call.Identity) (register.Member, error)
	Rules(ctx context.Context, room call.RoomID) (call.RoomRules, error)
	SetPresence(ctx context.Context, m register.Member) error
	AppendChat(ctx context.Context, lines []register.ChatLine) error
	DropChat(ctx context.Context, room call.RoomID, session call.SID) error
}

// Exit is somebody who is out of the room, or goes.
type Exit struct {
	Room   call.RoomID
	ID     call.Identity
	SID    call.SID         // with which an offline member was there last
	Reason call.LeaveReason // ReasonRemoved or ReasonOfflineRemoved
	// Generation of the tokens that this is about, and all before; 0: tokens
	// that the door did not make, up to At.
	Generation int64
	At         time.Time
}

// Remover makes exits hold: it revokes tokens and removes whoever is still there.
// It is fine to tell either method the same thing twice.
type Remover interface {
	// Removed is told of a member who is removed by the offline rule, and of one
	// whom others than the door have removed. Of an offline member who is back it
	// returns ErrBack.
	Removed(ctx context.Context, e Exit) error
	// Dismissed is told that LiveKit has deleted the room.
	Dismissed(ctx context.Context, room call.RoomID, session call.SID, at time.Time) error
}

// Teller sends a notice to everybody in a room.
type Teller interface {
	Tell(ctx context.Context, room call.RoomID, n doorapi.Notice) error
}

// MuteEnforcer restores a host's mute when somebody unmutes themselves, and ends tracks
// that are not what they claim. The keeper asks it about everybody who publishes or
// unmutes something.
type MuteEnforcer interface {
	EnforceMute(ctx context.Context, room call.RoomID, id call.Identity) error
}

// Config is what a [Keeper] needs.
type Config struct {
	Room call.RoomID
	// Dial joins the room as the hidden participant; see call.Dialer.
	Dial         func(ctx context.Context, sink func(call.SessionEvent)) (Room, error)
	Store        Store
	Remover      Remover
	Teller       Teller
	MuteEnforcer MuteEnforcer
	Log          logrus.FieldLogger
	Now          func() time.Time // nil: time.Now
	Limits       *Limits          // nil: DefaultLimits
}

// Limits are a keeper's delays, timeouts and limits.
type Limits struct {
	Gather    time.Duration // how long lines may wait for others to be stored with
	Spread    time.Duration // likewise, to be told with, since those before
	Store     time.Duration // timeout of one write
	Retry     time.Duration // after the first write that failed; doubles up to RetryMost
	RetryMost time.Duration
	Refresh   time.Duration // between two looks at rules and allow list, while somebody is offline
	Work      time.Duration // timeout of a notice or an exit
	Leave     time.Duration // to say goodbye
	Stop      time.Duration // from the end of Run's ctx to the end of everything

	SenderRate, SenderBurst float64 // messages of one sender
	RoomRate, RoomBurst     float64 // messages of all
	Waiting                 int     // lines that wait to be stored; then the oldest go
	WaitingBytes            int
}

// DefaultLimits are those of a server.
func DefaultLimits() Limits {
	return Limits{
		Gather: 20 * time.Millisecond, Spread: 20 * time.Millisecond, Store: 2 * time.Second,
		Retry: 250 * time.Millisecond, RetryMost: 4 * time.Second,
		Refresh: 15 * time.Second, Work: 5 * time.Second, Leave: 250 * time.Millisecond, Stop: 500 * time.Millisecond,
		SenderRate: call.ChatPerSecond, SenderBurst: call.ChatBurst, RoomRate: 2000, RoomBurst: 4000,
		Waiting: 20_000, WaitingBytes: 8 << 20,
	}
}

// Keeper keeps one room for one stay in it. Flush, Say, Session and Refresh may
// be called from any goroutine.
type Keeper struct {
	conf   Config
	limits Limits
	log    logrus.FieldLogger
	now    func() time.Time
	inbox  *mailbox.Mailbox[any]
	here   chan struct{} // closed when the room is there
	over   chan struct{} // closed when Run has returned
	room   Room          // set before here is closed
	sid    atomic.Value  // call.SID of the session
	work   sync.WaitGroup

	// loop
	ctx     context.Context //nolint:containedctx // of Run, for workers
	ended   error           // why the loop ends
	members map[call.Identity]*member
	passive *Passive
	keeps   bool // history outlives the session
	chat    chat
	batches batches
	look    time.Time // when to look at rules and allow list again
	// enforcing has whose mute is being enforced, and whether to do it once more.
	enforcing map[call.Identity]bool
}

// New makes a keeper that does nothing before Run.
func New(c Config) *Keeper {
	k := &Keeper{
		conf: c, limits: DefaultLimits(), now: time.Now,
		log:   c.Log.WithFields(logrus.Fields{"part": "keeper", "room": c.Room}),
		inbox: mailbox.New[any](), here: make(chan struct{}), over: make(chan struct{}), members: map[call.Identity]*member{},
		enforcing: map[call.Identity]bool{},
	}
	if c.Limits != nil {
		k.limits = *c.Limits
	}
	if c.Now != nil {
		k.now = c.Now
	}
	k.chat = newChat()
	k.passive = NewPassive(k.now())
	return k
}

// Run joins and keeps the room until it is over ([ErrRoomOver]), another keeper
// has it ([ErrReplaced]), ctx ends (nil), or it cannot be kept at present: any
// other error. It is called once.
func (k *Keeper) Run(ctx context.Context) error {
	defer close(k.over)
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	k.ctx = work
	defer k.work.Wait() // each worker has a timeout
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(k.limits.Stop, cancel) })
	defer stop()
	k.recall(ctx)
	room, err := k.conf.Dial(ctx, func(e call.SessionEvent) { k.inbox.Put(e) })
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("keep a room: %w", err)
	}
	k.room = room
	close(k.here)
	k.log.Info("room is kept")
	k.loop(ctx)
	k.finish(room)
	k.log.WithField("cause", fmt.Sprint(k.ended)).Info("room is not kept any more")
	return k.ended
}

// loop ends with ctx or when ended is set.
func (k *Keeper) loop(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for k.ended == nil {
		if at, ok := k.next(); ok {
			timer.Reset(max(at.Sub(k.now()), 0))
		} else {
			timer.Stop()
		}
		select {
		case <-ctx.Done():
			return
		case <-k.inbox.Ready():
			for _, item := range k.inbox.Take() {
				k.handle(item)
			}
		case <-timer.C:
		}
		k.due()
	}
}

// next is when due has something to do.
func (k *Keeper) next() (first time.Time, ok bool) {
	consider := func(at time.Time, set bool) {
		if set && (!ok || at.Before(first)) {
			first, ok = at, true
		}
	}
	consider(k.passive.Next())
	consider(k.chat.at, k.chat.waits())
	consider(k.batches.at, k.batches.waits())
	consider(k.look, !k.look.IsZero())
	return first, ok
}

// due does what the clock asks for.
func (k *Keeper) due() {
	now := k.now()
	for _, id := range k.passive.Due(now) {
		k.exit(id)
	}
	if k.chat.waits() && !now.Before(k.chat.at) {
		k.store()
	}
	if k.batches.waits() && !now.Before(k.batches.at) {
		k.spread()
	}
	if !k.look.IsZero() && !now.Before(k.look) {
		k.look = time.Time{}
		k.refresh()
	}
}

// finish stores what is left and says goodbye.
func (k *Keeper) finish(room Room) {
	ctx, cancel := context.WithTimeout(k.ctx, k.limits.Leave)
	k.spreadLast(ctx)
	_ = room.Leave(ctx) // the room may be gone
	cancel()
	_ = room.Close()
	for _, item := range k.inbox.Take() {
		k.handle(item) // what came until now
	}
	if errors.Is(k.ended, ErrRoomOver) {
		for id, m := range k.members {
			k.place(id, m, call.PresenceGone)
		}
	}
	for k.store(); k.chat.storing && k.ctx.Err() == nil; {
		select {
		case <-k.inbox.Ready():
			for _, item := range k.inbox.Take() {
				k.handle(item)
			}
			if !k.chat.failed {
				k.store()
			}
		case <-k.ctx.Done():
		}
	}
	k.chat.answer(call.ErrNotStored)
}

// handle takes one item of the inbox.
func (k *Keeper) handle(item any) {
	switch e := item.(type) {
	case call.RosterReplaced:
		k.replaceRoster(e)
	case call.ParticipantJoined:
		k.joined(e.Participant)
	case call.ParticipantUpdated:
		k.updated(e.Participant)
	case call.ParticipantLeft:
		k.left(e)
	case call.TrackPublished:
		k.enforceMute(e.ID)
	case call.TrackUnmuted:
		k.enforceMute(e.ID)
	case call.ChatReceived:
		k.said(e.Message)
	case call.RulesChanged:
		k.setRules(e.Standing.Rules)
	case call.SessionEnded:
		k.sessionEnded(e)
	case said:
		k.said(e.message)
	case flush:
		k.flush(e)
	case stored:
		k.wrote(e)
	case spread:
		k.spreadDone()
	case refresh:
		k.refresh()
	case circumstances:
		k.learn(e)
	case exited:
		k.exited(e)
	case muteEnforced:
		k.muteEnforced(e)
	}
}

// sessionEnded gives the end of our stay its meaning for the room.
func (k *Keeper) sessionEnded(e call.SessionEnded) {
	if k.ended != nil {
		return
	}
	switch e.Reason {
	case call.ReasonDismissed:
		k.ended = ErrRoomOver
		k.dismissed()
	case call.ReasonRoomClosed:
		k.ended = ErrRoomOver
		k.forget()
	case call.ReasonServerStopped:
		k.ended = ErrRoomOver
	case call.ReasonDuplicate:
		k.ended = ErrReplaced
	default:
		k.ended = fmt.Errorf("keep a room: ended: %s: %w", e.Reason, errors.Join(call.ErrConnectionLost, e.Err))
	}
}

// do runs f beside the loop; Run waits for it.
func (k *Keeper) do(timeout time.Duration, f func(ctx context.Context)) {
	k.work.Go(func() {
		ctx, cancel := context.WithTimeout(k.ctx, timeout)
		defer cancel()
		f(ctx)
	})
}

// tell sends a notice to the room.
func (k *Keeper) tell(n doorapi.Notice) {
	k.do(k.limits.Work, func(ctx context.Context) {
		if err := k.conf.Teller.Tell(ctx, k.conf.Room, n); err != nil {
			k.log.WithError(err).WithField("notice", n.Kind).Warn("the room could not be told")
		}
	})
}

// Session is the room's session; empty before the keeper is in it.
func (k *Keeper) Session() call.SID {
	sid, _ := k.sid.Load().(call.SID)
	return sid
}

// Refresh looks at the rules and the allow list anew.
func (k *Keeper) Refresh() { k.inbox.Put(refresh{}) }

// Ready waits until the keeper is in the room. It fails with [call.ErrNoSuchRoom]
// when the keeper has ended before.
func (k *Keeper) Ready(ctx context.Context) error {
	select {
	case <-k.here:
		return nil
	case <-k.over:
		return call.ErrNoSuchRoom
	case <-ctx.Done():
		return ctx.Err()
	}
}
