package client

import (
	"context"
	"fmt"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"

	"foyer/engine/call"
	"foyer/engine/client/data"
)

// maxBuffered is how many bytes may wait in the data channel.
const maxBuffered = 1 << 20

// dataChannels are ours to the server. Only the loop uses them.
type dataChannels struct {
	s        *session
	receiver *data.Receiver
	sender   *data.Sender
	flow     data.Flow // on the present connection
}

// onTick joins anew when the channels, or the connection beneath them, were closed from
// the other end, or stand still: nobody would hear us, and we would look as if all were
// well. pion counts a connection that was closed neither as disconnected nor as failed.
func (dc *dataChannels) onTick(now time.Time) {
	dc.s.alarms.Set(alarmData, data.FlowTick)
	t := dc.s.transport
	switch {
	case t == nil || dc.s.phase != phaseUp:
		dc.flow.Rest(now)
	case dc.flow.Ended(t.Closed()):
		dc.s.lost(fmt.Errorf("%w: the media connection was closed", call.ErrConnectionLost), true)
	case t.Connected() && dc.flow.Stalls(t.Reliable.BufferedAmount(), now):
		dc.s.lost(fmt.Errorf("%w: data does not arrive", call.ErrConnectionLost), true)
	}
}

// write gives bytes to the reliable channel.
func (dc *dataChannels) write(raw []byte) error {
	dc.flow.Sent += uint64(len(raw))
	return dc.s.transport.Reliable.Send(raw)
}

// SendData implements [call.Session]. Payloads over 15000 bytes are refused
// with [call.ErrTooLong].
func (s *session) SendData(ctx context.Context, topic string, payload []byte) error {
	if len(payload) > data.MaxPayload || len(topic) > data.MaxTopic {
		return fmt.Errorf("send data: %w: %d bytes, at most %d", call.ErrTooLong, len(payload), data.MaxPayload)
	}
	packet := &livekit.DataPacket{
		Value: &livekit.DataPacket_User{User: &livekit.UserPacket{Payload: payload, Topic: &topic}},
	}
	err := s.askWhenReady(ctx, func() (bool, error) { return s.data.sendPacket(packet) })
	if err != nil {
		return fmt.Errorf("send data: %w", err)
	}
	return nil
}

// sendPacket sends, or is not ready to.
func (dc *dataChannels) sendPacket(packet *livekit.DataPacket) (ready bool, err error) {
	if dc.s.over() {
		return true, call.ErrNotInRoom
	}
	if !dc.ready() {
		return false, nil
	}
	return true, dc.push(packet)
}

// ready reports whether a packet may be sent.
func (dc *dataChannels) ready() bool {
	t := dc.s.transport
	return t != nil && t.Reliable != nil && t.Reliable.ReadyState() == webrtc.DataChannelStateOpen &&
		t.Reliable.BufferedAmount() <= maxBuffered
}

// push sends a packet and keeps it for a resume.
func (dc *dataChannels) push(packet *livekit.DataPacket) error {
	raw, err := dc.sender.Write(packet, dc.s.roster.Self().Identity)
	if err != nil {
		return err
	}
	return dc.write(raw)
}

// resend repeats what the server says it has not got.
func (dc *dataChannels) resend(lastHeard uint32) {
	t := dc.s.transport
	if t == nil || t.Reliable == nil || t.Reliable.ReadyState() != webrtc.DataChannelStateOpen {
		return
	}
	for _, raw := range dc.sender.After(lastHeard) {
		if err := dc.write(raw); err != nil {
			dc.s.log.WithError(err).Debug("data could not be repeated")
			return
		}
	}
}

// carryOver makes the data side new for the participant that we become.
func (dc *dataChannels) carryOver() {
	waiting := uint64(0)
	if t := dc.s.transport; t != nil && t.Reliable != nil {
		waiting = t.Reliable.BufferedAmount()
	}
	dc.receiver, dc.sender = data.NewReceiver(dc.s.dialer.observe), dc.sender.CarryOver(waiting, dc.s.reconnection.since)
	dc.s.chat.order.Restart()
}

// onReady lets those go on who wait for the data channel.
func (dc *dataChannels) onReady() {
	dc.s.chat.repeat()
	dc.s.wake()
}

// onMessage takes a message of a data channel.
func (dc *dataChannels) onMessage(raw []byte, lossy bool) {
	now := time.Now()
	for _, item := range dc.receiver.Receive(raw, lossy, now) {
		switch item := item.(type) {
		case data.Received:
			dc.s.emit(call.DataReceived(item))
		case data.Chat:
			dc.s.chat.onMessage(item.ChatMessage, now)
		case data.Batch:
			dc.s.chat.onBatch(item.ChatBatch, now)
		case data.Heartbeat:
			dc.s.liveness.onHeartbeat(item, now)
		case data.Notice:
			dc.s.onCall(item)
		}
	}
}
