package app

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

const (
	pprofUsage = "loopback address, such as 127.0.0.1:6060, on which net/http/pprof serves profiles; " +
		"every user of this computer can read them"

	pprofHeaderTimeout = 5 * time.Second
	pprofEndTimeout    = time.Second
)

// errPprofAddress says that profiles would leave the computer.
var errPprofAddress = errors.New("--pprof takes an address of loopback and a port, such as 127.0.0.1:6060")

// startPprof answers net/http/pprof's paths at addr until stop is called. An
// empty addr, which is the default, opens nothing.
func startPprof(addr string) (stop func(), err error) {
	if addr == "" {
		return func() {}, nil
	}
	at, err := netip.ParseAddrPort(addr)
	if err != nil || !at.Addr().IsLoopback() {
		return nil, errPprofAddress
	}
	listener, err := net.Listen("tcp", at.String())
	if err != nil {
		return nil, fmt.Errorf("--pprof: %w", err)
	}
	server := &http.Server{Handler: pprofHandler(), ReadHeaderTimeout: pprofHeaderTimeout}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener) // ends with Shutdown or Close
	}()
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), pprofEndTimeout)
		defer cancel()
		if server.Shutdown(ctx) != nil {
			_ = server.Close() // somebody records a profile still
		}
		<-done
	}, nil
}

// pprofHandler answers who asks for loopback by its address alone: the name of a
// web page that points there (DNS rebinding) reads nothing.
func pprofHandler() http.Handler {
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
