package client

import (
	"encoding/binary"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"
	"google.golang.org/protobuf/proto"

	"foyer/engine/call"
	"foyer/engine/client/roster"
)

// A heartbeat is a small lossy packet. Its payload is the time until the next
// one, in milliseconds, as a varint; 0 says that the sender is reconnecting.
// Clients of other makes ignore the topic.
const aliveTopic = "foyer.alive"

// beat is one sign of life.
type beat struct {
	sid  call.SID
	next time.Duration // until the next one; 0: reconnecting
}

// hearBeat reads a beat. The server writes the SID.
func (d *dataState) hearBeat(p *livekit.DataPacket) {
	ms, n := binary.Uvarint(p.GetUser().GetPayload())
	if n <= 0 || p.GetParticipantSid() == "" || len(p.GetParticipantSid()) > call.MaxIDBytes {
		return
	}
	next := time.Duration(min(ms, uint64(roster.MaxHeartbeatInterval/time.Millisecond))) * time.Millisecond
	if next > 0 {
		next = max(next, roster.HeartbeatInterval)
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
		if b.next > 0 && s.roster.TimedOut(b.sid) {
			s.bringBack(b.sid)
		}
		s.roster.Heartbeat(b.sid, b.next, now)
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
	every := s.roster.HeartbeatEvery()
	s.alarms.set(alarmBeat, every)
	if s.phase == phaseUp && s.roster.Len() > 0 {
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
		ParticipantIdentity: string(s.roster.Self().Identity),
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
