package data

import (
	"encoding/json"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
	"foyer/engine/doorapi"
)

const (
	maxCallID = 64 // bytes of an RPC's id
	// unsupportedMethod is LiveKit's code of an RPC that nobody answers
	// (livekit-server pkg/utils DataChannelRpcUnsupportedMethod).
	unsupportedMethod = 1400
)

// Notice is a notice of the door's, or a call of the server's that must be
// answered.
type Notice struct {
	doorapi.Notice
	Call  string // the call's id; empty for a notice to everybody
	Valid bool   // Notice has been read
	known bool   // the method of the call
}

// parseNoticePacket takes a notice to everybody. The SFU writes the sender into
// what participants send, so that only the server's own packets have none.
func parseNoticePacket(packet *livekit.DataPacket, u *livekit.UserPacket) []Item {
	if packet.GetParticipantIdentity() != "" {
		return nil
	}
	if n, ok := parseNotice(u.GetPayload()); ok {
		return []Item{Notice{Notice: n, Valid: true}}
	}
	return nil
}

// parseCall takes the server's RPC. It bears its own id as the sender
// (ParticipantImpl.PerformRpc in livekit-server, pkg/rtc/participant.go), which a
// participant could have as well: but the SFU writes a participant's SID into what
// that sends.
func parseCall(packet *livekit.DataPacket, r *livekit.RpcRequest) []Item {
	id := r.GetId()
	if id == "" || len(id) > maxCallID || packet.GetParticipantSid() != "" || packet.GetParticipantIdentity() != id {
		return nil
	}
	in := Notice{Call: id, known: r.GetMethod() == doorapi.MethodNotice}
	if in.known {
		in.Notice, in.Valid = parseNotice([]byte(r.GetPayload()))
	}
	return []Item{in}
}

// parseNotice reads a notice and makes it fit to be shown.
func parseNotice(raw []byte) (doorapi.Notice, bool) {
	var n doorapi.Notice
	if len(raw) > doorapi.MaxNotice || json.Unmarshal(raw, &n) != nil || n.Kind == "" || len(n.ID) > call.MaxIDBytes {
		return doorapi.Notice{}, false
	}
	n.By, n.Text = call.Label(n.By), call.CleanRemovalText(n.Text)
	if _, err := call.ParseRole(string(n.Role)); err != nil {
		n.Role = ""
	}
	return n, true
}

// Answers acknowledge and answer a call. A notice to everybody has none.
func (n Notice) Answers() []*livekit.DataPacket {
	if n.Call == "" {
		return nil
	}
	response := &livekit.RpcResponse{RequestId: n.Call, Value: &livekit.RpcResponse_Payload{}}
	if !n.known {
		response.Value = &livekit.RpcResponse_Error{
			Error: &livekit.RpcError{Code: unsupportedMethod, Message: "Method not supported at destination"},
		}
	}
	answers := []*livekit.DataPacket{
		{Value: &livekit.DataPacket_RpcAck{RpcAck: &livekit.RpcAck{RequestId: n.Call}}},
		{Value: &livekit.DataPacket_RpcResponse{RpcResponse: response}},
	}
	for _, p := range answers {
		p.DestinationIdentities = []string{n.Call}
	}
	return answers
}
