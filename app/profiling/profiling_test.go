package profiling

import (
	"net"
	"net/http"
	"testing"

	"foyer/internal/testenv"
)

func TestItStaysOnLoopback(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{"0.0.0.0:0", ":6060", "[::]:0", "192.0.2.1:6060", "localhost:6060", "127.0.0.1", "6060"} {
		if stop, err := Start(addr); err == nil {
			stop()
			t.Errorf("%s was taken", addr)
		}
	}
	port := testenv.FreePort(t)
	addr := (&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}).String()
	stop, err := Start(addr)
	if err != nil {
		t.Fatal(err)
	}
	if got := ask(t, addr, addr, ""); got != http.StatusOK {
		t.Errorf("status %d", got)
	}
	if got := ask(t, addr, "rebound.example:6060", ""); got != http.StatusForbidden {
		t.Errorf("a web page's name was answered with status %d", got)
	}
	if got := ask(t, addr, addr, "https://page.example"); got != http.StatusForbidden {
		t.Errorf("a web page was answered with status %d", got)
	}
	if again, err := Start(addr); err == nil {
		again()
		t.Error("a port that is taken was taken again")
	}
	stop()
	if conn, err := net.Dial("tcp", addr); err == nil {
		conn.Close()
		t.Error("it listens after its end")
	}
}

func ask(t *testing.T, addr, host, origin string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr+"/debug/pprof/goroutine?debug=1", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = host
	if origin != "" {
		req.Header.Set("Origin", origin)
	}
	transport := &http.Transport{DisableKeepAlives: true}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}
