//go:build linux

package attack_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
	"foyer/engine/doorapi"
)

// serverAttacks are of a server on its guests: vera is measured.
func serverAttacks() []attempt {
	return []attempt{
		{"silent server", hostile, "let a guest wait for ever", silentServer},
		{"dripping server", hostile, "answer a byte a second", drippingServer},
		{"another certificate", hostile, "be somebody else", otherCertificate},
		{"redirects", hostile, "send a guest to another server", redirecting},
		{"endless answer", hostile, "answer a join with more and more", endlessAnswer},
		{"compressed zeros to a guest", hostile, "fill the guest's memory", rawToGuest(func() []byte {
			z := zeros(512)
			return append(serverFrame(0xc2, len(z)), z...)
		})},
		{"huge message to a guest", hostile, "fill the guest's memory", hugeToGuest},
		{"endless fragments to a guest", hostile, "send a message that never ends", rawToGuest(func() []byte {
			return append([]byte{0x02, 1, 0}, bytes.Repeat([]byte{0x00, 1, 0}, many(2_000_000, 20_000_000))...)
		})},
		{"flood of pings to a guest", hostile, "make the guest answer", rawToGuest(func() []byte {
			return bytes.Repeat(append([]byte{0x89, 100}, make([]byte, 100)...), many(50_000, 500_000))
		})},
		{"roster of 20,000", hostile, "let a guest hold all of them", floodGuest(1, 3, hugeRoster)},
		{"people without an end", hostile, "let people come and go without pause", floodGuest(5_000, 50_000, newPeople)},
		{"somebody with 5,000 tracks", hostile, "let a guest make a receiver for each", floodGuest(3, 20, manyTracks)},
		{"flood of speakers", hostile, "move the loudness of everybody without pause", floodGuest(20_000, 200_000, speakers)},
		{"flood of quality", hostile, "the same with the quality of connections", floodGuest(20_000, 200_000, qualities)},
		{"candidates for a guest", hostile, "let a guest try 20,000 addresses", floodGuest(20_000, 100_000, candidatesFor)},
		{"100,000 sections for a guest", hostile, "offer a description without an end", floodGuest(1, 3, sectionsFor)},
		{"tokens without an end", hostile, "let a guest keep 3 MB of token", floodGuest(20, 200, longTokens)},
		{"unknown messages to a guest", hostile, "send what is to come", floodGuest(20_000, 200_000, unknownTo)},
		{"unmuting a guest", hostile, "open a microphone from afar", unmuteGuest},
		{"chat without an end", hostile, "let a guest catch up for ever", endlessChat},
		{"reconnecting for ever", hostile, "send a guest away at each connect", reconnecting},
		{"notices without an end", keyHolder, "change roles and rules without pause", floodNotices},
	}
}

// serverFrame is the head of one of a server's, which has no mask.
func serverFrame(first byte, size int) []byte {
	return binary.BigEndian.AppendUint64([]byte{first, 127}, uint64(size))
}

// listening is a server that answers as serve does.
func (s *stage) listening(serve func(net.Conn)) (address string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	s.later(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s.later(func() { _ = conn.Close() })
			go serve(conn)
		}
	}()
	return l.Addr().String(), nil
}

func (s *stage) linkTo(address string) string {
	link := s.links[call.RoleParticipant]
	link.Hosts = []string{address}
	return link.String()
}

func silentServer(s *stage) (string, error) {
	address, err := s.listening(func(net.Conn) {})
	if err != nil {
		return "", err
	}
	return s.failing(s.linkTo(address))
}

func drippingServer(s *stage) (string, error) {
	r := s.newRelay()
	r.join = func(w http.ResponseWriter, q *http.Request) {
		w.Header().Set("Content-Length", "100000")
		_ = every(q.Context(), 500*time.Millisecond, 200, func(int) error {
			_, err := w.Write([]byte(" "))
			w.(http.Flusher).Flush()
			return err
		})
	}
	return s.failing(r.link().String())
}

func otherCertificate(s *stage) (string, error) {
	r := s.newRelay()
	link := r.link()
	link.Fingerprint = s.links[call.RoleParticipant].Fingerprint
	return s.failing(link.String())
}

func redirecting(s *stage) (string, error) {
	reached := false
	r := s.newRelay()
	r.join = func(w http.ResponseWriter, q *http.Request) {
		if q.URL.RawQuery != "" {
			reached = true
		}
		w.Header().Set("Location", doorapi.JoinPath+"?again")
		w.WriteHeader(http.StatusTemporaryRedirect)
	}
	said, err := s.failing(r.link().String())
	if reached {
		err = errors.Join(err, fmt.Errorf("reached: the redirection was followed"))
	}
	return said, err
}

func endlessAnswer(s *stage) (string, error) {
	r := s.newRelay()
	r.join = func(w http.ResponseWriter, _ *http.Request) {
		block := bytes.Repeat([]byte(" "), 1<<20)
		for range many(512, 4096) {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	}
	return s.failing(r.link().String())
}

// becameOf tells what a guest did in the end: both holds, to stay and to leave
// with a reason that is true.
func (s *stage) becameOf(vera *bystander, mark int) (string, error) {
	if err := s.stats(6); err != nil {
		return "", err
	}
	for _, e := range vera.Events()[mark:] {
		if e.Name == "left" {
			if r := e.Text("reason"); r == "app_quit" || r == "left" || r == "internal" {
				return "", reached("vera was told %s", e.Raw)
			}
			return "vera left: " + e.Text("reason"), nil
		}
	}
	for _, e := range vera.Events()[mark:] {
		if e.Name == "state" {
			return "vera is " + e.Text("state"), nil
		}
	}
	return "vera stays", nil
}

func rawToGuest(what func() []byte) func(*stage) (string, error) {
	return func(s *stage) (string, error) {
		r := s.newRelay()
		vera, err := s.visit(r.link())
		if err != nil {
			return "", err
		}
		mark := vera.Mark()
		_ = r.raw(what()) // cut by vera, perhaps
		return s.becameOf(vera, mark)
	}
}

func hugeToGuest(s *stage) (string, error) {
	r := s.newRelay()
	vera, err := s.visit(r.link())
	if err != nil {
		return "", err
	}
	mark, size := vera.Mark(), many(256, 1024)
	if err := r.raw(serverFrame(0x82, size<<20)); err != nil {
		return "", err
	}
	for range size {
		if r.raw(make([]byte, 1<<20)) != nil {
			break
		}
	}
	return s.becameOf(vera, mark)
}

// floodGuest says the n-th message again and again.
func floodGuest(few, often int, message func(s *stage, n int) *livekit.SignalResponse) func(*stage) (string, error) {
	return func(s *stage) (string, error) {
		r := s.newRelay()
		vera, err := s.visit(r.link())
		if err != nil {
			return "", err
		}
		mark, said := vera.Mark(), 0
		for n := range many(few, often) {
			if r.say(message(s, n)) != nil {
				break
			}
			said++
		}
		became, err := s.becameOf(vera, mark)
		return fmt.Sprintf("%s, %d messages", became, said), err
	}
}

func newcomer(n int) *livekit.ParticipantInfo {
	return &livekit.ParticipantInfo{
		Sid: fmt.Sprint("PA_", n), Identity: fmt.Sprint("crowd-", n), Name: fmt.Sprint("Crowd ", n), State: livekit.ParticipantInfo_ACTIVE,
		JoinedAt: time.Now().Unix(), Version: 1,
	}
}

func people(all ...*livekit.ParticipantInfo) *livekit.SignalResponse {
	return &livekit.SignalResponse{Message: &livekit.SignalResponse_Update{Update: &livekit.ParticipantUpdate{Participants: all}}}
}

func hugeRoster(_ *stage, k int) *livekit.SignalResponse {
	all := make([]*livekit.ParticipantInfo, 20_000)
	for n := range all {
		all[n] = newcomer(k*len(all) + n)
	}
	return people(all...)
}

func newPeople(_ *stage, n int) *livekit.SignalResponse {
	p := newcomer(n / 2)
	if n%2 == 1 {
		p.State, p.Version = livekit.ParticipantInfo_DISCONNECTED, 2
	}
	return people(p)
}

func manyTracks(_ *stage, k int) *livekit.SignalResponse {
	p := newcomer(k)
	for n := range 5_000 {
		p.Tracks = append(p.Tracks, &livekit.TrackInfo{
			Sid: fmt.Sprintf("TR_%d_%d", k, n), Type: livekit.TrackType_VIDEO, Source: livekit.TrackSource_CAMERA, Width: 4096, Height: 2304, MimeType: "video/VP8",
		})
	}
	return people(p)
}

func speakers(_ *stage, n int) *livekit.SignalResponse {
	var all []*livekit.SpeakerInfo
	for k := range 50 {
		all = append(all, &livekit.SpeakerInfo{Sid: fmt.Sprint("PA_", k), Level: float32(n%100) / 100, Active: n%2 == 0})
	}
	return &livekit.SignalResponse{Message: &livekit.SignalResponse_SpeakersChanged{SpeakersChanged: &livekit.SpeakersChanged{Speakers: all}}}
}

func qualities(_ *stage, n int) *livekit.SignalResponse {
	return &livekit.SignalResponse{Message: &livekit.SignalResponse_ConnectionQuality{ConnectionQuality: &livekit.ConnectionQualityUpdate{
		Updates: []*livekit.ConnectionQualityInfo{{ParticipantSid: fmt.Sprint("PA_", n), Quality: livekit.ConnectionQuality(n % 4)}},
	}}}
}

func candidatesFor(_ *stage, n int) *livekit.SignalResponse {
	return &livekit.SignalResponse{Message: &livekit.SignalResponse_Trickle{Trickle: candidates(nil, n).GetTrickle()}}
}

func sectionsFor(*stage, int) *livekit.SignalResponse {
	var sdp strings.Builder
	sdp.WriteString("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n")
	for n := range 40_000 { // 4 MB are all that a message may have
		fmt.Fprintf(&sdp, "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:%d\r\na=rtpmap:96 VP8/90000\r\n", n)
	}
	return &livekit.SignalResponse{Message: &livekit.SignalResponse_Offer{Offer: &livekit.SessionDescription{Type: "offer", Sdp: sdp.String(), Id: 99}}}
}

func longTokens(_ *stage, n int) *livekit.SignalResponse {
	return &livekit.SignalResponse{Message: &livekit.SignalResponse_RefreshToken{RefreshToken: fmt.Sprint(strings.Repeat("t", 3<<20), n)}}
}

func unknownTo(*stage, int) *livekit.SignalResponse {
	m := &livekit.SignalResponse{}
	m.ProtoReflect().SetUnknown(append([]byte{0xc2, 0x0c, 0xf4, 0x03}, make([]byte, 500)...))
	return m
}

func unmuteGuest(s *stage) (string, error) {
	r := s.newRelay()
	vera, err := s.visit(r.link())
	if err != nil {
		return "", err
	}
	mark := vera.Mark()
	vera.Say(map[string]any{"cmd": "mute", "source": "microphone"})
	muted, err := vera.Wait(s.ctx, "track_muted", mark, nil)
	if err != nil {
		return "", err
	}
	mark = vera.Mark()
	for range 50 {
		if err := r.say(&livekit.SignalResponse{Message: &livekit.SignalResponse_Mute{Mute: &livekit.MuteTrackRequest{Sid: muted.Text("sid")}}}); err != nil {
			return "", err
		}
	}
	if err := s.stats(6); err != nil {
		return "", err
	}
	for _, e := range vera.Events()[mark:] {
		if e.Name == "track_unmuted" {
			return "", reached("%s", e.Raw)
		}
	}
	return "the microphone stays off", nil
}

// endlessChat answers every question about chat with more, and more to follow.
func endlessChat(s *stage) (string, error) {
	r := s.newRelay()
	asked := 0
	r.chat = func(w http.ResponseWriter, _ *http.Request) {
		r.mu.Lock()
		asked++
		k := asked
		r.mu.Unlock()
		answer := doorapi.ChatAnswer{More: true}
		for n := range call.MaxChatCatchUp {
			answer.Messages = append(answer.Messages, doorapi.ChatRow{Time: time.Now().UnixMilli(), ChatMessage: call.ChatMessage{
				ID: fmt.Sprintf("m-%d-%d", k, n), Seq: int64(k*call.MaxChatCatchUp + n + 1), From: "crowd", Name: "Crowd", Text: strings.Repeat("w", 1000),
			}})
		}
		_ = json.NewEncoder(w).Encode(answer)
	}
	vera, err := s.visit(r.link())
	if err != nil {
		return "", err
	}
	mark := vera.Mark()
	// Each new connection is a reason to catch up.
	for range many(3, 10) {
		r.mu.Lock()
		come, guest := r.come, r.guest
		r.mu.Unlock()
		_ = guest.Close()
		select {
		case <-come:
		case <-time.After(cutLimit):
		case <-s.ctx.Done():
			return "", s.ctx.Err()
		}
	}
	became, err := s.becameOf(vera, mark)
	r.mu.Lock()
	defer r.mu.Unlock()
	const most = 60
	if err == nil && asked > most {
		err = reached("vera asked %d times", asked)
	}
	return fmt.Sprintf("%s, asked %d times", became, asked), err
}

// reconnecting says at each connect that the guest must connect anew.
func reconnecting(s *stage) (string, error) {
	r := s.newRelay()
	vera, err := s.visit(r.link())
	if err != nil {
		return "", err
	}
	mark := vera.Mark()
	away := &livekit.SignalResponse{Message: &livekit.SignalResponse_Leave{Leave: &livekit.LeaveRequest{
		Reason: livekit.DisconnectReason_SERVER_SHUTDOWN, Action: livekit.LeaveRequest_RECONNECT,
	}}}
	r.mu.Lock()
	before := r.count
	r.each = func() { _ = r.say(away) }
	r.mu.Unlock()
	if err := r.say(away); err != nil {
		return "", err
	}
	if err := s.stats(many(12, 60)); err != nil {
		return "", err
	}
	r.mu.Lock()
	times := r.count - before
	r.mu.Unlock()
	if most := many(30, 100); times > most {
		return "", reached("%d connects", times)
	}
	became, err := s.becameOf(vera, mark)
	return fmt.Sprintf("%s, %d connects", became, times), err
}

// floodNotices has the real server send what only a server may.
func floodNotices(s *stage) (string, error) {
	vera, err := s.visit(s.links[call.RoleParticipant])
	if err != nil {
		return "", err
	}
	mark := vera.Mark()
	times := many(300, 5_000)
	for n := range times {
		notice := doorapi.Notice{Kind: doorapi.NoticeRole, ID: call.Identity(vera.id), Role: []call.Role{call.RoleListener, call.RoleParticipant}[n%2]}
		if n%3 == 0 {
			notice = doorapi.Notice{Kind: doorapi.NoticeLost, ID: call.Identity(fmt.Sprint("crowd-", n))}
		}
		raw, err := json.Marshal(notice)
		if err != nil {
			return "", err
		}
		if err := s.server.Call(s.ctx, "SendData", map[string]any{
			"room": hall, "data": raw, "kind": "RELIABLE", "topic": doorapi.TopicNotice, "destination_identities": []string{vera.id},
		}, nil); err != nil {
			return fmt.Sprintf("refused after %d", n), nil
		}
	}
	became, err := s.becameOf(vera, mark)
	return fmt.Sprintf("%s, %d notices", became, times), err
}
