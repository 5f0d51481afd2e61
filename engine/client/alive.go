package client

import (
	"encoding/binary"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"
	"google.golang.org/protobuf/proto"

	"foyer/engine/call"
)

// The server says nothing for about 20 s about somebody who has died, and media
// tells only of those who send some. So each Foyer client sends the others a
// small lossy packet, a beat, each second: its payload is the time until the
// next one, in milliseconds, as a varint; 0 says that the sender is reconnecting.
// Clients of other makes ignore the topic, and are judged by their media alone.
const (
	aliveTopic = "foyer.alive"
	beatEvery  = time.Second
	beatLimit  = time.Minute // the longest time between two beats
	// beatsASecond is what all beats of a room may cost its server together:
	// everybody's to everybody else, in packets. Up to 50 people all beat each
	// second, 100 people each 4 s.
	beatsASecond = 2500
	// mayMiss is how many beats may be missing, and a half, before a peer counts
	// as lost: with 1 s this keeps the 5 s of contract O4, and two lost packets
	// in a row mean nothing.
	mayMiss = 3
)

// beat is one sign of life.
type beat struct {
	sid  call.SID
	next time.Duration // until the next one; 0: reconnecting
}

// beatInterval is the time between two beats in a room of so many people.
func beatInterval(people int) time.Duration {
	return min(max(time.Duration(people)*time.Duration(people)*time.Second/beatsASecond, beatEvery), beatLimit)
}

// hearBeat reads a beat. The server writes the SID.
func (d *dataState) hearBeat(p *livekit.DataPacket) {
	ms, n := binary.Uvarint(p.GetUser().GetPayload())
	if n <= 0 || p.GetParticipantSid() == "" || len(p.GetParticipantSid()) > call.MaxIDBytes {
		return
	}
	next := time.Duration(min(ms, uint64(beatLimit/time.Millisecond))) * time.Millisecond
	if next > 0 {
		next = max(next, beatEvery)
	}
	d.beats = append(d.beats, beat{sid: call.SID(p.GetParticipantSid()), next: next})
}

// onData takes a message of a data channel.
func (s *session) onData(data []byte, lossy bool) {
	now := time.Now()
	for _, e := range s.data.receive(data, lossy, now) {
		if c, ok := s.named(e).(call.ChatReceived); ok {
			s.onDirect(c, now)
		} else {
			s.emit(e)
		}
	}
	batches := s.data.batches
	s.data.batches = nil
	for _, b := range batches {
		s.onBatch(b, now)
	}
	for _, b := range s.data.beats {
		if p := s.roster.presumedOf(b.sid); p != nil && b.next > 0 {
			s.bringBack(p)
		}
		s.roster.hear(b, now)
	}
	s.data.beats = s.data.beats[:0]
	notices := s.data.notices
	s.data.notices = nil
	for _, n := range notices {
		s.onCall(n)
	}
}

// onBeatDue beats if anybody is there to hear it.
func (s *session) onBeatDue() {
	every := beatInterval(len(s.roster.people) + 1)
	s.alarms.set(alarmBeat, every)
	if s.phase == phaseUp && len(s.roster.people) > 0 {
		s.sendBeat(every)
	}
}

// sendBeat tells whether it could send a beat; if not, another one follows.
func (s *session) sendBeat(next time.Duration) bool {
	t := s.transport
	if s.limits.noBeat || s.dialer.observe || s.standing.Muted || t == nil ||
		t.lossy.ReadyState() != webrtc.DataChannelStateOpen || t.lossy.BufferedAmount() > lowBuffered {
		return false
	}
	topic := aliveTopic
	data, err := proto.Marshal(&livekit.DataPacket{
		Kind:                livekit.DataPacket_LOSSY, // older servers read it
		ParticipantIdentity: string(s.roster.self.Identity),
		Value: &livekit.DataPacket_User{User: &livekit.UserPacket{
			Topic: &topic, Payload: binary.AppendUvarint(nil, uint64(next/time.Millisecond)),
		}},
	})
	if err == nil {
		err = t.lossy.Send(data)
	}
	if err != nil {
		s.log.WithError(err).Debug("beat could not be sent")
	}
	return err == nil
}

// life is what is known of a peer's being there.
type life struct {
	beatAt     time.Time     // of the last beat; zero before the first
	beatBound  time.Duration // without a beat for so long: lost
	canBeat    bool          // the server lets the peer send data
	mending    bool          // the peer says that it is reconnecting
	quiet      bool          // half the time has passed after which it is lost
	lostServer bool          // the server says that it is lost
	lostDoor   bool          // the door does: the socket has ended
	silent     bool          // we do: its packets have stopped
}

// hear takes a beat.
func (r *roster) hear(b beat, now time.Time) {
	p := r.people[r.sids[b.sid]]
	if p == nil {
		return
	}
	p.life.beatAt, p.life.mending = now, b.next == 0
	if b.next > 0 {
		p.life.beatBound = mayMiss*b.next + b.next/2
		p.life.lostDoor = false
	}
}

// listen decides whether a peer has gone silent. media is when a packet of a
// track came that must be sending, zero if there is no such track; deaf is until
// when we could not hear anybody. A peer that beats is there, whatever its media
// do; in a large room beats are too rare to wait for them.
func (l *life) listen(media, deaf, now time.Time) {
	last, bound := media, silenceBound
	if l.canBeat && !l.beatAt.IsZero() && l.beatBound > 0 && (media.IsZero() || l.beatBound <= mayMiss*beatEvery+beatEvery/2) {
		bound = l.beatBound
		if l.beatAt.After(last) {
			last = l.beatAt
		}
	}
	if last.IsZero() {
		l.quiet, l.silent = false, false // nothing to go by
		return
	}
	if last.Before(deaf) {
		last = deaf
	}
	l.quiet, l.silent = now.Sub(last) > bound/2, now.Sub(last) > bound
}

// healthy tells whether a peer was there until now, as far as we know.
func (l *life) healthy() bool {
	return !l.lostServer && !l.lostDoor && !l.silent && !l.quiet && !l.mending
}
