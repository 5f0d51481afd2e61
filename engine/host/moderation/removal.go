package moderation

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/host/register"
	"foyer/engine/host/roomservice"
)

const (
	// StoreTimeout is how long a verdict may take to be stored: a database that is
	// locked must not keep somebody in the room.
	StoreTimeout = time.Second
	// maxTellers is how many are told at the same time.
	maxTellers = 64
)

// removal is a removal, however it came about: by the host, a ban, the passive
// exit, LiveKit's own API, or a connection that was cut for what came over it.
type removal struct {
	room     call.RoomID
	identity call.Identity
	verdict  register.Verdict // Reason is what the person is told
	ban      bool
	role     call.Role // of the person who bans
	until    time.Time // end of a ban; zero: until lifted
	tell     bool      // tell the room who did it and what they said
	upTo     int64     // the generation that is meant; 0: whatever it is
}

func (o removal) notice() doorapi.Notice {
	n := doorapi.Notice{
		Kind: doorapi.NoticePutOut, ID: o.identity, Reason: o.verdict.Reason.String(), By: o.verdict.By, Text: o.verdict.Text,
	}
	if !o.until.IsZero() {
		n.Until = o.until.UnixMilli()
	}
	return n
}

// remove removes somebody: it revokes their tokens, tells them and the others, and
// has LiveKit remove them. If the register fails, they are removed all the
// same, but may come back; the error says so. It does nothing if a generation
// is meant that is over, or if a ban fails with register.ErrOutranked. here is
// who is in the room.
func (mod *Moderator) remove(ctx context.Context, o removal, here map[call.Identity]*livekit.ParticipantInfo) error {
	ended, stored := mod.revoke(ctx, o)
	switch {
	case errors.Is(stored, register.ErrOutranked):
		return stored
	case stored == nil && !ended && !holdsUpTo(here[o.identity], o.upTo):
		return nil
	}
	mod.announce(ctx, o, here)
	err := mod.rooms.Remove(ctx, o.room, o.identity)
	if errors.Is(err, call.ErrAlreadyGone) {
		err = nil
	}
	return errors.Join(mod.noteRemoval(ctx, o, here, stored), err)
}

// noteRemoval notes the end of a removal: until then LiveKit may have given a fresh
// token to somebody whose own the door did not make. stored is the error of storing
// the verdict; the error wraps call.ErrNotStored.
func (mod *Moderator) noteRemoval(
	ctx context.Context, o removal, here map[call.Identity]*livekit.ParticipantInfo, stored error,
) error {
	if p := here[o.identity]; p != nil && p.GetAttributes()[doorapi.AttributeMember] == "" && stored == nil {
		o.verdict.At = mod.now()
		stored = mod.register.SetCutoff(ctx, o.room, o.identity, o.verdict)
	}
	if stored != nil {
		mod.log.WithError(stored).WithField("room", o.room).WithField("identity", o.identity).
			Error("a removal could not be stored")
		return errors.Join(call.ErrNotStored, stored)
	}
	return nil
}

// holdsUpTo reports whether somebody is in the room with a token of a generation
// up to that one: an earlier try has ended it, and did not get further.
func holdsUpTo(p *livekit.ParticipantInfo, upTo int64) bool {
	generation, err := strconv.ParseInt(p.GetAttributes()[doorapi.AttributeGeneration], 10, 64)
	return err == nil && generation <= upTo
}

// revoke stores the verdict, from which on no token of that person's works. It
// reports whether that is its doing.
func (mod *Moderator) revoke(ctx context.Context, o removal) (ended bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, StoreTimeout)
	defer cancel()
	if o.ban {
		_, err = mod.register.Ban(ctx, register.Ban{
			Room: o.room, Identity: o.identity, By: o.verdict.By, ByRole: o.role,
			Text: o.verdict.Text, Since: o.verdict.At, Until: o.until,
		})
		return err == nil, err
	}
	_, ended, err = mod.register.Revoke(ctx, o.room, o.identity, o.verdict, o.upTo)
	if errors.Is(err, register.ErrNotFound) {
		err = mod.register.SetCutoff(ctx, o.room, o.identity, o.verdict)
		ended = err == nil
	}
	return ended, err
}

// announce tells the person, with the proof that it has arrived, and the
// others, at the same time.
func (mod *Moderator) announce(ctx context.Context, o removal, here map[call.Identity]*livekit.ParticipantInfo) {
	ctx, cancel := context.WithTimeout(ctx, roomservice.TellTimeout)
	defer cancel()
	others := make([]string, 0, len(here))
	for identity := range here {
		if identity != o.identity {
			others = append(others, string(identity))
		}
	}
	var told sync.WaitGroup
	if len(others) > 0 {
		notice := o.notice()
		if !o.tell {
			notice.By, notice.Text, notice.Until = "", "", 0
		}
		told.Go(func() { mod.tell(ctx, o.room, others, notice) })
	}
	if here[o.identity] != nil {
		told.Go(func() { mod.tellAll(ctx, o.room, []string{string(o.identity)}, o.notice()) })
	}
	told.Wait()
}

// tell sends a notice; people who do not get it see what follows.
func (mod *Moderator) tell(ctx context.Context, room call.RoomID, to []string, notice doorapi.Notice) {
	if err := mod.rooms.Tell(ctx, room, to, notice); err != nil {
		mod.log.WithError(err).WithField("room", room).WithField("kind", notice.Kind).Debug("a notice was not sent")
	}
}

// tellAll tells each of some people, with the proof that it has arrived.
func (mod *Moderator) tellAll(ctx context.Context, room call.RoomID, to []string, notice doorapi.Notice) {
	turns := make(chan struct{}, maxTellers)
	var told sync.WaitGroup
	for _, identity := range to {
		select {
		case turns <- struct{}{}:
		case <-ctx.Done():
			told.Wait()
			return
		}
		told.Go(func() {
			defer func() { <-turns }()
			if err := mod.rooms.TellOne(ctx, room, identity, notice); err != nil {
				mod.log.WithError(err).WithField("room", room).WithField("identity", identity).Debug("nobody confirmed a notice")
			}
		})
	}
	told.Wait()
}

// dismiss closes a room for everyone.
func (mod *Moderator) dismiss(ctx context.Context, room call.RoomID, by, text string) error {
	e, err := mod.announceDismissal(ctx, room, by, text)
	if err != nil {
		return err
	}
	if err := mod.rooms.Dismiss(ctx, room); err != nil && !errors.Is(err, call.ErrNoSuchRoom) {
		return err
	}
	return mod.noteDismissal(ctx, e)
}

// BeginRemoval does what belongs to a removal that LiveKit's own API was asked for,
// before LiveKit's part; remove does the rest, with LiveKit's part. It is nil if
// nobody knows the room or the identity.
func (mod *Moderator) BeginRemoval(
	ctx context.Context, room call.RoomID, identity call.Identity,
) (remove func(context.Context) error, err error) {
	s, err := mod.snapshot(ctx, Caller{Admin: true}, room)
	if errors.Is(err, call.ErrNoSuchRoom) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if _, result := mod.target(ctx, s, identity); result == call.ResultUnknown {
		return nil, nil
	}
	o := removal{room: room, identity: identity, verdict: register.Verdict{Reason: call.ReasonRemoved, At: mod.now()}}
	_, stored := mod.revoke(ctx, o)
	mod.announce(ctx, o, s.here)
	return func(ctx context.Context) error {
		err := mod.rooms.Remove(ctx, room, identity)
		_ = mod.noteRemoval(ctx, o, s.here, stored) // what fails is in the log
		return err
	}, nil
}

// BeginExpulsion revokes the tokens, up to a generation, of somebody whose
// connection is cut for what they sent. If they come back at once, their token is of the
// next generation. Generation 0 is a token that the door did not make. why is what they
// did. The caller calls remove when the connection has ended; it spares a
// participant who came with a later token.
func (mod *Moderator) BeginExpulsion(
	ctx context.Context, who roomservice.Place, generation int64, why string,
) (remove func(context.Context) error) {
	o := removal{
		room: who.Room, identity: who.Identity, upTo: generation,
		verdict: register.Verdict{Reason: call.ReasonRemoved, Text: why, At: mod.now()},
	}
	stored := mod.storeExpulsion(ctx, o)
	return func(ctx context.Context) error {
		p, err := mod.rooms.Participant(ctx, who)
		if err == nil && (generation == 0 || holdsUpTo(p, generation)) {
			err = mod.rooms.Remove(ctx, who.Room, who.Identity)
		}
		here := map[call.Identity]*livekit.ParticipantInfo{who.Identity: p}
		return errors.Join(mod.noteRemoval(ctx, o, here, stored), roomservice.IgnoreGone(err))
	}
}

func (mod *Moderator) storeExpulsion(ctx context.Context, o removal) error {
	if o.upTo != 0 {
		_, err := mod.revoke(ctx, o)
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, StoreTimeout)
	defer cancel()
	return mod.register.SetCutoff(ctx, o.room, o.identity, o.verdict)
}

// BeginDismissal does what belongs to a dismissal that LiveKit's own API was asked
// for, before LiveKit's part; the caller calls done after that. It fails with
// call.ErrNoSuchRoom.
func (mod *Moderator) BeginDismissal(ctx context.Context, room call.RoomID) (done func(context.Context), err error) {
	e, err := mod.announceDismissal(ctx, room, "", "")
	return func(ctx context.Context) {
		_ = mod.noteDismissal(ctx, e) // what fails is in the log
	}, err
}

// ending is a dismissal under way.
type ending struct {
	room    call.RoomID
	verdict register.Verdict
	stored  error
}

// announceDismissal does everything of a dismissal before the room is closed. It fails
// with call.ErrNoSuchRoom.
func (mod *Moderator) announceDismissal(ctx context.Context, room call.RoomID, by, text string) (ending, error) {
	e := ending{room: room, verdict: register.Verdict{Reason: call.ReasonDismissed, By: by, Text: text, At: mod.now()}}
	session, err := mod.rooms.Find(ctx, room)
	if err != nil {
		return e, err
	}
	mod.waiting.End(room, &call.PutOutError{Reason: e.verdict.Reason, By: by, Text: text})
	storing, cancelStoring := context.WithTimeout(ctx, StoreTimeout)
	defer cancelStoring()
	e.stored = mod.register.EndSession(storing, room, session, e.verdict)
	people, err := mod.rooms.People(ctx, room)
	if err != nil {
		return e, err
	}
	all := make([]string, 0, len(people))
	for _, p := range people {
		all = append(all, p.GetIdentity())
	}
	notice := doorapi.Notice{Kind: doorapi.NoticeDismissed, By: by, Text: text}
	ctx, cancel := context.WithTimeout(ctx, roomservice.TellTimeout)
	defer cancel()
	mod.tell(ctx, room, nil, notice)
	mod.tellAll(ctx, room, all, notice)
	return e, nil
}

// noteDismissal notes the end of a dismissal, as noteRemoval does that of a removal.
func (mod *Moderator) noteDismissal(ctx context.Context, e ending) error {
	if e.stored == nil {
		e.verdict.At = mod.now()
		e.stored = mod.register.SetCutoff(ctx, e.room, "", e.verdict)
	}
	if e.stored != nil {
		mod.log.WithError(e.stored).WithField("room", e.room).Error("a dismissal could not be stored")
		return errors.Join(call.ErrNotStored, e.stored)
	}
	return nil
}

// TellConnection tells a room about the connection of one of its members.
func (mod *Moderator) TellConnection(ctx context.Context, p roomservice.Place, kind doorapi.NoticeKind) {
	ctx, cancel := context.WithTimeout(ctx, roomservice.Timeout)
	defer cancel()
	mod.log.WithField("room", p.Room).WithField("identity", p.Identity).WithField("kind", kind).
		Info("connection of a member")
	mod.tell(ctx, p.Room, nil, doorapi.Notice{Kind: kind, ID: p.Identity})
}
