// Package sfu runs LiveKit's media server inside this process. Its HTTP side
// listens on the loopback address only, on a port that the system chooses: the
// door stands before it. Media has one port, encrypted by DTLS and SRTP: UDP
// for everybody, and TCP for those whose network lets no UDP through. The door listens
// on the TCP port, too, and gives connections to [SFU.TakeMedia]. LiveKit offers
// TCP to browsers alone (rtc/clientinfo.go, SupportsICETCP); Foyer's own client knows
// the port from the door.
//
// LiveKit recovers some panics only to end the process (rtcservice.go,
// roommanager.go), so this belongs into a process of its own. Any goroutine may
// call.
package sfu

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"syscall"
	"time"

	"github.com/livekit/livekit-server/pkg/config"
	"github.com/livekit/livekit-server/pkg/routing"
	"github.com/livekit/livekit-server/pkg/rtc/types"
	"github.com/livekit/livekit-server/pkg/service"
	"github.com/livekit/livekit-server/pkg/sfu/streamtracker"
	"github.com/livekit/livekit-server/pkg/telemetry/prometheus"
	"github.com/livekit/mediatransportutil/pkg/rtcconfig"
	"github.com/livekit/protocol/livekit"
	"github.com/sirupsen/logrus"

	"foyer/engine/call"
	"foyer/engine/call/reach"
)

// ErrFailed is wrapped by every error of this package.
var ErrFailed = errors.New("media server failed")

const (
	loopback = "127.0.0.1"
	// startTimeout is how long LiveKit may take to listen; measured: 0.1 s.
	startTimeout = 10 * time.Second
	pollEvery    = 2 * time.Millisecond
	// portTries limits how often a port that somebody else took between our
	// choice and LiveKit's listening is replaced.
	portTries = 5
)

// Config says how to run LiveKit.
type Config struct {
	Key, Secret string // of its API
	// Address is where media is received; the unspecified address means all
	// interfaces, loopback included.
	Address   netip.Addr
	MediaPort int // UDP; TCP has the same, see TCP; 0 for any
	Port      int // of the HTTP side; 0 for any
	Log       logrus.FieldLogger
}

// keyFrameEvery is how often receivers may ask a sender for a key frame.
// LiveKit's own second makes whoever joins within a second of somebody else
// wait for the rest of it before the first frame. A receiver asks again after
// 200 ms (livekit-server, pkg/sfu/downtrack.go, keyFrameIntervalMin), so that with this interval the
// second try succeeds; rooms of one host are small enough to afford five key
// frames a second while people come in.
const keyFrameEvery = 200 * time.Millisecond

const (
	// maxUnread is how many bytes of data wait for one receiver who does not read.
	// LiveKit drops what is more, for them alone; it would keep everything.
	maxUnread = 1 << 20
	// maxMetadata is for one participant, in bytes. Foyer has none; LiveKit allows
	// 512 kB, and tells everybody all of it with each change of the person.
	maxMetadata = 64 << 10
)

// SFU is a running LiveKit.
type SFU struct {
	server *service.LivekitServer
	port   int
	media  int
	tcp    *tcpMux // nil without media over TCP
	watch  *watcher
	done   chan struct{}
	err    error // set before done is closed
}

// Start starts LiveKit and returns when it answers.
func Start(ctx context.Context, conf Config) (*SFU, error) {
	sendLogsTo(conf.Log)
	var err error
	for range portTries {
		var s *SFU
		if s, err = start(ctx, conf); err == nil {
			return s, nil
		}
		if !portInUse(err) {
			break
		}
	}
	if portInUse(err) {
		err = fmt.Errorf("%w: %w", call.ErrPortInUse, err)
	}
	return nil, fmt.Errorf("%w: %w", ErrFailed, err)
}

func start(ctx context.Context, conf Config) (*SFU, error) {
	s := &SFU{port: conf.Port, media: conf.MediaPort, done: make(chan struct{})}
	var err error
	if s.port == 0 {
		if s.port, err = freePort(loopback, false); err != nil {
			return nil, err
		}
	}
	if s.media == 0 {
		if s.media, err = freePort("", true); err != nil {
			return nil, err
		}
	}
	lk, err := s.config(conf)
	if err != nil {
		return nil, err
	}
	node, err := routing.NewLocalNode(lk)
	if err != nil {
		return nil, err
	}
	if err := prometheus.Init(string(node.NodeID()), node.NodeType()); err != nil {
		return nil, err
	}
	if s.server, err = service.InitializeServer(lk, node); err != nil {
		return nil, err
	}
	if TCP(conf.Address) {
		if s.tcp, err = useTCP(s.server.RoomManager(), s.media); err != nil {
			s.server.RoomManager().Stop()
			return nil, err
		}
	}
	s.watch = newWatcher(roomPeople{s.server.RoomManager(), func(g guest, reason string) {
		conf.Log.WithFields(logrus.Fields{"room": g.room, "identity": g.identity, "reason": reason}).
			Warn("a guest is removed")
	}})
	logWatcher.Store(s.watch)
	go func() {
		defer close(s.done)
		s.err = s.server.Start()
		if s.tcp != nil {
			_ = s.tcp.Close() // its listener is none
		}
	}()
	if err := s.waitListening(ctx); err != nil {
		s.abandon()
		return nil, err
	}
	return s, nil
}

// config is LiveKit's configuration. See config-sample.yaml of livekit-server
// for what the settings mean.
func (s *SFU) config(conf Config) (*config.Config, error) {
	// With a UDP port given, LiveKit does not choose a range of 10,000.
	lk, err := config.NewConfig(fmt.Sprintf("rtc: {udp_port: %d}", s.media), true, nil, nil)
	if err != nil {
		return nil, err
	}
	lk.Port = uint32(s.port)
	lk.BindAddresses = []string{loopback}
	lk.Keys = map[string]string{conf.Key: conf.Secret}
	lk.Room.AutoCreate = false // the door makes rooms
	lk.RTC.TCPPort = 0         // see tcpMux
	lk.RTC.EnableLoopbackCandidate = true
	lk.RTC.DataChannelMaxBufferedAmount = maxUnread
	lk.Limit.MaxMetadataSize = maxMetadata
	lk.RTC.PLIThrottle.LowQuality = keyFrameEvery
	lk.RTC.PLIThrottle.MidQuality = keyFrameEvery
	lk.RTC.PLIThrottle.HighQuality = keyFrameEvery
	// A receiver whose line was narrow is tried again every few seconds; LiveKit waits up
	// to two minutes after probes that have failed.
	lk.RTC.CongestionControl.RemoteBWE.ProbeController.ProbeRegulator.MaxInterval = maxProbePause
	lk.Video.StreamTrackerManager.Video.PacketTracker = layerTrackers()
	// ICE lite: we are reachable where we say, and LiveKit asks no public STUN
	// server for our address (rtcconfig/webrtc_config.go).
	lk.RTC.UseICELite = true
	lk.RTC.NodeIPAutoGenerated = true
	// LiveKit tells clients to ask Google and Twilio unless it has a STUN
	// server to name (roommanager.go, iceServersForParticipant). Nobody needs
	// one here, so it names one that cannot leave the client's own machine.
	lk.RTC.STUNServers = []string{loopback + ":9"}
	if a := conf.Address; !TCP(a) {
		lk.RTC.IPs.Includes = []string{netip.PrefixFrom(a, a.BitLen()).String()}
		lk.RTC.NodeIP = nodeIP(a)
	}
	return lk, nil
}

// maxProbePause is the longest time between two probes of a receiver's line.
const maxProbePause = 5 * time.Second

// layerTrackers say when a layer counts as sent: LiveKit waits ten seconds after a
// sender has taken one up again, and half a second after it was dropped, for which
// receivers see nothing new.
func layerTrackers() map[int32]streamtracker.StreamTrackerPacketConfig {
	lowest := streamtracker.DefaultStreamTrackerPacketConfigVideo[0]
	above := streamtracker.StreamTrackerPacketConfig{
		SamplesRequired: 2, CyclesRequired: 4, CycleDuration: 250 * time.Millisecond,
	}
	return map[int32]streamtracker.StreamTrackerPacketConfig{0: lowest, 1: above, 2: above}
}

func nodeIP(a netip.Addr) rtcconfig.NodeIP {
	if a.Is4() {
		return rtcconfig.NodeIP{V4: a.String()}
	}
	return rtcconfig.NodeIP{V6: a.String()}
}

// waitListening asks until LiveKit accepts connections: it has no event for it.
func (s *SFU) waitListening(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	var dialer net.Dialer
	for {
		if conn, err := dialer.DialContext(ctx, "tcp", s.address()); err == nil {
			return conn.Close()
		}
		select {
		case <-s.done:
			return fmt.Errorf("ended at its start: %w", s.err)
		case <-ctx.Done():
			return fmt.Errorf("does not listen: %w", context.Cause(ctx))
		case <-ticker.C:
		}
	}
}

// abandon frees the ports of a LiveKit that did not come up.
func (s *SFU) abandon() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	select {
	case <-s.done:
		s.server.RoomManager().Stop()
	default:
		_ = s.Stop(ctx)
	}
}

func (s *SFU) address() string { return net.JoinHostPort(loopback, strconv.Itoa(s.port)) }

// URL is where LiveKit's HTTP side listens, on this computer.
func (s *SFU) URL() *url.URL { return &url.URL{Scheme: "http", Host: s.address()} }

// Ports are where media is received.
func (s *SFU) Ports() reach.Ports {
	if s.tcp == nil {
		return reach.Ports{UDP: s.media}
	}
	return reach.Ports{UDP: s.media, TCP: s.media, Door: true}
}

// TakeMedia takes a TCP connection for media, see demux.Config.
func (s *SFU) TakeMedia(ctx context.Context, name string, conn net.Conn, keep func()) error {
	if s.tcp == nil {
		return errNobody
	}
	return s.tcp.take(ctx, name, conn, keep)
}

// Done is closed when LiveKit has ended, by Stop or by itself.
func (s *SFU) Done() <-chan struct{} { return s.done }

// Err says why, after Done.
func (s *SFU) Err() error {
	if s.err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrFailed, s.err)
}

// CloseRooms tells everybody in these rooms that the server stops
// (SERVER_SHUTDOWN) and closes them. LiveKit does so itself when it stops, but
// then ends its signalling without waiting until the word is out (server.go,
// Start): so this comes first, and Stop when the connections have drained.
func (s *SFU) CloseRooms(ctx context.Context, names []string) {
	for _, name := range names {
		if room := s.server.RoomManager().GetRoom(ctx, livekit.RoomName(name)); room != nil {
			room.Close(types.ParticipantCloseReasonRoomManagerStop)
		}
	}
}

// Stop ends LiveKit, and returns when it has ended or with ctx's error.
func (s *SFU) Stop(ctx context.Context) error {
	// LiveKit ignores Stop until 0.1 s after it has begun to listen
	// (server.go, Start), and has no event for that either.
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for !s.server.IsRunning() {
		select {
		case <-s.done:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ticker.C:
		}
	}
	go s.server.Stop(true) // ends with Done
	logWatcher.CompareAndSwap(s.watch, nil)
	select {
	case <-s.done:
		s.watch.group.Wait()
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// freePort asks the system for a port that is free now; for media it has to be
// free for UDP and TCP.
func freePort(host string, udp bool) (int, error) {
	var err error
	for range portTries {
		var l net.Listener
		if l, err = net.Listen("tcp", net.JoinHostPort(host, "0")); err != nil {
			return 0, err
		}
		port := l.Addr().(*net.TCPAddr).Port
		if udp {
			var p net.PacketConn
			if p, err = net.ListenPacket("udp", net.JoinHostPort(host, strconv.Itoa(port))); err == nil {
				err = p.Close()
			}
		}
		if err = errors.Join(err, l.Close()); err == nil {
			return port, nil
		}
	}
	return 0, err
}

// portInUse knows Windows' own number for it, too.
func portInUse(err error) bool {
	const wsaeAddrInUse = syscall.Errno(10048)
	return errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, wsaeAddrInUse)
}
