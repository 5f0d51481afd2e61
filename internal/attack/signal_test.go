//go:build linux

package attack_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/internal/attack"
)

// signalAttacks are well-formed messages that mean no good.
func signalAttacks() []attempt {
	return []attempt{
		{"flood of AddTrack", participant, "announce thousands of tracks that never come", flood(5_000, 50_000, addTracks)},
		{"AddTrack with a name of 1 MB", participant, "let everybody hold it", flood(5, 50, longNames)},
		{"100,000 sections", participant, "offer a session description without an end", manySections},
		{"flood of candidates", participant, "name 50,000 addresses", flood(20_000, 200_000, candidates)},
		{"ICE restarts in a loop", participant, "begin the media connection anew without pause", iceRestarts},
		{"subscribing to 100,000 tracks", participant, "let the server look for what is not there", flood(5, 100, subscriptions)},
		{"flood of track settings", participant, "turn the layers of tracks on and off", flood(20_000, 200_000, trackSettings)},
		{"flood of metadata", participant, "change name, metadata and attributes for everybody", metadata},
		{"speaking for others", participant, "mute ada, change her metadata and permissions", aboutOthers},
		{"simulated failures", participant, "use LiveKit's switches for tests", simulate},
		{"sync state of a stranger", participant, "claim tracks and channels of others", flood(2_000, 20_000, syncStates)},
		{"data blobs", participant, "store what nobody asks for", flood(500, 20_000, blobs)},
		{"flood of data tracks", participant, "announce thousands of them", flood(2_000, 20_000, dataTracks)},
		{"unknown messages", participant, "send fields of a protocol that is to come", flood(2_000, 20_000, unknown)},
		{"gzip bomb in a join request", participant, "unpack 100 MB before the token is looked at", gzipJoin},
		{"join with 5,000 tracks", participant, "announce them before anybody can refuse", fatJoin},
		{"coming and going", participant, "connect and hang up without pause", churn},
		{"sockets of one identity", participant, "hold 50 at a time", manySockets},
		{"resuming somebody else", participant, "take ada's place by her session ID", resumeOthers},
		{"token of another room", participant, "come into the hall with it", otherRoom},
		{"WebSocket elsewhere", participant, "upgrade on paths of the API", upgradeElsewhere},
	}
}

// flood says the n-th message again and again. A server may cut it.
func flood(few, often int, message func(s *stage, n int) *livekit.SignalRequest) func(*stage) (string, error) {
	return func(s *stage) (string, error) {
		g, err := s.participant()
		if err != nil {
			return "", err
		}
		return s.repeat(g, many(few, often), message)
	}
}

func (s *stage) repeat(g *attack.Guest, times int, message func(s *stage, n int) *livekit.SignalRequest) (string, error) {
	for n := range times {
		if g.Say(message(s, n)) != nil || !g.In() {
			return fmt.Sprintf("%s, %d messages", cutText(g, 0), n), nil
		}
	}
	said, err := s.goesOn(g)
	return fmt.Sprintf("%s, all %d messages", said, times), err
}

func addTracks(_ *stage, n int) *livekit.SignalRequest {
	return &livekit.SignalRequest{Message: &livekit.SignalRequest_AddTrack{AddTrack: &livekit.AddTrackRequest{
		Cid: fmt.Sprint("t", n), Name: "flood", Type: livekit.TrackType_VIDEO, Source: livekit.TrackSource_CAMERA, Width: 4096, Height: 2304,
	}}}
}

func longNames(_ *stage, n int) *livekit.SignalRequest {
	m := addTracks(nil, n)
	m.GetAddTrack().Name = strings.Repeat("x", 1<<20)
	return m
}

func manySections(s *stage) (string, error) {
	g, err := s.participant()
	if err != nil {
		return "", err
	}
	var sdp strings.Builder
	sdp.WriteString("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n")
	for n := range 100_000 {
		fmt.Fprintf(&sdp, "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:%d\r\na=rtpmap:96 VP8/90000\r\n", n)
	}
	offer := &livekit.SignalRequest{Message: &livekit.SignalRequest_Offer{Offer: &livekit.SessionDescription{Type: "offer", Sdp: sdp.String(), Id: 1}}}
	return s.repeat(g, 1, func(*stage, int) *livekit.SignalRequest { return offer })
}

func candidates(_ *stage, n int) *livekit.SignalRequest {
	return &livekit.SignalRequest{Message: &livekit.SignalRequest_Trickle{Trickle: &livekit.TrickleRequest{
		Target: livekit.SignalTarget_PUBLISHER,
		CandidateInit: fmt.Sprintf(`{"candidate":"candidate:%d 1 udp %d 127.%d.%d.%d %d typ host","sdpMid":"0","sdpMLineIndex":0}`,
			n, 1+n, n>>16&255, n>>8&255, n&255, 1024+n%60000),
	}}}
}

func iceRestarts(s *stage) (string, error) {
	g, _, err := s.sender()
	if err != nil {
		return "", err
	}
	for n := range many(30, 300) {
		if err := g.Restart(s.ctx); err != nil {
			return fmt.Sprintf("not answered any more after %d", n), nil
		}
	}
	return s.goesOn(g)
}

func subscriptions(_ *stage, n int) *livekit.SignalRequest {
	sids := make([]string, 100_000)
	for i := range sids {
		sids[i] = fmt.Sprintf("TR_%d_%d", n, i)
	}
	return &livekit.SignalRequest{Message: &livekit.SignalRequest_Subscription{Subscription: &livekit.UpdateSubscription{TrackSids: sids, Subscribe: true}}}
}

func trackSettings(_ *stage, n int) *livekit.SignalRequest {
	return &livekit.SignalRequest{Message: &livekit.SignalRequest_TrackSetting{TrackSetting: &livekit.UpdateTrackSettings{
		TrackSids: []string{fmt.Sprint("TR_", n)}, Disabled: n%2 == 0, Quality: livekit.VideoQuality_HIGH, Width: 4096, Height: 2304,
	}}}
}

func metadata(s *stage) (string, error) {
	g, p, err := s.guest(call.RoleParticipant)
	if err != nil {
		return "", err
	}
	said, err := s.repeat(g, many(1_000, 20_000), func(_ *stage, n int) *livekit.SignalRequest {
		return &livekit.SignalRequest{Message: &livekit.SignalRequest_UpdateMetadata{UpdateMetadata: &livekit.UpdateParticipantMetadata{
			Name: fmt.Sprint("renamed ", n), Metadata: strings.Repeat("m", 1024), RequestId: uint32(n),
			Attributes: map[string]string{"foyer.member": "forged", fmt.Sprint("key", n): strings.Repeat("a", 512)},
		}}}
	})
	for _, e := range s.ada.Events()[s.mark:] {
		if e.Name == "participant_updated" && e.Text("id") == string(p.ID) && e.Text("name") != p.Name {
			return said, reached("ada sees %s", e.Raw)
		}
	}
	return said, err
}

// adasTrack is a track of ada's, and who she is, as everybody sees it.
func (s *stage) adasTrack(g *attack.Guest) (sid, participant string, err error) {
	m, err := g.Hear(s.ctx, func(m *livekit.SignalResponse) bool { return m.GetJoin() != nil })
	if err != nil {
		return "", "", err
	}
	for _, p := range m.GetJoin().GetOtherParticipants() {
		if p.GetIdentity() == s.ada.id && len(p.GetTracks()) > 0 {
			return p.GetTracks()[0].GetSid(), p.GetSid(), nil
		}
	}
	return "", "", fmt.Errorf("ada has no track among %v", m.GetJoin().GetOtherParticipants())
}

func aboutOthers(s *stage) (string, error) {
	g, err := s.participant()
	if err != nil {
		return "", err
	}
	track, sid, err := s.adasTrack(g)
	if err != nil {
		return "", err
	}
	mark := s.ada.Mark()
	for _, m := range []*livekit.SignalRequest{
		{Message: &livekit.SignalRequest_Mute{Mute: &livekit.MuteTrackRequest{Sid: track, Muted: true}}},
		{Message: &livekit.SignalRequest_UpdateAudioTrack{UpdateAudioTrack: &livekit.UpdateLocalAudioTrack{TrackSid: track}}},
		{Message: &livekit.SignalRequest_UpdateLayers{UpdateLayers: &livekit.UpdateVideoLayers{TrackSid: track}}}, //nolint:staticcheck // what old clients send
		{Message: &livekit.SignalRequest_SubscriptionPermission{SubscriptionPermission: &livekit.SubscriptionPermission{
			AllParticipants: false, TrackPermissions: []*livekit.TrackPermission{{ParticipantSid: sid, AllTracks: false}}}}},
	} {
		if err := g.Say(m); err != nil {
			return cutText(g, 0), nil
		}
	}
	if err := s.stats(6); err != nil {
		return "", err
	}
	for _, e := range s.ada.Events()[mark:] {
		if e.Name == "track_muted" || e.Name == "participant_updated" && e.Text("id") == s.ada.id {
			return "", reached("%s", e.Raw)
		}
	}
	return s.goesOn(g)
}

func simulate(s *stage) (string, error) {
	scenarios := []*livekit.SimulateScenario{
		{Scenario: &livekit.SimulateScenario_SpeakerUpdate{SpeakerUpdate: 3600}},
		{Scenario: &livekit.SimulateScenario_NodeFailure{NodeFailure: true}},
		{Scenario: &livekit.SimulateScenario_Migration{Migration: true}},
		{Scenario: &livekit.SimulateScenario_ServerLeave{ServerLeave: true}},
		{Scenario: &livekit.SimulateScenario_SwitchCandidateProtocol{SwitchCandidateProtocol: livekit.CandidateProtocol_TLS}},
		{Scenario: &livekit.SimulateScenario_SubscriberBandwidth{SubscriberBandwidth: 1}},
		{Scenario: &livekit.SimulateScenario_DisconnectSignalOnResume{DisconnectSignalOnResume: true}},
		{Scenario: &livekit.SimulateScenario_DisconnectSignalOnResumeNoMessages{DisconnectSignalOnResumeNoMessages: true}},
		{Scenario: &livekit.SimulateScenario_LeaveRequestFullReconnect{LeaveRequestFullReconnect: true}},
	}
	var guests []*attack.Guest
	for _, scenario := range scenarios {
		g, err := s.participant()
		if err != nil {
			return "", err
		}
		guests = append(guests, g)
		_ = g.Say(&livekit.SignalRequest{Message: &livekit.SignalRequest_Simulate{Simulate: scenario}}) // a cut holds, too
	}
	if err := s.stats(6); err != nil {
		return "", err
	}
	cut := 0
	for _, g := range guests {
		if !g.In() {
			cut++
		}
	}
	return fmt.Sprintf("%d scenarios, %d cut, nobody else is concerned", len(scenarios), cut), nil
}

func syncStates(s *stage, n int) *livekit.SignalRequest {
	state := &livekit.SyncState{Subscription: &livekit.UpdateSubscription{Subscribe: true}}
	for i := range 100 {
		sid := fmt.Sprintf("TR_%d_%d", n, i)
		state.Subscription.TrackSids = append(state.Subscription.TrackSids, sid)
		state.PublishTracks = append(state.PublishTracks, &livekit.TrackPublishedResponse{Cid: sid, Track: &livekit.TrackInfo{Sid: sid}})
		state.DataChannels = append(state.DataChannels, &livekit.DataChannelInfo{Label: sid, Id: uint32(i)})
	}
	return &livekit.SignalRequest{Message: &livekit.SignalRequest_SyncState{SyncState: state}}
}

func blobs(_ *stage, n int) *livekit.SignalRequest {
	return &livekit.SignalRequest{Message: &livekit.SignalRequest_StoreDataBlobRequest{StoreDataBlobRequest: &livekit.StoreDataBlobRequest{
		Blob: &livekit.DataBlob{Key: &livekit.DataBlobKey{Key: &livekit.DataBlobKey_Generic{Generic: fmt.Sprint("key", n)}}, Contents: make([]byte, 50_000)},
	}}}
}

func dataTracks(_ *stage, n int) *livekit.SignalRequest {
	return &livekit.SignalRequest{Message: &livekit.SignalRequest_PublishDataTrackRequest{
		PublishDataTrackRequest: &livekit.PublishDataTrackRequest{PubHandle: uint32(n + 1), Name: fmt.Sprint("track", n)},
	}}
}

func unknown(*stage, int) *livekit.SignalRequest {
	m := &livekit.SignalRequest{}
	// A field of a number that nobody has taken: 200, of bytes.
	m.ProtoReflect().SetUnknown(append([]byte{0xc2, 0x0c, 0xf4, 0x03}, make([]byte, 500)...))
	return m
}

func gzipJoin(s *stage) (string, error) {
	p, err := s.somebody()
	if err != nil {
		return "", err
	}
	admitted, err := s.door.Admit(s.ctx, p, s.links[call.RoleParticipant])
	if err != nil {
		return "", err
	}
	var inner bytes.Buffer
	w, _ := gzip.NewWriterLevel(&inner, gzip.BestCompression) // the level exists
	for range 60 {
		_, _ = w.Write(make([]byte, 1<<20)) // into memory
	}
	_ = w.Close()
	q := attack.PackedAs(inner.Bytes(), livekit.WrappedJoinRequest_GZIP)
	var last attack.Answer
	for range many(5, 100) {
		ws, a, err := s.door.Socket(s.ctx, attack.JoinPath, q, admitted.Token, nil)
		if err != nil {
			return "", err
		}
		if ws != nil {
			_ = ws.Close()
		}
		last = a
	}
	return fmt.Sprintf("%d kB of query answered with %v", len(q)>>10, last), nil
}

func fatJoin(s *stage) (string, error) {
	p, err := s.somebody()
	if err != nil {
		return "", err
	}
	admitted, err := s.door.Admit(s.ctx, p, s.links[call.RoleParticipant])
	if err != nil {
		return "", err
	}
	q := &livekit.JoinRequest{ClientInfo: &livekit.ClientInfo{Sdk: livekit.ClientInfo_GO, Protocol: 17}, ConnectionSettings: &livekit.ConnectionSettings{}}
	for n := range 5_000 {
		q.AddTrackRequests = append(q.AddTrackRequests, addTracks(nil, n).GetAddTrack())
	}
	inner, err := proto.Marshal(q)
	if err != nil {
		return "", err
	}
	var small bytes.Buffer
	w := gzip.NewWriter(&small)
	_, _ = w.Write(inner) // into memory
	_ = w.Close()
	ws, a, err := s.door.Socket(s.ctx, attack.JoinPath, attack.PackedAs(small.Bytes(), livekit.WrappedJoinRequest_GZIP), admitted.Token, nil)
	if err != nil {
		return "", err
	}
	if ws != nil {
		s.later(func() { _ = ws.Close() })
	}
	return fmt.Sprintf("answered with %v", a), s.stats(4)
}

// churn connects without a pause, each time with a person of its own and, in
// between, as one and the same.
func churn(s *stage) (string, error) {
	one, err := s.somebody()
	if err != nil {
		return "", err
	}
	refusals, times := 0, many(120, 1000)
	for n := range times {
		p := one
		if n%2 == 0 {
			p = one.As(fmt.Sprintf("%s-%d", one.ID, n%8))
		}
		g, err := s.door.Come(s.ctx, p, s.links[call.RoleParticipant])
		if _, no := refused(err); err != nil && no != nil {
			return "", err
		}
		switch {
		case err != nil:
			refusals++
		case n%10 == 0:
			g.Close() // without a word
		default:
			g.Leave()
		}
	}
	return fmt.Sprintf("%d times, %d refused", times, refusals), nil
}

func manySockets(s *stage) (string, error) {
	p, err := s.somebody()
	if err != nil {
		return "", err
	}
	admitted, err := s.door.Admit(s.ctx, p, s.links[call.RoleParticipant])
	if err != nil {
		return "", err
	}
	var group sync.WaitGroup
	var mu sync.Mutex
	in, out := 0, 0
	for range 50 {
		group.Go(func() {
			ws, _, err := s.door.Socket(s.ctx, attack.JoinPath, attack.Packed(nil), admitted.Token, nil)
			mu.Lock()
			defer mu.Unlock()
			if err != nil || ws == nil {
				out++
				return
			}
			in++
			s.later(func() { _ = ws.Close() })
		})
	}
	group.Wait()
	return fmt.Sprintf("%d upgraded, %d refused", in, out), nil
}

func resumeOthers(s *stage) (string, error) {
	g, p, err := s.guest(call.RoleParticipant)
	if err != nil {
		return "", err
	}
	_, sid, err := s.adasTrack(g)
	if err != nil {
		return "", err
	}
	mark := s.ada.Mark()
	q := &livekit.JoinRequest{ClientInfo: &livekit.ClientInfo{Sdk: livekit.ClientInfo_GO, Protocol: 17}, Reconnect: true, ParticipantSid: sid}
	moment, cancel := context.WithTimeout(s.ctx, 2*time.Second) // nobody tells who resumes that they are in
	defer cancel()
	again, err := s.door.EnterBy(moment, p.ID, g.Token, attack.JoinPath, attack.Packed(q))
	if err == nil {
		s.later(again.Leave)
	}
	if err := s.stats(4); err != nil {
		return "", err
	}
	for _, e := range s.ada.Events()[mark:] {
		if e.Name == "state" || e.Name == "left" {
			return "", reached("%s", e.Raw)
		}
	}
	return "ada stays who she is", nil
}

func otherRoom(s *stage) (string, error) {
	p, err := s.somebody()
	if err != nil {
		return "", err
	}
	// What the room needs while it is open is not the attack's.
	s.later(func() { _ = s.server.Dismiss(context.WithoutCancel(s.ctx), "elsewhere") })
	admitted, err := s.door.Admit(s.ctx, p, s.invite("elsewhere", call.RoleHost))
	if err != nil {
		return "", err
	}
	for _, q := range []any{
		doorapi.PeopleRequest{Room: hall, IDs: []call.Identity{call.Identity(s.ada.id)}},
		doorapi.DismissRequest{Room: hall},
	} {
		op := call.OpRemove
		if _, is := q.(doorapi.DismissRequest); is {
			op = call.OpDismiss
		}
		if said, err := refused(s.door.Do(s.ctx, admitted.Token, op, q, nil)); err != nil {
			return said, err
		}
	}
	ws, a, err := s.door.Socket(s.ctx, "/rtc", attack.Query("room", hall, "protocol", "17", "room_name", hall), admitted.Token, nil)
	if err != nil {
		return "", err
	}
	if ws != nil {
		_ = ws.Close()
	}
	for _, e := range s.ada.Events()[s.mark:] {
		if e.Name == "participant_joined" && e.Text("id") == string(p.ID) {
			return "", reached("%s", e.Raw)
		}
	}
	return fmt.Sprintf("its own room alone (%v)", a), nil
}

func upgradeElsewhere(s *stage) (string, error) {
	g, err := s.participant()
	if err != nil {
		return "", err
	}
	var said []string
	for _, path := range []string{doorapi.JoinPath, doorapi.APIPath + string(call.OpChat), "/foyer/v1/health", "/twirp/livekit.RoomService/ListRooms", "/agent", "/", "/rtc/validate", "/whip/v1"} {
		ws, a, err := s.door.Socket(s.ctx, path, "", g.Token, nil)
		if err != nil {
			return "", err
		}
		if ws != nil {
			_ = ws.Close()
			return "", reached("a WebSocket on %s", path)
		}
		said = append(said, fmt.Sprint(a.Status))
	}
	return "answered with " + strings.Join(said, ", "), nil
}

// opus is a packet that can be heard whatever its bytes are: a frame of
// 20 ms of CELT, full band (RFC 6716, section 3.1).
func opus(n int) []byte {
	p := []byte{0xf8}
	for i := range 80 {
		p = append(p, byte(7*i+13*n+n*i))
	}
	return p
}
