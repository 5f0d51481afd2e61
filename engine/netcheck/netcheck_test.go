package netcheck

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"foyer/engine/call"
	"foyer/engine/call/reach"
	"foyer/engine/doorapi"
)

// door is a server that answers as a door does, and its link.
func door(t *testing.T, answer http.HandlerFunc) (*httptest.Server, call.Link) {
	t.Helper()
	s := httptest.NewTLSServer(answer)
	t.Cleanup(s.Close)
	return s, call.Link{
		Hosts: []string{s.Listener.Addr().String()}, Room: "r", Secret: "s", Fingerprint: sha256.Sum256(s.Certificate().Raw),
	}
}

func healthy(media string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != doorapi.HealthPath || r.Method != http.MethodGet || r.Header.Get("Authorization") != "" {
			http.Error(w, "not asked for its health", http.StatusTeapot)
			return
		}
		fmt.Fprintf(w, `{"status":"ok"%s}`, media)
	}
}

func portOf(a net.Addr) int {
	switch a := a.(type) {
	case *net.TCPAddr:
		return a.Port
	case *net.UDPAddr:
		return a.Port
	}
	return 0
}

// Every address is tried, and of the ways of media what can be known.
func TestReport(t *testing.T) {
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	udp, err := net.ListenPacket("udp", "127.0.0.1:0") // silent, as a media server is to strangers
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	_, link := door(t, healthy(fmt.Sprintf(`,"media":{"udp":%d,"tcp":%d,"door":true}`, portOf(udp.LocalAddr()), portOf(tcp.Addr()))))
	link.Hosts = append([]string{closedPort(t)}, link.Hosts...)
	r := Run(t.Context(), link)
	if r.Best != 1 || r.TCP != reach.WayOpen || r.Door != reach.WayOpen || r.UDP != reach.WayUnknown || r.Plain {
		t.Errorf("%+v", r)
	}
	if a := r.Addresses[0]; a.Failed != reach.StepConnect || !errors.Is(a.Err, call.ErrUnreachable) {
		t.Errorf("where nobody listens: %+v", a)
	}
	if a := r.Addresses[1]; a.Failed != reach.StepNone || a.Err != nil || a.RoundTrip <= 0 || a.Spread < 0 {
		t.Errorf("where the door is: %+v", a)
	}
}

// closedPort is an address where nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// Ports of media where nobody listens are closed, and an older door says of none.
func TestMediaThatDoesNotGetThrough(t *testing.T) {
	closed := portOf(must(net.ResolveTCPAddr("tcp", closedPort(t))))
	_, link := door(t, healthy(fmt.Sprintf(`,"media":{"udp":%d,"tcp":%d}`, closed, closed)))
	if r := Run(t.Context(), link); r.Best != 0 || r.TCP != reach.WayClosed || r.Door != reach.WayUnknown || r.UDP != reach.WayClosed {
		t.Errorf("%+v", r)
	}
	_, link = door(t, healthy(""))
	if r := Run(t.Context(), link); r.Best != 0 || r.Media != (reach.Ports{}) || r.TCP != reach.WayUnknown || r.UDP != reach.WayUnknown {
		t.Errorf("%+v", r)
	}
	_, link = door(t, healthy(`,"media":{"udp":-1,"tcp":70000}`))
	if r := Run(t.Context(), link); r.Best != 0 || r.Media != (reach.Ports{}) {
		t.Errorf("ports that are none: %+v", r)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// Whatever is wrong at an address, the test ends and says at what.
func TestBadAddresses(t *testing.T) {
	plain := httptest.NewServer(healthy(""))
	defer plain.Close()
	for name, tt := range map[string]struct {
		answer http.HandlerFunc
		change func(*call.Link)
		failed reach.Step
		err    error
	}{
		"another certificate": {healthy(""), func(l *call.Link) { l.Fingerprint[0]++ }, reach.StepTLS, call.ErrWrongServer},
		"not trusted":         {healthy(""), func(l *call.Link) { l.Fingerprint = [32]byte{} }, reach.StepTLS, call.ErrUntrusted},
		"no TLS": {healthy(""), func(l *call.Link) { l.Hosts[0] = plain.Listener.Addr().String() },
			reach.StepTLS, call.ErrServerGarbage},
		"no port":      {healthy(""), func(l *call.Link) { l.Hosts[0] = "127.0.0.1" }, reach.StepName, call.ErrServerGarbage},
		"unknown name": {healthy(""), func(l *call.Link) { l.Hosts[0] = "nobody.invalid:1" }, reach.StepName, call.ErrUnreachable},
		"a page":       {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }, nil, reach.StepAnswer, call.ErrServerGarbage},
		"another JSON": {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "{}") }, nil, reach.StepAnswer, call.ErrServerGarbage},
		"stopping": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprint(w, `{"error":"server_silent"}`)
		}, nil, reach.StepAnswer, call.ErrServerSilent},
		"endless": {func(w http.ResponseWriter, _ *http.Request) {
			for {
				if _, err := fmt.Fprint(w, strings.Repeat("x", 4096)); err != nil {
					return
				}
			}
		}, nil, reach.StepAnswer, call.ErrServerGarbage},
		"closes": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Connection", "close")
			healthy("")(w, r)
		}, nil, reach.StepAnswer, call.ErrServerGarbage},
	} {
		_, link := door(t, tt.answer)
		if tt.change != nil {
			tt.change(&link)
		}
		r := Run(t.Context(), link)
		if a := r.Addresses[0]; r.Best != -1 || a.Failed != tt.failed || !errors.Is(a.Err, tt.err) {
			t.Errorf("%s: failed at %q: %v", name, a.Failed, a.Err)
		}
	}
}

// A test that is taken back ends at once, whoever is silent.
func TestTakenBack(t *testing.T) {
	asked := make(chan struct{})
	_, link := door(t, func(_ http.ResponseWriter, r *http.Request) {
		close(asked)
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	began := time.Now()
	if r := Run(ctx, link); r.Best != -1 || time.Since(began) > stepLimit {
		t.Errorf("after %v: %+v", time.Since(began), r)
	}
}

// A LiveKit server is asked, too; whatever it answers, it is there.
func TestLiveKit(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	link := call.Link{URL: strings.Replace(s.URL, "http", "ws", 1), Token: "t"}
	if r := Run(t.Context(), link); r.Best != 0 || !r.Plain || r.Addresses[0].RoundTrip <= 0 {
		t.Errorf("%+v", r)
	}
	link.URL = "wss" + strings.TrimPrefix(s.URL, "http")
	if r := Run(t.Context(), link); r.Best != -1 || r.Addresses[0].Failed != reach.StepTLS {
		t.Errorf("%+v", r)
	}
}
