package roster

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
	"foyer/engine/doorapi"
)

// maxPeople is how many others a roster holds. LiveKit rooms end at a few
// thousand.
const maxPeople = 10_000

// Roster is everybody in the room: a pure state machine that turns LiveKit's full
// states into the differences that Foyer reports.
type Roster struct {
	self       call.Participant
	canPublish bool // the server lets us publish
	// version is that of what we know of ourselves.
	version uint32
	// observes: people who left before they were seen are reported, too.
	observes bool
	// door: a Foyer door says who has which role and whose hand is up, and lets
	// nobody else say so.
	door       bool
	people     map[call.Identity]*person   // the others
	sids       map[call.SID]call.Identity  // of people, to resolve speakers and qualities
	lookAlikes map[string][]*person        // people and me, by what their names look like
	me         *person                     // self, among the look-alikes
	timedOut   map[call.Identity]*timedOut // not of people
	speakers   map[call.SID]float32
}

type person struct {
	call.Participant
	version  uint32
	protocol int32 // client_protocol: which forms of data it reads
	batches  bool  // it reads the keeper's
	liveness liveness
	given    string // the name as the server says it; Participant has one that is told apart
	key      string // equal for names that look alike
	skeleton string // of the name that is told apart, once that is given
}

// New makes the roster that a join begins with. observes is set for the keeper's,
// and door if the server is behind a Foyer door.
func New(join *livekit.JoinResponse, observes, door bool) *Roster {
	r := &Roster{
		observes:   observes,
		door:       door,
		canPublish: mayPublish(join.GetParticipant()),
		version:    join.GetParticipant().GetVersion(),
		people:     map[call.Identity]*person{},
		sids:       map[call.SID]call.Identity{},
		lookAlikes: map[string][]*person{},
		timedOut:   map[call.Identity]*timedOut{},
		speakers:   map[call.SID]float32{},
	}
	r.setSelf(r.read(join.GetParticipant(), nil))
	for _, info := range join.GetOtherParticipants() {
		r.Apply(info)
	}
	return r
}

// Self is ourselves.
func (r *Roster) Self() call.Participant { return r.self }

// CanPublish reports whether the server lets us publish.
func (r *Roster) CanPublish() bool { return r.canPublish }

// Len is how many others there are.
func (r *Roster) Len() int { return len(r.people) }

// Get returns one of the others.
func (r *Roster) Get(id call.Identity) (call.Participant, bool) {
	p := r.people[id]
	if p == nil {
		return call.Participant{}, false
	}
	return p.copy(), true
}

// setSelf takes what the server says of ourselves.
func (r *Roster) setSelf(self call.Participant) (events []call.SessionEvent) {
	if r.me != nil {
		events = r.delist(r.me)
	}
	r.self, r.me = self, &person{Participant: self}
	r.me.noteName()
	return append(events, r.enlist(r.me)...)
}

// changeSelf is setSelf, and reports ourselves if our hand goes up or down, which
// others can do as well.
func (r *Roster) changeSelf(self call.Participant) []call.SessionEvent {
	before := r.self.Hand
	events := r.setSelf(self)
	if before != r.self.Hand {
		events = append(events, call.ParticipantUpdated{Participant: r.self})
	}
	return events
}

// Participants lists the others, first come first.
func (r *Roster) Participants() []call.Participant {
	all := make([]call.Participant, 0, len(r.people))
	for _, p := range r.people {
		all = append(all, p.copy())
	}
	slices.SortFunc(all, func(a, b call.Participant) int {
		if c := a.JoinedAt.Compare(b.JoinedAt); c != 0 {
			return c
		}
		return cmp.Compare(a.Identity, b.Identity)
	})
	return all
}

// copy keeps the handed-out slice apart from the one that changes.
func (p *person) copy() call.Participant {
	out := p.Participant
	out.Tracks = slices.Clone(p.Tracks)
	return out
}

// Apply takes one participant's new state and returns what changed, in order.
func (r *Roster) Apply(info *livekit.ParticipantInfo) []call.SessionEvent {
	id, sid := call.Identity(info.GetIdentity()), call.SID(info.GetSid())
	if id == "" || sid == "" || len(id) > call.MaxIDBytes || len(sid) > call.MaxIDBytes {
		return nil
	}
	if id == r.self.Identity {
		// Another SID of ours is an old connection that the server is just
		// closing, or a newcomer that takes our place, which a leave will tell.
		if sid == r.self.SID && info.GetVersion() >= r.version {
			r.canPublish, r.version = mayPublish(info), info.GetVersion()
			return r.changeSelf(r.participant(info, r.self.Tracks))
		}
		return nil
	}
	if p := r.timedOut[id]; p != nil {
		return r.applyTimedOut(p, info)
	}
	old := r.people[id]
	gone := info.GetState() == livekit.ParticipantInfo_DISCONNECTED
	switch {
	case old == nil && gone:
		return r.unseen(info)
	case old == nil:
		return r.join(info)
	case old.SID != sid && gone:
		return nil // an earlier connection of somebody who is here again
	case old.SID != sid:
		if JoinedAt(info).Before(old.JoinedAt) {
			return nil // late news of the earlier connection
		}
		events := r.leave(old, old.replaced(call.ReasonDuplicate))
		return append(events, r.join(info)...)
	case gone:
		return r.leave(old, old.replaced(call.ReasonFromDisconnect(int32(info.GetDisconnectReason()))))
	case info.GetVersion() < old.version:
		return nil
	default:
		return r.change(old, info)
	}
}

// replaced tells another device from a reconnect. To LiveKit both are the same:
// a newcomer of that identity removes the old participant as a duplicate
// (livekit-server, pkg/service/roommanager.go, StartSession). But who reconnects was not there just
// before, or has said so with its last heartbeat (contract K3, K4). A device taken
// over while its link is down counts as lost, which is true as well.
func (p *person) replaced(reason call.LeaveReason) call.LeaveReason {
	if reason == call.ReasonDuplicate && !p.liveness.healthy() {
		return call.ReasonConnectionLost
	}
	return reason
}

// unseen is somebody who came and went between two of LiveKit's updates: it reports
// participants without tracks only every 3 s (room.go, subscriberUpdateInterval). The
// others never saw them; the keeper has to know how they went.
func (r *Roster) unseen(info *livekit.ParticipantInfo) []call.SessionEvent {
	if !r.observes {
		return nil
	}
	reason := call.ReasonFromDisconnect(int32(info.GetDisconnectReason()))
	return []call.SessionEvent{call.ParticipantLeft{Participant: r.participant(info, nil), Reason: reason}}
}

func (r *Roster) join(info *livekit.ParticipantInfo) []call.SessionEvent {
	p := &person{Participant: r.participant(info, nil), version: info.GetVersion(), protocol: info.GetClientProtocol()}
	p.batches = info.GetAttributes()[doorapi.AttributeBatches] != ""
	p.liveness.canSend = !p.Muted
	p.noteName()
	return r.add(p)
}

func (r *Roster) add(p *person) []call.SessionEvent {
	if len(r.people) >= maxPeople {
		return nil
	}
	r.people[p.Identity] = p
	r.sids[p.SID] = p.Identity
	others := r.enlist(p)
	return append([]call.SessionEvent{call.ParticipantJoined{Participant: p.copy()}}, others...)
}

func (r *Roster) leave(p *person, reason call.LeaveReason) []call.SessionEvent {
	delete(r.people, p.Identity)
	delete(r.sids, p.SID)
	events := []call.SessionEvent{call.ParticipantLeft{Participant: p.copy(), Reason: reason}}
	if _, spoke := r.speakers[p.SID]; spoke {
		delete(r.speakers, p.SID)
		events = append(events, r.speakersChanged())
	}
	return append(events, r.delist(p)...)
}

// change compares names and tracks.
func (r *Roster) change(p *person, info *livekit.ParticipantInfo) []call.SessionEvent {
	before := p.Participant
	p.Participant = r.participant(info, before.Tracks)
	p.Lost = before.Lost
	others := r.rename(p, before.Name)
	p.version, p.liveness.canSend = info.GetVersion(), !p.Muted
	if p.Muted {
		p.liveness.heardAt = time.Time{} // once it may again, its silence counts from the next heartbeat
	}
	events := diffTracks(p.Identity, before.Tracks, p.Tracks)
	if len(events) > 0 || differs(before, p.Participant) {
		events = append(events, call.ParticipantUpdated{Participant: p.copy()})
	}
	return append(events, others...)
}

func differs(a, b call.Participant) bool {
	return a.Name != b.Name || a.Muted != b.Muted || a.Role != b.Role || a.Hand != b.Hand ||
		!slices.Equal(a.Tracks, b.Tracks)
}

// rename gives somebody the name before, unless the server says another one now.
func (r *Roster) rename(p *person, before string) []call.SessionEvent {
	if p.Name == p.given {
		p.Name = before
		return nil
	}
	events := r.delist(p)
	p.noteName()
	return append(events, r.enlist(p)...)
}

func diffTracks(id call.Identity, before, after []call.Track) []call.SessionEvent {
	var events []call.SessionEvent
	for _, t := range before {
		if _, ok := findTrack(after, t.SID); !ok {
			events = append(events, call.TrackUnpublished{ID: id, Track: t})
		}
	}
	for _, t := range after {
		was, ok := findTrack(before, t.SID)
		switch {
		case !ok:
			events = append(events, call.TrackPublished{ID: id, Track: t})
		case t.Muted && !was.Muted:
			events = append(events, call.TrackMuted{ID: id, Track: t})
		case !t.Muted && was.Muted:
			events = append(events, call.TrackUnmuted{ID: id, Track: t})
		}
	}
	return events
}

func findTrack(tracks []call.Track, sid call.SID) (call.Track, bool) {
	i := slices.IndexFunc(tracks, func(t call.Track) bool { return t.SID == sid })
	if i < 0 {
		return call.Track{}, false
	}
	return tracks[i], true
}

// Replace takes the whole roster, as the server sends it after a resume, and
// lets everybody go who is not in it: they left while we could not hear it.
func (r *Roster) Replace(infos []*livekit.ParticipantInfo) []call.SessionEvent {
	present := make(map[call.SID]bool, len(infos))
	for _, info := range infos {
		present[call.SID(info.GetSid())] = true
	}
	maps.DeleteFunc(r.timedOut, func(_ call.Identity, p *timedOut) bool { return !present[p.SID] })
	var events []call.SessionEvent
	for _, p := range r.Participants() {
		if old := r.people[p.Identity]; !present[p.SID] && !slices.ContainsFunc(infos, func(i *livekit.ParticipantInfo) bool {
			return i.GetIdentity() == string(p.Identity)
		}) {
			events = append(events, r.leave(old, call.ReasonLeft)...)
		}
	}
	for _, info := range infos {
		events = append(events, r.Apply(info)...)
	}
	return events
}

// Track finds an announced track and its owner.
func (r *Roster) Track(owner, track call.SID) (call.Identity, call.Track, bool) {
	id, ok := r.sids[owner]
	if !ok {
		return "", call.Track{}, false
	}
	t, ok := findTrack(r.people[id].Tracks, track)
	return id, t, ok
}

// identity resolves a participant's SID, ourselves included.
func (r *Roster) identity(sid call.SID) (call.Identity, bool) {
	if sid == r.self.SID {
		return r.self.Identity, true
	}
	id, ok := r.sids[sid]
	return id, ok
}

// ApplySpeakers merges the server's differences into the whole list of speakers.
func (r *Roster) ApplySpeakers(changes []*livekit.SpeakerInfo) []call.SessionEvent {
	changed := false
	for _, c := range changes {
		sid := call.SID(c.GetSid())
		if _, known := r.identity(sid); !known {
			continue
		}
		changed = true
		if c.GetActive() {
			r.speakers[sid] = min(max(c.GetLevel(), 0), 1)
		} else {
			delete(r.speakers, sid)
		}
	}
	if !changed {
		return nil
	}
	return []call.SessionEvent{r.speakersChanged()}
}

func (r *Roster) speakersChanged() call.SpeakersChanged {
	list := make([]call.SpeakerLevel, 0, len(r.speakers))
	for sid, level := range r.speakers {
		id, _ := r.identity(sid)
		list = append(list, call.SpeakerLevel{ID: id, Level: level})
	}
	slices.SortFunc(list, func(a, b call.SpeakerLevel) int {
		return cmp.Or(cmp.Compare(b.Level, a.Level), cmp.Compare(a.ID, b.ID))
	})
	return call.SpeakersChanged{Speakers: list}
}

// ApplyQualities takes the server's view of connections. LOST marks somebody whose
// packets have stopped coming (contract O4).
func (r *Roster) ApplyQualities(updates []*livekit.ConnectionQualityInfo) []call.SessionEvent {
	var events []call.SessionEvent
	for _, u := range updates {
		id, known := r.identity(call.SID(u.GetParticipantSid()))
		if !known {
			continue
		}
		quality := qualityFrom(u.GetQuality())
		events = append(events, call.QualityChanged{ID: id, Quality: quality})
		if p := r.people[id]; p != nil {
			p.liveness.lostServer = quality == call.QualityLost
			events = append(events, p.updateLost()...)
		}
	}
	return events
}

// SetLostByDoor takes the door's word that somebody's connection is lost, or is
// back.
func (r *Roster) SetLostByDoor(id call.Identity, lost bool) []call.SessionEvent {
	p := r.people[id]
	if p == nil {
		return nil
	}
	p.liveness.lostDoor = lost
	return p.updateLost()
}

// updateLost brings Lost up to date.
func (p *person) updateLost() []call.SessionEvent {
	if lost := p.liveness.lostServer || p.liveness.lostDoor || p.liveness.silent; p.Lost != lost {
		p.Lost = lost
		return []call.SessionEvent{call.ParticipantUpdated{Participant: p.copy()}}
	}
	return nil
}

func qualityFrom(q livekit.ConnectionQuality) call.Quality {
	switch q {
	case livekit.ConnectionQuality_LOST:
		return call.QualityLost
	case livekit.ConnectionQuality_POOR:
		return call.QualityPoor
	case livekit.ConnectionQuality_GOOD:
		return call.QualityGood
	case livekit.ConnectionQuality_EXCELLENT:
		return call.QualityExcellent
	default:
		return call.QualityUnknown
	}
}

// EverybodyReads reports whether all others are of that client_protocol or newer.
// Hidden participants are not among them; those of a Foyer door are.
func (r *Roster) EverybodyReads(protocol int32) bool {
	for _, p := range r.people {
		if p.protocol < protocol {
			return false
		}
	}
	return true
}

// EverybodyReadsBatches reports whether all others read the keeper's batches, also
// those who have timed out and may be there after all.
func (r *Roster) EverybodyReadsBatches() bool {
	for _, p := range r.people {
		if !p.batches {
			return false
		}
	}
	for _, p := range r.timedOut {
		if !p.batches {
			return false
		}
	}
	return true
}
