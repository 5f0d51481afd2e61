package client

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/livekit/protocol/livekit"
	pionrtp "github.com/pion/rtp"

	"foyer/engine/call"
	"foyer/engine/client/data"
	"foyer/engine/client/rtp"
)

func discardLogr() logr.Logger { return logr.Discard() }

// pair joins two people who see each other.
func pair(t testing.TB, l *liveKit, changeA, changeB func(*Dialer)) (a, b *client) {
	t.Helper()
	room := roomName(t)
	a = join(t, l.request(t, room, "ada"), changeA)
	b = join(t, l.request(t, room, "bob"), changeB)
	a.connected()
	b.connected()
	wait(a, 0, "bob joins", func(e call.ParticipantJoined) bool { return e.Participant.Identity == "bob" })
	return a, b
}

func dual(d *Dialer) { d.dual = true }

// modes runs a test with one PeerConnection and with two.
func modes(t *testing.T, f func(t *testing.T, change func(*Dialer))) {
	t.Run("one", func(t *testing.T) { f(t, nil) })
	t.Run("two", func(t *testing.T) { f(t, dual) })
}

func TestJ5_JoinRoster(t *testing.T) {
	modes(t, func(t *testing.T, change func(*Dialer)) {
		a, b := pair(t, sharedServer(t), change, change)
		event := b.seen()[0].ev
		first, ok := event.(call.RosterReplaced)
		if !ok {
			t.Fatalf("first event is %T", event)
		}
		if first.Republish || first.Room != call.RoomID(roomName(t)) || first.Self.Identity != "bob" ||
			first.Self.SID == "" || first.SessionID == "" || first.Self.Name != "Name of bob" {
			t.Errorf("roster: %+v", first)
		}
		if len(first.Participants) != 1 || first.Participants[0].Identity != "ada" {
			t.Errorf("participants: %+v", first.Participants)
		}
		leave(t, b)
		left, _, _ := wait[call.ParticipantLeft](a, 0, "bob leaves", nil)
		if left.Reason != call.ReasonLeft || left.Participant.Identity != "bob" {
			t.Errorf("left: %+v", left)
		}
	})
}

func leave(t testing.TB, c *client) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := c.Leave(ctx); err != nil {
		t.Errorf("leave: %v", err)
	}
	if err := c.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

// publish publishes and sends.
func publish(t testing.TB, c *client, spec call.TrackSpec) call.LocalTrack {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	track, err := c.Publish(ctx, spec)
	if err != nil {
		t.Fatalf("publish: %v", err)
	}
	if track.SID() == "" {
		t.Error("published track has no SID")
	}
	pump(t, track)
	return track
}

// receive waits for a remote track and reads n packets of it.
func receive(t testing.TB, c *client, sid call.SID, n int) (call.RemoteTrack, []pionrtp.Packet) {
	t.Helper()
	ready, _, _ := wait(c, 0, "remote track "+string(sid), func(e call.RemoteTrackReady) bool { return e.Track.Info().SID == sid })
	return ready.Track, readPackets(t, ready.Track, n)
}

func readPackets(t testing.TB, track call.RemoteTrack, n int) []pionrtp.Packet {
	t.Helper()
	guard := time.AfterFunc(patience, track.Interrupt)
	defer guard.Stop()
	var packets []pionrtp.Packet
	for len(packets) < n {
		buf := make([]byte, rtp.MaxPacket)
		size, err := track.ReadRTP(buf)
		if err != nil {
			t.Fatalf("read packet %d of %s: %v", len(packets), track.Info().SID, err)
		}
		var p pionrtp.Packet
		if err := p.Unmarshal(buf[:size]); err != nil {
			t.Fatal(err)
		}
		packets = append(packets, p)
	}
	return packets
}

func TestPublishAndReceive(t *testing.T) {
	modes(t, func(t *testing.T, change func(*Dialer)) {
		a, b := pair(t, sharedServer(t), change, change)
		camera := publish(t, a, cameraSpec())
		microphone := publish(t, a, microphoneSpec())
		video, packets := receive(t, b, camera.SID(), 50)
		if video.Owner() != "ada" || video.OwnerSID() != a.sidNow(t) || video.MIME() != "video/VP8" || video.ClockRate() != 90000 ||
			video.Info().Source != call.SourceCamera {
			t.Errorf("video track: %+v %s %s %d", video.Info(), video.Owner(), video.MIME(), video.ClockRate())
		}
		checkStream(t, packets, 90000/50)
		audio, packets := receive(t, b, microphone.SID(), 50)
		if audio.MIME() != "audio/opus" || audio.ClockRate() != 48000 || audio.Info().Source != call.SourceMicrophone {
			t.Errorf("audio track: %+v %s", audio.Info(), audio.MIME())
		}
		checkStream(t, packets, 960)
		eventually(t, "sender report", func() bool { _, _, ok := video.SenderReport(); return ok })
		ntp, _, _ := video.SenderReport()
		if off := time.Since(ntp); off < -time.Second || off > patience {
			t.Errorf("sender report is %v old", off)
		}
		// The level that we write makes us a speaker for everybody.
		speakers, _, _ := wait(b, 0, "ada speaks", func(e call.SpeakersChanged) bool { return len(e.Speakers) > 0 })
		if speakers.Speakers[0].ID != "ada" || speakers.Speakers[0].Level <= 0 {
			t.Errorf("speakers: %+v", speakers)
		}
	})
}

// checkStream checks that numbers follow each other and that the clock runs
// about as fast as the frames were written.
func checkStream(t testing.TB, packets []pionrtp.Packet, step uint32) {
	t.Helper()
	for i := 1; i < len(packets); i++ {
		if d := packets[i].SequenceNumber - packets[i-1].SequenceNumber; d != 1 {
			t.Fatalf("packet %d: sequence advanced by %d", i, d)
		}
	}
	span := packets[len(packets)-1].Timestamp - packets[0].Timestamp
	if want := step * uint32(len(packets)-1); span < want/2 || span > want*3 {
		t.Errorf("clock advanced by %d over %d packets, want about %d", span, len(packets), want)
	}
}

func TestSimulcast(t *testing.T) {
	a, b := pair(t, sharedServer(t), nil, nil)
	layers := []call.Layer{
		{Width: 160, Height: 90, FPS: 20, Bitrate: 100_000},
		{Width: 320, Height: 180, FPS: 20, Bitrate: 300_000},
		{Width: 640, Height: 360, FPS: 20, Bitrate: 900_000},
	}
	camera := publish(t, a, cameraSpec(layers...))
	video, _ := receive(t, b, camera.SID(), 30)
	sizes := func() (w int) {
		video.RequestKeyFrame()
		for _, p := range readPackets(t, video, 20) {
			if got := keyFrameWidth(p.Payload); got > 0 {
				w = got
			}
		}
		return w
	}
	reach := func(width int) {
		t.Helper()
		eventually(t, fmt.Sprintf("key frame of %d", width), func() bool { return sizes() == width })
	}
	reach(640)
	setView := func(w, h int, disabled bool) {
		t.Helper()
		view := call.Subscription{Track: camera.SID(), Width: w, Height: h, Paused: disabled}
		if err := b.Subscribe(t.Context(), []call.Subscription{view}); err != nil {
			t.Fatal(err)
		}
	}
	setView(160, 90, false)
	reach(160)
	eventually(t, "nobody wants the large layer", func() bool { return camera.Wanted(0) && !camera.Wanted(2) })
	setView(640, 360, false)
	reach(640)
	eventually(t, "the large layer is wanted", func() bool { return camera.Wanted(2) })
	if got := camera.Bitrate(1); got != 300_000 {
		t.Errorf("bitrate: %d", got)
	}
}

// keyFrameWidth reads the width from a packet that begins a key frame, 0 for
// every other (RFC 7741).
func keyFrameWidth(payload []byte) int {
	if len(payload) < 4 || payload[0]&0x10 == 0 || payload[0]&0x0f != 0 {
		return 0
	}
	i := 1
	if payload[0]&0x80 != 0 {
		x := payload[1]
		i++
		if x&0x80 != 0 {
			if payload[i]&0x80 != 0 {
				i++
			}
			i++
		}
		if x&0x40 != 0 {
			i++
		}
		if x&0x30 != 0 {
			i++
		}
	}
	f := payload[i:]
	if len(f) < 10 || f[0]&1 != 0 || f[3] != 0x9d {
		return 0
	}
	return (int(f[6]) | int(f[7])<<8) & 0x3fff
}

func TestMuteUnmuteUnpublish(t *testing.T) {
	modes(t, func(t *testing.T, change func(*Dialer)) {
		a, b := pair(t, sharedServer(t), change, change)
		microphone := publish(t, a, microphoneSpec())
		audio, _ := receive(t, b, microphone.SID(), 5)
		if err := a.SetMuted(t.Context(), microphone, true); err != nil {
			t.Fatal(err)
		}
		_, _, n := wait(b, 0, "muted", func(e call.TrackMuted) bool { return e.Track.SID == microphone.SID() && e.Track.Muted })
		if microphone.Wanted(0) {
			t.Error("a muted track is wanted")
		}
		if err := a.SetMuted(t.Context(), microphone, false); err != nil {
			t.Fatal(err)
		}
		_, _, n = wait(b, n, "unmuted", func(e call.TrackUnmuted) bool { return e.Track.SID == microphone.SID() })
		readPackets(t, audio, 5)
		if err := a.Unpublish(t.Context(), microphone); err != nil {
			t.Fatal(err)
		}
		gone, _, m := wait[call.RemoteTrackGone](b, n, "track gone", nil)
		if gone.Track != audio {
			t.Errorf("gone: %v", gone.Track.Info())
		}
		wait(b, m, "unpublished", func(e call.TrackUnpublished) bool { return e.Track.SID == microphone.SID() })
		if _, err := audio.ReadRTP(make([]byte, rtp.MaxPacket)); err == nil {
			t.Error("a gone track still reads")
		}
		if err := a.SetMuted(t.Context(), microphone, true); !errors.Is(err, call.ErrNotPublished) {
			t.Errorf("mute of an unpublished track: %v", err)
		}
		again := publish(t, a, microphoneSpec())
		receive(t, b, again.SID(), 5)
	})
}

func TestKeyFrameRequest(t *testing.T) {
	a, b := pair(t, sharedServer(t), nil, nil)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	camera, err := a.Publish(ctx, cameraSpec())
	if err != nil {
		t.Fatal(err)
	}
	pump(t, camera)
	video, _ := receive(t, b, camera.SID(), 5)
	eventually(t, "key frame after a request", func() bool {
		video.RequestKeyFrame()
		for _, p := range readPackets(t, video, 10) {
			if keyFrameWidth(p.Payload) == 64 {
				return true
			}
		}
		return false
	})
}

func TestInterruptWakesRead(t *testing.T) {
	a, b := pair(t, sharedServer(t), nil, nil)
	camera := publish(t, a, cameraSpec())
	video, _ := receive(t, b, camera.SID(), 5)
	if err := a.SetMuted(t.Context(), camera, true); err != nil {
		t.Fatal(err)
	}
	wait[call.TrackMuted](b, 0, "muted", nil)
	ended := make(chan error, 1)
	go func() {
		for {
			if _, err := video.ReadRTP(make([]byte, rtp.MaxPacket)); err != nil {
				ended <- err
				return
			}
		}
	}()
	video.Interrupt()
	select {
	case <-ended:
	case <-time.After(patience):
		t.Fatal("read goes on after Interrupt")
	}
}

func TestHostMuteAndPermission(t *testing.T) {
	l := sharedServer(t)
	a, b := pair(t, l, nil, nil)
	room := roomName(t)
	microphone := publish(t, a, microphoneSpec())
	receive(t, b, microphone.SID(), 5)
	_, err := l.rooms.MutePublishedTrack(l.api(t, room), &livekit.MuteRoomTrackRequest{
		Room: room, Identity: "ada", TrackSid: string(microphone.SID()), Muted: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	muted, _, _ := wait[call.LocalTrackMuted](a, 0, "host mutes", nil)
	if muted.SID != microphone.SID() || microphone.Wanted(0) {
		t.Errorf("muted %s, wanted %v", muted.SID, microphone.Wanted(0))
	}
	wait[call.TrackMuted](b, 0, "muted", nil)
	_, err = l.rooms.UpdateParticipant(l.api(t, room), &livekit.UpdateParticipantRequest{
		Room: room, Identity: "ada", Permission: &livekit.ParticipantPermission{CanSubscribe: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	gone, _, _ := wait[call.LocalTrackGone](a, 0, "publication taken away", nil)
	if gone.SID != microphone.SID() {
		t.Errorf("gone: %s", gone.SID)
	}
	if _, err := a.Publish(t.Context(), microphoneSpec()); !errors.Is(err, call.ErrRefused) {
		t.Errorf("publish without permission: %v", err)
	}
}

func TestData(t *testing.T) {
	modes(t, func(t *testing.T, change func(*Dialer)) {
		a, b := pair(t, sharedServer(t), change, change)
		const count = 50
		for i := range count {
			if err := a.SendData(t.Context(), "topic", fmt.Appendf(nil, "message %d", i)); err != nil {
				t.Fatal(err)
			}
		}
		n := 0
		for i := range count {
			var got call.DataReceived
			got, _, n = wait[call.DataReceived](b, n, "data", nil)
			if want := fmt.Sprintf("message %d", i); string(got.Payload) != want || got.Topic != "topic" || got.ID != "ada" {
				t.Fatalf("got %q on %q from %q, want %q", got.Payload, got.Topic, got.ID, want)
			}
		}
		if err := a.SendData(t.Context(), "topic", make([]byte, data.MaxPayload+1)); !errors.Is(err, call.ErrTooLong) {
			t.Errorf("too long: %v", err)
		}
	})
}
