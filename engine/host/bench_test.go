package host

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/auth"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/doorclient"
	"foyer/engine/host/hosttest"
	"foyer/engine/host/roomservice"
	"foyer/engine/host/sfu"
	"foyer/internal/testenv"
)

func noLimits(c *Config) {
	l := hosttest.Unlimited()
	c.limits = &l
}

// reportP95 adds the 95th percentile to a benchmark.
func reportP95(b *testing.B, times []time.Duration) {
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)*95/100].Microseconds())/1000, "p95-ms")
}

// BenchmarkJoin is the whole join at the door, over an open connection.
func BenchmarkJoin(b *testing.B) {
	s := startServer(b, noLimits)
	link, g, client := s.invite(nil), newGuest(b, "anna"), s.client()
	times := make([]time.Duration, 0, b.N)
	for b.Loop() {
		raw, err := json.Marshal(g.request(b, link))
		if err != nil {
			b.Fatal(err)
		}
		began := time.Now()
		res, err := client.Post(s.URL+doorapi.JoinPath, "application/json", bytes.NewReader(raw))
		if err != nil {
			b.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		if res.StatusCode != http.StatusOK {
			b.Fatal(res.Status)
		}
		times = append(times, time.Since(began))
	}
	reportP95(b, times)
}

// BenchmarkConnect is a connect to LiveKit until its first message: through the
// door (TLS, token, register, proxy) and without it. The difference is the
// door's.
func BenchmarkConnect(b *testing.B) {
	b.Run("door", func(b *testing.B) {
		s := startServer(b, noLimits)
		token := s.mustJoin(newGuest(b, "anna"), s.invite(nil)).Token
		dialer := websocket.Dialer{TLSClientConfig: doorclient.Pinned(s.fingerprint(), call.ErrForeignKey)}
		benchmarkConnect(b, dialer, "wss"+strings.TrimPrefix(s.URL, "https"), token)
	})
	b.Run("direct", func(b *testing.B) {
		log, _ := testenv.NewLog()
		key := roomservice.Key{Key: "key", Secret: "a secret that is long enough for LiveKit"}
		media, err := sfu.Start(context.Background(), sfu.Config{Key: key.Key, Secret: key.Secret, Address: loopback4(), Log: log})
		if err != nil {
			b.Fatal(err)
		}
		defer func() { _ = media.Stop(context.Background()) }()
		token, err := auth.NewAccessToken(key.Key, key.Secret).SetIdentity("anna").
			SetVideoGrant(&auth.VideoGrant{RoomJoin: true, RoomCreate: true, Room: "hall"}).ToJWT()
		if err != nil {
			b.Fatal(err)
		}
		benchmarkConnect(b, websocket.Dialer{}, "ws://"+media.URL().Host, token)
	})
}

func benchmarkConnect(b *testing.B, dialer websocket.Dialer, base, token string) {
	times := make([]time.Duration, 0, b.N)
	for b.Loop() {
		began := time.Now()
		connectOnce(b, dialer, base, token)
		times = append(times, time.Since(began))
	}
	reportP95(b, times)
}

// connectOnce connects until LiveKit's first message.
func connectOnce(b *testing.B, dialer websocket.Dialer, base, token string) {
	b.Helper()
	conn, _, err := dialer.Dial(base+"/rtc?protocol=17&sdk=go", http.Header{"Authorization": {"Bearer " + token}})
	if err != nil {
		b.Fatal(err)
	}
	if _, _, err := conn.ReadMessage(); err != nil {
		b.Fatal(err)
	}
	_ = conn.Close()
}

// BenchmarkDoorOverhead is a whole join until LiveKit's first message, each time
// over connections of its own, through the door (invitation, signature,
// register, token, proxy) and, in turn, at the same LiveKit directly with a token
// that is there already. door-p95-ms minus direct-p95-ms is to stay below 10.
func BenchmarkDoorOverhead(b *testing.B) {
	log, _ := testenv.NewLog()
	key := roomservice.Key{Key: "key", Secret: "a secret that is long enough for LiveKit"}
	media, err := sfu.Start(context.Background(), sfu.Config{Key: key.Key, Secret: key.Secret, Address: loopback4(), Log: log})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = media.Stop(context.Background()) })
	s := startServer(b, func(c *Config) {
		noLimits(c)
		c.LiveKitURL, c.APIKey, c.APISecret = "http://"+media.URL().Host, key.Key, key.Secret
	})
	link, g := s.invite(nil), newGuest(b, "anna")
	ready, err := auth.NewAccessToken(key.Key, key.Secret).SetIdentity("berta").
		SetVideoGrant(&auth.VideoGrant{RoomJoin: true, Room: "hall"}).ToJWT()
	if err != nil {
		b.Fatal(err)
	}
	tls := websocket.Dialer{TLSClientConfig: doorclient.Pinned(s.fingerprint(), call.ErrForeignKey)}
	var door, direct []time.Duration
	for b.Loop() {
		began := time.Now()
		token := s.mustJoin(g, link).Token
		connectOnce(b, tls, "wss"+strings.TrimPrefix(s.URL, "https"), token)
		door = append(door, time.Since(began))
		began = time.Now()
		connectOnce(b, websocket.Dialer{}, "ws://"+media.URL().Host, ready)
		direct = append(direct, time.Since(began))
	}
	slices.Sort(door)
	slices.Sort(direct)
	b.ReportMetric(ms(door[len(door)*95/100]), "door-p95-ms")
	b.ReportMetric(ms(direct[len(direct)*95/100]), "direct-p95-ms")
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
