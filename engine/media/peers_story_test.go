package media

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/logging"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
	"github.com/pion/transport/v4/vnet"
	"github.com/pion/webrtc/v4"

	"foyer/engine/call"
	"foyer/engine/internal/silent"
)

// TestTwoPeers sends a camera's frames from one pion peer to another through a
// virtual network that loses and delays packets: pump, real RTP with NACK and
// PLI, receiver. No damaged frame may be shown.
func TestTwoPeers(t *testing.T) {
	for _, tc := range []struct {
		name string
		loss float64
	}{{"clean", 0}, {"3 % loss", 0.03}} {
		t.Run(tc.name, func(t *testing.T) { twoPeers(t, tc.loss) })
	}
}

func twoPeers(t *testing.T, loss float64) {
	from, to := connectedPeers(t, loss)
	local := newPionLocal(t, from)
	remotes := make(chan *pionRemote, 1)
	to.OnTrack(func(track *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
		remotes <- &pionRemote{fakeTrack: newFakeTrack(), track: track, pc: to}
	})
	negotiate(t, from, to)

	cam := newFakeCamera(testW, testH)
	pump := newVideoPump(cam, silent.Log())
	defer pump.Close()
	defer cam.Close()
	pump.Send(local)
	stop := make(chan struct{})
	var feeding sync.WaitGroup
	feeding.Go(func() { feed(cam, stop) })
	defer feeding.Wait()
	defer close(stop)

	var remote *pionRemote
	select {
	case remote = <-remotes:
	case <-time.After(20 * time.Second):
		t.Fatal("no track arrives")
	}
	begin := time.Now()
	r := newVideoReceiver(new(budget), remote, noAudio{}, silent.Log())
	defer r.Close()
	r.Slot().SetView(call.View{Width: testW, Height: testH})
	first, shown := watch(t, r, begin, 60)
	t.Logf("first frame after %v, %d looked at, %+v", first, shown, r.Stats())
	if shown < 60 {
		t.Errorf("%d frames seen, want 60", shown)
	}
}

// watch looks at the slot until n frames were seen, or 30 s are over.
func watch(t *testing.T, r *videoReceiver, begin time.Time, n int) (first time.Duration, shown int) {
	t.Helper()
	tick := time.NewTicker(4 * time.Millisecond)
	defer tick.Stop()
	last, lastNumber := uint64(0), -1
	for shown < n && time.Since(begin) < 30*time.Second {
		<-tick.C
		img, seq := r.Slot().Latest()
		if img == nil || seq == last {
			continue
		}
		if shown == 0 {
			first = time.Since(begin)
		}
		last = seq
		shown++
		k := number(img)
		if q := fidelity(t, img, k, testW, testH); q < clean-2 {
			t.Errorf("frame %d is damaged: %.1f dB", k, q)
		}
		if k <= lastNumber {
			t.Errorf("frame %d after %d", k, lastNumber)
		}
		lastNumber = k
	}
	return first, shown
}

// feed gives the camera a frame every 33 ms.
func feed(cam *fakeCamera, stop <-chan struct{}) {
	tick := time.NewTicker(time.Second / 30)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-tick.C:
		case <-stop:
			return
		}
		select {
		case cam.numbers <- n:
		case <-stop:
			return
		}
	}
}

// connectedPeers makes two peers in a virtual network that loses media packets.
func connectedPeers(t *testing.T, loss float64) (a, b *webrtc.PeerConnection) {
	t.Helper()
	wan, err := vnet.NewRouter(&vnet.RouterConfig{
		CIDR: "1.2.3.0/24", MinDelay: 5 * time.Millisecond, LoggerFactory: logging.NewDefaultLoggerFactory(),
	})
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	rnd := rand.New(rand.NewPCG(8, 8))
	wan.AddChunkFilter(func(c vnet.Chunk) bool {
		mu.Lock()
		defer mu.Unlock()
		data := c.UserData()
		isRTP := len(data) > 1 && data[0]>>6 == 2 && (data[1] < 192 || data[1] > 223)
		return !isRTP || rnd.Float64() >= loss
	})
	peer := func(ip string) *webrtc.PeerConnection {
		n, err := vnet.NewNet(&vnet.NetConfig{StaticIPs: []string{ip}})
		if err != nil {
			t.Fatal(err)
		}
		if err := wan.AddNet(n); err != nil {
			t.Fatal(err)
		}
		var engine webrtc.SettingEngine
		engine.SetNet(n)
		engine.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
		pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(engine)).NewPeerConnection(webrtc.Configuration{})
		if err != nil {
			t.Fatal(err)
		}
		return pc
	}
	a, b = peer("1.2.3.4"), peer("1.2.3.5")
	if err := wan.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = a.GracefulClose()
		_ = b.GracefulClose()
		if err := wan.Stop(); err != nil {
			t.Error(err)
		}
	})
	return a, b
}

func negotiate(t *testing.T, a, b *webrtc.PeerConnection) {
	t.Helper()
	settle := func(pc *webrtc.PeerConnection, d webrtc.SessionDescription, err error) webrtc.SessionDescription {
		if err != nil {
			t.Fatal(err)
		}
		gathered := webrtc.GatheringCompletePromise(pc)
		if err := pc.SetLocalDescription(d); err != nil {
			t.Fatal(err)
		}
		<-gathered
		return *pc.LocalDescription()
	}
	offer, err := a.CreateOffer(nil)
	full := settle(a, offer, err)
	if err := b.SetRemoteDescription(full); err != nil {
		t.Fatal(err)
	}
	answer, err := b.CreateAnswer(nil)
	full = settle(b, answer, err)
	if err := a.SetRemoteDescription(full); err != nil {
		t.Fatal(err)
	}
}

// pionLocal publishes one VP8 layer on a pion peer.
type pionLocal struct {
	*fakeLocal
	track    *webrtc.TrackLocalStaticRTP
	payloads codecs.VP8Payloader
	seq      uint16
}

func newPionLocal(t *testing.T, pc *webrtc.PeerConnection) *pionLocal {
	t.Helper()
	track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8}, "camera", "ann")
	if err != nil {
		t.Fatal(err)
	}
	sender, err := pc.AddTrack(track)
	if err != nil {
		t.Fatal(err)
	}
	l := &pionLocal{
		fakeLocal: newFakeLocal(call.Layer{Width: testW, Height: testH, FPS: 30, Bitrate: 800_000}),
		track:     track, payloads: codecs.VP8Payloader{EnablePictureID: true},
	}
	var reading sync.WaitGroup
	reading.Go(func() { l.readFeedback(sender) })
	t.Cleanup(func() {
		_ = pc.GracefulClose()
		reading.Wait()
	})
	return l
}

func (l *pionLocal) readFeedback(sender *webrtc.RTPSender) {
	for {
		packets, _, err := sender.ReadRTCP()
		if err != nil {
			return
		}
		for _, p := range packets {
			if _, ok := p.(*rtcp.PictureLossIndication); ok {
				select {
				case l.keys <- 0:
				default:
				}
			}
		}
	}
}

func (l *pionLocal) WriteFrame(f call.EncodedFrame) error {
	payloads := l.payloads.Payload(300, f.Data)
	for i, payload := range payloads {
		p := &rtp.Packet{Payload: payload, Header: rtp.Header{
			Version: 2, SequenceNumber: l.seq, Timestamp: uint32(f.PTS * 90 / time.Millisecond), Marker: i == len(payloads)-1,
		}}
		l.seq++
		if err := l.track.WriteRTP(p); err != nil {
			return err
		}
	}
	return nil
}

// pionRemote is a pion track seen as ours.
type pionRemote struct {
	*fakeTrack
	track *webrtc.TrackRemote
	pc    *webrtc.PeerConnection
	over  atomic.Bool
}

func (r *pionRemote) ReadRTP(buf []byte) (int, error) {
	if r.over.Load() {
		return 0, call.ErrClosed
	}
	n, _, err := r.track.Read(buf)
	return n, err
}

func (r *pionRemote) Interrupt() {
	r.over.Store(true)
	_ = r.track.SetReadDeadline(time.Unix(1, 0))
}

func (r *pionRemote) RequestKeyFrame() {
	_ = r.pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: uint32(r.track.SSRC())}})
}
