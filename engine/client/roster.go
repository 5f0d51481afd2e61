package client

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
)

// maxPeople bounds the roster. LiveKit rooms end at a few thousand.
const maxPeople = 10_000

// roster is everybody in the room, ourselves excluded: a pure state machine
// that turns LiveKit's full states into the differences that Foyer reports.
type roster struct {
	self  call.Participant
	shows bool // the server lets us publish
	// version is that of what we know of ourselves.
	version uint32
	// observes: who left before they were seen is reported, too.
	observes bool
	people   map[call.Identity]*person
	sids     map[call.SID]call.Identity // of people, to resolve speakers and qualities
	twins    map[string][]*person       // of people and me, by key
	me       *person                    // self, among the twins

	presumed map[call.Identity]*presumption // not of people

	speakers map[call.SID]float32
}

type person struct {
	call.Participant
	version  uint32
	protocol int32 // client_protocol: which forms of data it reads
	batches  bool  // it reads the keeper's
	life     life
	given    string // the name as the server says it; Participant has one that is told apart
	key      string // equal for names that look alike
	skeleton string // of the name that is told apart, once that is given
}

func newRoster(join *livekit.JoinResponse) *roster { return makeRoster(join, false) }

func makeRoster(join *livekit.JoinResponse, observes bool) *roster {
	r := &roster{
		observes: observes,
		self:     participantFrom(join.GetParticipant(), nil),
		shows:    mayPublish(join.GetParticipant()),
		version:  join.GetParticipant().GetVersion(),
		people:   map[call.Identity]*person{},
		sids:     map[call.SID]call.Identity{},
		twins:    map[string][]*person{},
		presumed: map[call.Identity]*presumption{},
		speakers: map[call.SID]float32{},
	}
	r.know(r.self)
	for _, info := range join.GetOtherParticipants() {
		r.apply(info)
	}
	return r
}

// know takes what the server says of ourselves.
func (r *roster) know(self call.Participant) (events []call.SessionEvent) {
	if r.me != nil {
		events = r.delist(r.me)
	}
	r.self, r.me = self, &person{Participant: self}
	r.me.callIt()
	return append(events, r.enlist(r.me)...)
}

// participants lists everybody, first come first.
func (r *roster) participants() []call.Participant {
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

// apply takes one participant's new state and returns what changed, in order.
func (r *roster) apply(info *livekit.ParticipantInfo) []call.SessionEvent {
	id, sid := call.Identity(info.GetIdentity()), call.SID(info.GetSid())
	if id == "" || sid == "" || len(id) > call.MaxIDBytes || len(sid) > call.MaxIDBytes {
		return nil
	}
	if id == r.self.Identity {
		// Another SID of ours is an old connection that the server is just
		// closing, or a newcomer that puts us out, which a leave will tell.
		if sid == r.self.SID && info.GetVersion() >= r.version {
			r.shows, r.version = mayPublish(info), info.GetVersion()
			return r.know(r.participant(info, r.self.Tracks))
		}
		return nil
	}
	if p := r.presumed[id]; p != nil {
		return r.settle(p, info)
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
		if joinedAt(info).Before(old.JoinedAt) {
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
// a newcomer of that identity puts the old participant out as a duplicate
// (livekit-server, pkg/service/roommanager.go, StartSession). But who reconnects was not there just
// before, or has said so with its last beat (contract K3, K4). A device taken
// over while its link is down counts as lost, which is true as well.
func (p *person) replaced(reason call.LeaveReason) call.LeaveReason {
	if reason == call.ReasonDuplicate && !p.life.healthy() {
		return call.ReasonConnectionLost
	}
	return reason
}

// unseen is somebody who came and went between two of LiveKit's updates: of who
// publishes nothing it tells every 3 s only (room.go, subscriberUpdateInterval).
// To the others they never were there; to the keeper it counts how they went.
func (r *roster) unseen(info *livekit.ParticipantInfo) []call.SessionEvent {
	if !r.observes {
		return nil
	}
	reason := call.ReasonFromDisconnect(int32(info.GetDisconnectReason()))
	return []call.SessionEvent{call.ParticipantLeft{Participant: r.participant(info, nil), Reason: reason}}
}

func (r *roster) join(info *livekit.ParticipantInfo) []call.SessionEvent {
	p := &person{Participant: r.participant(info, nil), version: info.GetVersion(), protocol: info.GetClientProtocol()}
	p.batches = info.GetAttributes()[call.AttributeBatches] != ""
	p.life.canBeat = !p.Muted
	p.callIt()
	return r.add(p)
}

func (r *roster) add(p *person) []call.SessionEvent {
	if len(r.people) >= maxPeople {
		return nil
	}
	r.people[p.Identity] = p
	r.sids[p.SID] = p.Identity
	others := r.enlist(p)
	return append([]call.SessionEvent{call.ParticipantJoined{Participant: p.copy()}}, others...)
}

func (r *roster) leave(p *person, reason call.LeaveReason) []call.SessionEvent {
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
func (r *roster) change(p *person, info *livekit.ParticipantInfo) []call.SessionEvent {
	before := p.Participant
	p.Participant = r.participant(info, before.Tracks)
	p.Lost = before.Lost
	others := r.rename(p, before.Name)
	p.version, p.life.canBeat = info.GetVersion(), !p.Muted
	if p.Muted {
		p.life.beatAt = time.Time{} // once it may again, its silence counts from the next beat
	}
	events := diffTracks(p.Identity, before.Tracks, p.Tracks)
	if len(events) > 0 || before.Name != p.Name || before.Muted != p.Muted || !slices.Equal(before.Tracks, p.Tracks) {
		events = append(events, call.ParticipantUpdated{Participant: p.copy()})
	}
	return append(events, others...)
}

// rename gives somebody the name before, unless the server says another one now.
func (r *roster) rename(p *person, before string) []call.SessionEvent {
	if p.Name == p.given {
		p.Name = before
		return nil
	}
	events := r.delist(p)
	p.callIt()
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

// replace takes the whole roster, as the server sends it after a resume, and
// lets everybody go who is not in it: they left while we could not hear it.
func (r *roster) replace(infos []*livekit.ParticipantInfo) []call.SessionEvent {
	present := make(map[call.SID]bool, len(infos))
	for _, info := range infos {
		present[call.SID(info.GetSid())] = true
	}
	maps.DeleteFunc(r.presumed, func(_ call.Identity, p *presumption) bool { return !present[p.SID] })
	var events []call.SessionEvent
	for _, p := range r.participants() {
		if old := r.people[p.Identity]; !present[p.SID] && !slices.ContainsFunc(infos, func(i *livekit.ParticipantInfo) bool {
			return i.GetIdentity() == string(p.Identity)
		}) {
			events = append(events, r.leave(old, call.ReasonLeft)...)
		}
	}
	for _, info := range infos {
		events = append(events, r.apply(info)...)
	}
	return events
}

// track finds an announced track and its owner.
func (r *roster) track(owner, track call.SID) (call.Identity, call.Track, bool) {
	id, ok := r.sids[owner]
	if !ok {
		return "", call.Track{}, false
	}
	t, ok := findTrack(r.people[id].Tracks, track)
	return id, t, ok
}

// identity resolves a participant's SID, ourselves included.
func (r *roster) identity(sid call.SID) (call.Identity, bool) {
	if sid == r.self.SID {
		return r.self.Identity, true
	}
	id, ok := r.sids[sid]
	return id, ok
}

// speak merges the server's differences into the whole list of speakers.
func (r *roster) speak(changes []*livekit.SpeakerInfo) []call.SessionEvent {
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

func (r *roster) speakersChanged() call.SpeakersChanged {
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

// judge takes the server's view of connections. LOST marks somebody whose
// packets have stopped coming (contract O4).
func (r *roster) judge(updates []*livekit.ConnectionQualityInfo) []call.SessionEvent {
	var events []call.SessionEvent
	for _, u := range updates {
		id, known := r.identity(call.SID(u.GetParticipantSid()))
		if !known {
			continue
		}
		quality := qualityFrom(u.GetQuality())
		events = append(events, call.QualityChanged{ID: id, Quality: quality})
		if p := r.people[id]; p != nil {
			p.life.lostServer = quality == call.QualityLost
			events = append(events, p.mark()...)
		}
	}
	return events
}

// mark brings Lost up to date.
func (p *person) mark() []call.SessionEvent {
	if lost := p.life.lostServer || p.life.lostDoor || p.life.silent; p.Lost != lost {
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

func joinedAt(info *livekit.ParticipantInfo) time.Time {
	if ms := info.GetJoinedAtMs(); ms > 0 {
		return time.UnixMilli(ms)
	}
	return time.Unix(info.GetJoinedAt(), 0)
}

func openedAt(room *livekit.Room) time.Time {
	if ms := room.GetCreationTimeMs(); ms > 0 {
		return time.UnixMilli(ms)
	}
	return time.Unix(room.GetCreationTime(), 0)
}

// maxTracks is how many tracks of one participant count for those who observe.
const maxTracks = 64

// mayPublishData is true if the server does not say anything about it.
func mayPublishData(info *livekit.ParticipantInfo) bool {
	return info.GetPermission() == nil || info.GetPermission().GetCanPublishData()
}

func mayPublish(info *livekit.ParticipantInfo) bool {
	return info.GetPermission() == nil || info.GetPermission().GetCanPublish()
}

// participant is a participant as we see them. before are the tracks of theirs
// that we knew.
func (r *roster) participant(info *livekit.ParticipantInfo, before []call.Track) call.Participant {
	if r.observes {
		p := participantFrom(info, nil)
		p.Tracks = nil
		for _, t := range info.GetTracks() {
			if named(t) && len(p.Tracks) < maxTracks {
				p.Tracks = append(p.Tracks, trackFrom(t))
			}
		}
		return p
	}
	return participantFrom(info, before)
}

func participantFrom(info *livekit.ParticipantInfo, before []call.Track) call.Participant {
	return call.Participant{
		Identity: call.Identity(info.GetIdentity()), SID: call.SID(info.GetSid()),
		Name: call.Label(info.GetName()), JoinedAt: joinedAt(info), Tracks: admitTracks(info.GetTracks(), before),
		Helper: !isPerson(info.GetKind()), Generation: generation(info), Muted: !mayPublishData(info),
	}
}

// isPerson tells people, also those who come by telephone or bridge, from
// programs.
func isPerson(k livekit.ParticipantInfo_Kind) bool {
	return k != livekit.ParticipantInfo_AGENT && k != livekit.ParticipantInfo_EGRESS && k != livekit.ParticipantInfo_INGRESS
}

// generation is that of the Foyer door's token somebody has come with.
func generation(info *livekit.ParticipantInfo) int64 {
	n, err := strconv.ParseInt(info.GetAttributes()[call.AttributeGeneration], 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}
