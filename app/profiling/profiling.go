// Package profiling is the flag --pprof: profiles of the running program, for users of
// the same computer. Any goroutine may use it.
package profiling

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"time"
)

// Usage is what the help says of the flag.
const Usage = "loopback address, such as 127.0.0.1:6060, on which net/http/pprof serves profiles; " +
	"every user of this computer can read them"

const (
	headerTimeout = 5 * time.Second
	endTimeout    = time.Second
)

// errAddress says that profiles would leave the computer.
var errAddress = errors.New("--pprof takes an address of loopback and a port, such as 127.0.0.1:6060")

// Start answers net/http/pprof's paths at addr until stop is called. An
// empty addr, which is the default, opens nothing.
func Start(addr string) (stop func(), err error) {
	if addr == "" {
		return func() {}, nil
	}
	at, err := netip.ParseAddrPort(addr)
	if err != nil || !at.Addr().IsLoopback() {
		return nil, errAddress
	}
	listener, err := net.Listen("tcp", at.String())
	if err != nil {
		return nil, fmt.Errorf("--pprof: %w", err)
	}
	server := &http.Server{Handler: handler(), ReadHeaderTimeout: headerTimeout}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener) // ends with Shutdown or Close
	}()
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), endTimeout)
		defer cancel()
		if server.Shutdown(ctx) != nil {
			_ = server.Close() // somebody records a profile still
		}
		<-done
	}, nil
}

// handler answers only requests that name loopback by its address: a web page whose name
// points there (DNS rebinding) reads nothing.
func handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		at, err := netip.ParseAddrPort(r.Host)
		if err != nil || !at.Addr().IsLoopback() || r.Header.Get("Origin") != "" {
			http.Error(w, "ask for the address of loopback", http.StatusForbidden)
			return
		}
		mux.ServeHTTP(w, r)
	})
}
