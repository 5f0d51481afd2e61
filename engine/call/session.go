package call

import (
	"context"
	"crypto/ed25519"
	"time"

	"foyer/engine/call/reach"
)

// JoinRequest is all that is needed to join.
type JoinRequest struct {
	Link     Link
	Name     string
	Identity Identity // empty: taken from the token, for a plain LiveKit link
	// Key signs the join at a Foyer door, so that an identity stays with the
	// installation that first used it. Unused for a plain LiveKit link.
	Key ed25519.PrivateKey
	// Admission of this request, by [Dialer].Admit: the door is not asked
	// again. nil: Dial asks it.
	Admission *Admission
	// Waits says that we ask again after an [ErrWaiting]. Held lets the door hold the
	// answer, up to doorapi.Hold, while nobody has let us in.
	Waits, Held bool
	// Shown is how many video tracks are shown until Session.Subscribe says
	// which; 0: DefaultShown.
	Shown int
}

// Admission is a door's permission to join. It holds a token: a secret.
type Admission struct {
	Host       string // host:port of the door that answered; empty for a plain link
	Token      string // for LiveKit at the same host
	Title      string
	Generation int64 // of the token, from 1: it grows when the person is removed
	Role       Role
	Rules      RoomRules
	Keeper     Identity      // the hidden participant that gathers chat; empty without one
	Clock      time.Duration // see [ClockOffset]
	Media      reach.Ports   // of the server, at the address where its door has answered
}

// Dialer joins rooms.
type Dialer interface {
	// Admit asks the door of an invite link whether we may join, without
	// joining; a plain LiveKit link is its own admission. Errors wrap those
	// of this package.
	Admit(ctx context.Context, req JoinRequest) (Admission, error)
	// Dial joins and returns when the server has admitted us and the media
	// connection is being made. From then on sink gets every event of the
	// session, in order, starting with a RosterReplaced, from one goroutine
	// of the session's; sink must not block. A cancelled ctx makes Dial
	// return at once. Errors wrap those of this package.
	Dial(ctx context.Context, req JoinRequest, sink func(SessionEvent)) (Session, error)
}

// Session is a joined room. Methods may wait for the server and are called
// from workers.
type Session interface {
	Publish(ctx context.Context, spec TrackSpec) (LocalTrack, error)
	Unpublish(ctx context.Context, t LocalTrack) error
	SetMuted(ctx context.Context, t LocalTrack, muted bool) error
	// Subscribe says all that we want to receive from now on. Until its first
	// call the session chooses by itself, as a [Selector] without views does.
	Subscribe(ctx context.Context, all []Subscription) error
	// SendData sends a reliable packet to everybody on a topic.
	SendData(ctx context.Context, topic string, payload []byte) error
	// SendChat says something to everybody and returns it as they see it. Where
	// a keeper gathers chat, our own message is reported as well (ChatReceived),
	// in everybody's order, before SendChat returns; elsewhere it is not.
	// Errors are CheckChat's, ErrMuted, ErrChatTooFast, ErrNotInRoom or ctx's.
	SendChat(ctx context.Context, text string) (ChatMessage, error)
	// Chat asks the door for stored chat: the last ChatHistory messages, or
	// those after the message of that ID and some before. ErrNoDoor for a plain link.
	Chat(ctx context.Context, after string) (History, error)
	// Moderate does an operation of the door's as us: request is its request
	// type, with our room in it, answer a pointer to its answer type. ErrNoDoor for a plain link.
	Moderate(ctx context.Context, op Operation, request, answer any) error
	// Line is what is known of the way to the server now.
	Line() LineStats
	// Leave tells the server that we go, and returns when it was sent and
	// answered, or when ctx ends. Media stops at once, before the answer.
	Leave(ctx context.Context) error
	// Close ends everything of the session and waits for its goroutines. No
	// event is delivered after it has returned.
	Close() error
}

// SessionEvent is what a session reports to the engine.
//
//sumtype:decl
type SessionEvent interface{ sessionEvent() }

// RosterReplaced is everybody in the room, ourselves excluded: after the join
// and after every full reconnect, when Local tracks are gone too and must be
// published again (Republish).
type RosterReplaced struct {
	Room         RoomID
	Title        string
	SessionID    SID       // RM_ of the room, new after every dismissal (contract N8)
	Opened       time.Time // when the session began, by the server's clock
	Self         Participant
	Participants []Participant
	Republish    bool
	Standing     Standing
}

// RemoteTrackReady is a subscribed track whose packets arrive.
type RemoteTrackReady struct{ Track RemoteTrack }

// RemoteTrackGone takes it away. The session has interrupted its reads.
type RemoteTrackGone struct{ Track RemoteTrack }

// ChatMissed says that messages may have passed us by: the door has them, see
// Session.Chat.
type ChatMissed struct{}

// SessionReconnecting says that the session is reconnecting.
type SessionReconnecting struct{}

// SessionReconnected says that it works again.
type SessionReconnected struct{}

// LocalTrackMuted is a mute that the host ordered; the engine obeys.
type LocalTrackMuted struct{ SID SID }

// LocalTrackGone is a publication that the server took away.
type LocalTrackGone struct{ SID SID }

// SessionEnded is the last event: the session is over for good and only waits
// for Close.
type SessionEnded struct {
	Reason LeaveReason
	By     string // who did it, if known
	Text   string // what they said
	Until  time.Time
	Err    error
}

func (RosterReplaced) sessionEvent()      {}
func (RemoteTrackReady) sessionEvent()    {}
func (RemoteTrackGone) sessionEvent()     {}
func (SessionReconnecting) sessionEvent() {}
func (SessionReconnected) sessionEvent()  {}
func (LocalTrackMuted) sessionEvent()     {}
func (LocalTrackGone) sessionEvent()      {}
func (SessionEnded) sessionEvent()        {}
func (ParticipantJoined) sessionEvent()   {}
func (ParticipantUpdated) sessionEvent()  {}
func (ParticipantLeft) sessionEvent()     {}
func (TrackPublished) sessionEvent()      {}
func (TrackUnpublished) sessionEvent()    {}
func (TrackMuted) sessionEvent()          {}
func (TrackUnmuted) sessionEvent()        {}
func (SpeakersChanged) sessionEvent()     {}
func (QualityChanged) sessionEvent()      {}
func (DataReceived) sessionEvent()        {}
func (ChatReceived) sessionEvent()        {}
func (ChatMissed) sessionEvent()          {}
func (RulesChanged) sessionEvent()        {}
func (WaitersChanged) sessionEvent()      {}
