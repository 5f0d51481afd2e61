package waiting

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"foyer/engine/call"
	"foyer/engine/internal/lookalike"
)

// How many people may wait.
const (
	maxRoom   = 500 // of one room
	maxKey    = 5   // of one installation, as there may be in a room
	maxAsking = 4   // questions at the same time of one person

	// MaxAddress is how many wait of one address, and MaxAll of all, for all rooms of a
	// door. Each of them signs a join as often as the door answers one, and the door
	// remembers those of twenty minutes.
	MaxAddress = 64
	MaxAll     = 1000
)

// Times of those who wait.
const (
	longest    = time.Hour        // then nobody lets them in
	patience   = 10 * time.Second // with a client that asks again by itself, between two questions
	hungUp     = 4 * time.Second  // ... whose connection has ended: they have cancelled, or come back at once
	byHand     = 2 * time.Minute  // ... and of others
	turnedAway = 30 * time.Second // for so long a host does not hear of them again
	ended      = 5 * time.Second  // for so long they may hear that the room was closed
)

// Guest is somebody who may not enter yet.
type Guest struct {
	Room     call.RoomID
	Identity call.Identity
	Key      []byte
	Said     string // the name that they gave
	Name     string // ... told apart from others
	From     netip.Prefix
	Waits    bool   // asks again by itself
	Held     bool   // ... and was told to: the answer may come later
	Seen     uint64 // [Rooms.Seen], from before it was found that they may not enter
}

// ID names a guest to hosts: the same installation has the same one, and nobody else. By
// another name they are a guest whom no host has seen.
func (g Guest) ID() string {
	h := sha256.New()
	for _, part := range []string{string(g.Room), string(g.Identity), string(g.Key), g.Said} {
		sum := sha256.Sum256([]byte(part))
		h.Write(sum[:])
	}
	const bytes = 10
	return strings.ToLower(base32.StdEncoding.EncodeToString(h.Sum(nil)[:bytes]))
}

// installation is a key in a room.
type installation struct {
	room call.RoomID
	key  string
}

// applicant is a guest who waits, or who was told lately that they may not come in.
type applicant struct {
	Guest
	id      string
	asked   string // the name without what tells them from others who wait
	looks   string // the lookalike.Skeleton of Name
	since   time.Time
	asking  int           // questions that are held
	until   time.Time     // forgotten then, if nothing is asked
	changed chan struct{} // closed when there is something to look at again
	letIn   bool          // they may come in, and have not asked since
	verdict error         // why they may not; nil: nobody has said that
}

// waits reports whether nobody has decided about them.
func (k *applicant) waits() bool { return !k.letIn && k.verdict == nil }

func (k *applicant) wake() {
	close(k.changed)
	k.changed = make(chan struct{})
}

// Config is what [Rooms] work with.
type Config struct {
	// Tell tells those who may let people in how many wait, and, if that is news, who
	// came last. It is called from one goroutine.
	Tell func(ctx context.Context, room call.RoomID, count int, name string)
	Now  func() time.Time
}

// Rooms are the waiting rooms of a door. They may be used from any goroutine.
type Rooms struct {
	tell func(ctx context.Context, room call.RoomID, count int, name string)
	now  func() time.Time

	mu        sync.Mutex
	rooms     map[call.RoomID]*room
	addresses map[netip.Prefix]int
	keys      map[installation]int
	all       int
	wakes     uint64

	telling bool            // the goroutine runs
	news    chan struct{}   // for it
	ctx     context.Context //nolint:containedctx // of that goroutine
	cancel  context.CancelFunc
	work    sync.WaitGroup
}

// room is one waiting room. Its owner's mu guards it.
type room struct {
	applicants []*applicant // as they came
	told       time.Time
	dirty      bool
	newest     string // who came since hosts were told
}

// New makes waiting rooms in which nobody waits.
func New(c Config) *Rooms {
	w := &Rooms{
		tell: c.Tell, now: c.Now, rooms: map[call.RoomID]*room{}, addresses: map[netip.Prefix]int{},
		keys: map[installation]int{}, news: make(chan struct{}, 1),
	}
	w.ctx, w.cancel = context.WithCancel(context.Background())
	return w
}

// Close ends the telling, and waits for it.
func (w *Rooms) Close() {
	w.mu.Lock()
	w.cancel()
	w.mu.Unlock()
	w.work.Wait()
}

// Ask checks whether g may enter by now. It returns nil if the join has to be checked
// again, because g was let in or something has changed, and call.ErrWaiting if not: at
// once for a new guest, for others when ctx ends. Any other error says why they cannot
// wait here, or that they were turned away.
func (w *Rooms) Ask(ctx context.Context, g Guest) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.now()
	w.expire(now)
	k := w.rooms[g.Room].find(g.ID())
	switch {
	case k == nil:
		if verdict := w.rooms[g.Room].verdict(g); verdict != nil {
			return verdict
		}
		if other := w.rooms[g.Room].same(g); other != nil {
			w.forget(other) // has another name now
		}
		return w.come(g, now)
	case k.letIn:
		w.forget(k)
		return nil
	case k.verdict != nil:
		return k.verdict
	case now.Sub(k.since) >= longest:
		w.forget(k)
		return call.ErrUnanswered
	case k.asking >= maxAsking:
		return call.ErrTooManyTries
	case w.wakes != g.Seen:
		return nil
	}
	w.rooms[g.Room].name(k, g.Name)
	k.until = now.Add(g.patience())
	if !g.Waits || !g.Held {
		return call.ErrWaiting
	}
	return w.hold(ctx, k)
}

// Seen counts what may have changed who may enter: what was found out before a change
// has to be looked at again.
func (w *Rooms) Seen() uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.wakes
}

// hold keeps a question until something happens. mu is held before and after.
func (w *Rooms) hold(ctx context.Context, k *applicant) error {
	changed, answer := k.changed, error(nil)
	k.asking++
	w.mu.Unlock()
	select {
	case <-changed:
	case <-ctx.Done():
		answer = call.ErrWaiting
	}
	w.mu.Lock()
	k.asking--
	switch {
	case k.letIn:
		return nil
	case k.verdict != nil:
		return k.verdict
	}
	rest := patience
	if errors.Is(ctx.Err(), context.Canceled) {
		rest = hungUp
	}
	k.until = w.now().Add(rest)
	return answer
}

// Leave forgets a guest who does not wait any more.
func (w *Rooms) Leave(g Guest) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if k := w.rooms[g.Room].find(g.ID()); k != nil && k.verdict == nil {
		w.forget(k)
	}
}

// patience is how long somebody is remembered who does not ask.
func (g Guest) patience() time.Duration {
	if g.Waits {
		return patience
	}
	return byHand
}

// come lets somebody wait who has just come.
func (w *Rooms) come(g Guest, now time.Time) error {
	switch r := w.rooms[g.Room]; {
	case w.addresses[g.From] >= MaxAddress:
		return call.ErrTooManyGuests
	case w.keys[g.installation()] >= maxKey:
		return call.ErrManyIdentities
	case r != nil && len(r.applicants) >= maxRoom && !w.makeRoom(g, r):
		return call.ErrWaitingFull
	case w.all >= MaxAll && !w.makeRoom(g, slices.Collect(maps.Values(w.rooms))...):
		return call.ErrWaitingFull
	}
	r := w.rooms[g.Room]
	if r == nil {
		r = &room{}
		w.rooms[g.Room] = r
	}
	k := &applicant{Guest: g, id: g.ID(), since: now, until: now.Add(g.patience()), changed: make(chan struct{})}
	r.name(k, g.Name)
	r.applicants = append(r.applicants, k)
	w.addresses[g.From]++
	w.keys[g.installation()]++
	w.all++
	r.newest = k.Name
	w.notify(r)
	return call.ErrWaiting
}

// makeRoom takes a place in some rooms for a guest from the address that has the most
// there, unless the guest's own has as many: a flood does not keep others outside. People
// who were turned away go first, then the latest newcomer.
func (w *Rooms) makeRoom(g Guest, in ...*room) bool {
	places := map[netip.Prefix]int{}
	var last *applicant
	for _, r := range in {
		for _, k := range r.applicants {
			places[k.From]++
		}
	}
	better := func(k *applicant) bool {
		switch {
		case last == nil:
			return true
		case k.waits() != last.waits():
			return last.waits()
		case places[k.From] != places[last.From]:
			return places[k.From] > places[last.From]
		default:
			return k.since.After(last.since)
		}
	}
	for _, r := range in {
		for _, k := range r.applicants {
			if (!k.waits() || places[k.From] > places[g.From]+1) && better(k) {
				last = k
			}
		}
	}
	if last == nil {
		return false
	}
	w.forget(last)
	last.wake()
	return true
}

func (g Guest) installation() installation { return installation{g.Room, string(g.Key)} }

// find is somebody who waits, or was told something lately.
func (r *room) find(id string) *applicant {
	if r == nil {
		return nil
	}
	if i := slices.IndexFunc(r.applicants, func(k *applicant) bool { return k.id == id }); i >= 0 {
		return r.applicants[i]
	}
	return nil
}

// verdict is what was said lately to the installation of g, whatever it calls itself.
func (r *room) verdict(g Guest) error {
	if r == nil {
		return nil
	}
	for _, k := range r.applicants {
		if k.verdict != nil && bytes.Equal(k.Key, g.Key) {
			return k.verdict
		}
	}
	return nil
}

// name gives k the name that the register has for it, told apart from all others who
// wait: the register does not know them.
func (r *room) name(k *applicant, asked string) {
	if k.asked == asked {
		return
	}
	k.asked = asked
	k.Name = lookalike.TellApart(asked, func(skeleton string) bool {
		return slices.ContainsFunc(r.applicants, func(o *applicant) bool { return o != k && o.looks == skeleton })
	})
	k.looks = lookalike.Skeleton(k.Name)
}

// same is somebody who is g but for the name.
func (r *room) same(g Guest) *applicant {
	if r == nil {
		return nil
	}
	if i := slices.IndexFunc(r.applicants, func(k *applicant) bool {
		return k.Identity == g.Identity && bytes.Equal(k.Key, g.Key)
	}); i >= 0 {
		return r.applicants[i]
	}
	return nil
}

// waiting are those who wait.
func (r *room) waiting() []*applicant {
	if r == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(r.applicants), func(k *applicant) bool { return !k.waits() })
}

// forget forgets somebody.
func (w *Rooms) forget(k *applicant) {
	r := w.rooms[k.Room]
	before := len(r.applicants)
	r.applicants = slices.DeleteFunc(r.applicants, func(other *applicant) bool { return other == k })
	if len(r.applicants) == before {
		return
	}
	drop(w.addresses, k.From)
	drop(w.keys, k.installation())
	w.all--
	w.notify(r)
}

func drop[K comparable](counts map[K]int, of K) {
	if counts[of]--; counts[of] <= 0 {
		delete(counts, of)
	}
}

// expire forgets who has stopped asking.
func (w *Rooms) expire(now time.Time) {
	for _, r := range w.rooms {
		for _, k := range slices.Clone(r.applicants) {
			if k.asking == 0 && now.After(k.until) {
				w.forget(k)
			}
		}
	}
}
