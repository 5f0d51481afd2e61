package keeper

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/livekit/protocol/auth"
	"github.com/livekit/protocol/livekit"
	"github.com/sirupsen/logrus"
	"google.golang.org/protobuf/proto"

	"foyer/engine/call"
	"foyer/engine/client"
	"foyer/engine/host/register"
	"foyer/engine/host/roomservice"
	"foyer/engine/internal/pause"
)

// Clocks of leases. A room whose door has died has another keeper within
// LeaseFor + leaseLook and the time of a join; if the door was stopped, within
// leaseLook and that time.
const (
	LeaseFor     = 7 * time.Second
	leaseRenew   = 2 * time.Second
	leaseLook    = time.Second
	maxLapsed    = 200 // rooms that are taken over at a time
	minKeepRetry = 500 * time.Millisecond
	maxKeepRetry = 5 * time.Second
	keeperToken  = 6 * time.Hour // LiveKit refreshes it
	sayTimeout   = 5 * time.Second
	closeTimeout = time.Second // of each of the last steps
)

// errNotKept is a room that another door keeps.
var errNotKept = errors.New("room is kept by another door")

// Pool gives every open room that somebody has come to through this door a
// keeper, unless another door's keeps it. It may be used from any goroutine.
type Pool struct {
	register *register.Register
	rooms    *roomservice.Client
	key      roomservice.Key
	address  string // ws:// or wss:// of LiveKit
	ports    Config
	holder   string // of leases: this door, since it was started
	dialer   *client.Dialer
	log      logrus.FieldLogger

	ctx    context.Context //nolint:containedctx // ends with the door
	cancel context.CancelFunc
	group  sync.WaitGroup

	mu     sync.Mutex
	closed bool
	kept   map[call.RoomID]*kept
}

// kept is a room that this door keeps, or tries to.
type kept struct {
	keeper *Keeper // of now; nil: none yet
	wanted int     // how often somebody came
	stop   context.CancelFunc
	taken  time.Time // when it had its lease, with stop
}

// NewPool takes the ports that keepers use; the rest of their settings is
// filled in.
func NewPool(
	trace func(sent bool, frame proto.Message), reg *register.Register, r *roomservice.Client,
	upstream *url.URL, key roomservice.Key,
	ports Config,
) *Pool {
	address := *upstream
	address.Scheme = map[string]string{"http": "ws", "https": "wss"}[upstream.Scheme]
	if address.Scheme == "" {
		address.Scheme = upstream.Scheme
	}
	log := ports.Log.WithField("part", "keeper")
	k := &Pool{
		register: reg, rooms: r, key: key, address: address.String(), ports: ports, holder: rand.Text(), log: log,
		dialer: client.New(client.Config{Log: log, Observer: true, Trace: trace}), kept: map[call.RoomID]*kept{},
	}
	k.ctx, k.cancel = context.WithCancel(context.Background())
	k.group.Go(k.watchLeases)
	return k
}

// Want makes sure that a room has a keeper, here or at another door.
func (k *Pool) Want(room call.RoomID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if r := k.kept[room]; r != nil {
		r.wanted++
		return
	}
	if k.closed {
		return
	}
	r := &kept{wanted: 1}
	k.kept[room] = r
	k.group.Go(func() { k.keep(room, r) })
}

// Of implements moderation.Keepers: it is the keeper of a room, if it is here and in the room or on the way.
func (k *Pool) Of(room call.RoomID) *Keeper {
	k.mu.Lock()
	defer k.mu.Unlock()
	if r := k.kept[room]; r != nil {
		return r.keeper
	}
	return nil
}

// Tries reports whether this door keeps a room, or tries to.
func (k *Pool) Tries(room call.RoomID) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.kept[room] != nil
}

// Holder is the name of this door in leases, since it was started.
func (k *Pool) Holder() string { return k.holder }

// Refresh lets the keeper of a room, if it is here, look at what the host has
// decided.
func (k *Pool) Refresh(room call.RoomID) {
	if one := k.Of(room); one != nil {
		one.Refresh()
	}
}

// keep keeps a room while it is open and ours.
func (k *Pool) keep(room call.RoomID, r *kept) {
	log := k.log.WithField("room", room)
	delay := minKeepRetry
	for k.ctx.Err() == nil {
		seen, began := k.seen(r), time.Now()
		err := k.stay(room, r)
		if isOver(err) || errors.Is(err, ErrReplaced) {
			seen = k.seen(r)
			err = k.drop(room, err)
		}
		done := isOver(err) || errors.Is(err, errNotKept)
		if done && k.give(room, r, seen) {
			return
		}
		if !done && err != nil && k.ctx.Err() == nil {
			log.WithError(err).Warn("room is not kept for a moment")
			k.lapse(k.ctx, room) // another door may fare better
		}
		if time.Since(began) > maxKeepRetry {
			delay = minKeepRetry
		}
		if pause.For(k.ctx, delay) == nil {
			delay = min(2*delay, maxKeepRetry)
		}
	}
}

// isOver reports whether there is nothing to keep.
func isOver(err error) bool {
	return errors.Is(err, ErrRoomOver) || errors.Is(err, call.ErrNoSuchRoom)
}

func (k *Pool) seen(r *kept) int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return r.wanted
}

// drop gives the lease up after a stay that ended like this, and then looks whether
// the room is open again: another door that opens it asks for the lease afterwards,
// so that none that was refused because of ours is overlooked.
func (k *Pool) drop(room call.RoomID, end error) error {
	if err := k.register.DropLease(k.ctx, room, k.holder); err != nil {
		return err
	}
	if !isOver(end) {
		return errNotKept
	}
	_, err := k.rooms.Find(k.ctx, room)
	return err
}

// lapse lets any door take a room of ours, or with an empty name all of them.
func (k *Pool) lapse(ctx context.Context, room call.RoomID) {
	if err := k.register.LapseLeases(ctx, k.holder, room); err != nil && !errors.Is(ctx.Err(), context.Canceled) {
		k.log.WithError(err).WithField("room", room).Warn("leases run on until their end")
	}
}

// give forgets a room that is over or another door's, unless somebody has come
// to it since.
func (k *Pool) give(room call.RoomID, r *kept, seen int) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if r.wanted != seen {
		return false
	}
	delete(k.kept, room)
	return true
}

// stay keeps a room for one stay of the hidden participant. It fails with
// errNotKept if another door has the lease, and with call.ErrNoSuchRoom if the
// room is not open: a keeper must not open one.
func (k *Pool) stay(room call.RoomID, r *kept) error {
	held, err := k.register.TakeLease(k.ctx, room, k.holder, LeaseFor)
	if err != nil {
		return err
	}
	if !held {
		return errNotKept
	}
	taken := time.Now()
	session, err := k.rooms.Find(k.ctx, room)
	if err != nil {
		return err
	}
	if err := k.register.DropOldChat(k.ctx, room, session); err != nil {
		k.log.WithError(err).WithField("room", room).Warn("history of earlier sessions is not dropped")
	}
	ctx, cancel := context.WithCancel(k.ctx)
	defer cancel()
	conf := k.ports
	conf.Room = room
	conf.Dial = func(ctx context.Context, sink func(call.SessionEvent)) (Room, error) {
		return k.enter(ctx, room, Purpose, sink)
	}
	one := New(conf)
	k.set(r, one, cancel, taken)
	err = one.Run(ctx)
	k.set(r, nil, nil, time.Time{})
	if err == nil && k.ctx.Err() == nil {
		return errNotKept // the lease went to somebody else
	}
	return err
}

func (k *Pool) set(r *kept, one *Keeper, stop context.CancelFunc, taken time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	r.keeper, r.stop, r.taken = one, stop, taken
}

// enter joins a room as a hidden participant that LiveKit does not count
// (participant.go, IsDependent).
func (k *Pool) enter(
	ctx context.Context, room call.RoomID, purpose string, sink func(call.SessionEvent),
) (call.Session, error) {
	no, yes := false, true
	token, err := auth.NewAccessToken(k.key.Key, k.key.Secret).
		SetIdentity(string(HiddenIdentity(k.key, purpose, room))).SetKind(livekit.ParticipantInfo_AGENT).
		SetValidFor(keeperToken).
		SetVideoGrant(&auth.VideoGrant{
			RoomJoin: true, Room: string(room), Hidden: true, Agent: true,
			CanPublish: &no, CanSubscribe: &yes, CanPublishData: &yes,
		}).ToJWT()
	if err != nil {
		return nil, err
	}
	return k.dialer.Dial(ctx, call.JoinRequest{Link: call.Link{URL: k.address, Token: token}}, sink)
}

// hiddenPrefix begins the identity of every hidden participant.
const hiddenPrefix = "foyer-"

// Purposes of hidden participants.
const (
	Purpose    = "keeper"
	SayPurpose = "say"
)

// HiddenIdentity is that of a hidden participant of a room. It depends on what
// it is for, so that a second keeper replaces the first, and on the secret, so
// that nobody else can take it; it is the same at all doors of a cluster.
func HiddenIdentity(key roomservice.Key, purpose string, room call.RoomID) call.Identity {
	mac := hmac.New(sha256.New, []byte(key.Secret))
	_, _ = mac.Write([]byte(hiddenPrefix + purpose + "\n" + string(room)))
	return call.Identity(hiddenPrefix + hex.EncodeToString(mac.Sum(nil)[:16]))
}

// IsReserved reports whether nobody may come through the door under an identity:
// members hear that of their keeper, and whoever is resumed under it would be
// given its rights. Keepers do not come through the door.
func IsReserved(id call.Identity) bool { return strings.HasPrefix(string(id), hiddenPrefix) }

// Say lets the host's tools say something in a room. A room that another door
// keeps hears it from a hidden participant that comes for it, and its keeper
// stores it: messages without a sender are the server's.
func (k *Pool) Say(ctx context.Context, room call.RoomID, text string) (call.ChatMessage, error) {
	ctx, cancel := context.WithTimeout(ctx, sayTimeout)
	defer cancel()
	if one := k.Of(room); one != nil {
		return one.Say(ctx, text)
	}
	if _, err := k.rooms.Find(ctx, room); err != nil {
		return call.ChatMessage{}, err
	}
	session, err := k.enter(ctx, room, SayPurpose, func(call.SessionEvent) {})
	if err != nil {
		return call.ChatMessage{}, err
	}
	m, err := session.SendChat(ctx, text)
	if err == nil {
		k.awaitStored(ctx, room, m.ID)
	}
	_ = session.Leave(ctx) // the message is out, or time is up
	_ = session.Close()
	m.From, m.Name = "", ""
	return m, err
}

// awaitStored waits until another door's keeper has stored a message: then
// LiveKit has passed it on, which nobody tells its sender.
func (k *Pool) awaitStored(ctx context.Context, room call.RoomID, id string) {
	const most, look = time.Second, 20 * time.Millisecond
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	for pause.For(ctx, look) == nil {
		if has, err := k.register.HasChat(ctx, room, id); err == nil && has {
			return
		}
	}
}

// watchLeases renews ours, gives up what is not ours any more, and takes over
// the rooms of doors that have stopped or died.
func (k *Pool) watchLeases() {
	renewed := time.Now()
	for pause.For(k.ctx, leaseLook) == nil {
		if time.Since(renewed) >= leaseRenew {
			renewed = time.Now()
			k.renew()
		}
		lapsed, err := k.register.LapsedLeases(k.ctx, maxLapsed)
		if err != nil && k.ctx.Err() == nil {
			k.log.WithError(err).Warn("leases are not known")
		}
		for _, room := range lapsed {
			k.Want(room)
		}
	}
}

func (k *Pool) renew() {
	asked := time.Now()
	rooms, err := k.register.RenewLeases(k.ctx, k.holder, LeaseFor)
	if err != nil {
		if k.ctx.Err() == nil {
			k.log.WithError(err).Warn("leases are not renewed") // nobody else can take them from a register that fails
		}
		return
	}
	k.stopLost(rooms, asked)
}

// stopLost stops the keepers of rooms whose lease is somebody else's: ours were
// these when we asked. A lease that was taken since may be missing there.
func (k *Pool) stopLost(rooms []call.RoomID, asked time.Time) {
	ours := make(map[call.RoomID]bool, len(rooms))
	for _, room := range rooms {
		ours[room] = true
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for room, r := range k.kept {
		if r.stop != nil && !ours[room] && r.taken.Before(asked) {
			r.stop()
		}
	}
}

// Close ends every keeper and waits for it. Other doors find the rooms then.
func (k *Pool) Close() {
	k.mu.Lock()
	k.closed = true
	k.mu.Unlock()
	k.cancel()
	k.group.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	k.lapse(ctx, "")
	ctx, cancel = context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	_ = k.dialer.Wait(ctx) // what is left ends by itself
}
