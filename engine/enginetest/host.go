package enginetest

import (
	"context"
	"sync"

	"foyer/engine/call"
)

// Host is a [call.Host] that starts nothing.
type Host struct {
	Ledger    *Ledger
	OnStart   func(call.RoomID) Step
	OnRestart func() Step
	OnStop    func() Step
	OnClose   func() Step

	mu      sync.Mutex
	stopped chan struct{}
	reached chan call.HostReached
	entry   *Entry
	starts  int
	room    call.RoomID // the last one
}

// Start answers with a link as OnStart says. A host that runs is used again.
func (h *Host) Start(ctx context.Context, room call.RoomID, title string) (call.HostLinks, error) {
	if h.OnStart != nil {
		if err := h.OnStart(room).take(ctx); err != nil {
			return call.HostLinks{}, err
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.room = room
	h.begin()
	guests := call.Link{Hosts: []string{"127.0.0.1:7443"}, Room: room, Title: title, Secret: "secret"}
	own := guests
	own.Secret = "host's secret"
	return call.HostLinks{Own: own, Guests: guests}, nil
}

// begin begins a run, unless there is one. The caller holds the lock.
func (h *Host) begin() {
	if h.stopped != nil {
		return
	}
	h.stopped = make(chan struct{})
	h.reached = make(chan call.HostReached, 1)
	h.entry = h.Ledger.ask("host", call.SourceUnknown, string(h.room))
	h.Ledger.note(&h.entry.Opened)
	h.starts++
}

// Restart begins another run as OnRestart says.
func (h *Host) Restart(ctx context.Context) error {
	if h.OnRestart != nil {
		if err := h.OnRestart().take(ctx); err != nil {
			return err
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.begin()
	return nil
}

// Starts counts the runs of the server.
func (h *Host) Starts() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.starts
}

// Crash ends a running server by itself.
func (h *Host) Crash() { h.halt(true) }

func (h *Host) halt(byItself bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.stopped != nil {
		h.Ledger.note(&h.entry.Closed)
		if byItself {
			close(h.stopped)
		}
		h.stopped = nil
	}
}

// Stopped is closed by Crash.
func (h *Host) Stopped() <-chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.stopped
}

// Reached gets what Reach was told.
func (h *Host) Reached() <-chan call.HostReached {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.reached
}

// Reach tells how the running server is reached.
func (h *Host) Reach(r call.HostReached) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.reached <- r
}

// Stop ends the server as OnStop says.
func (h *Host) Stop() error {
	if h.OnStop != nil {
		if err := h.OnStop().take(context.Background()); err != nil {
			return err
		}
	}
	h.halt(false)
	return nil
}

// Close ends the server as OnClose says.
func (h *Host) Close() error {
	if h.OnClose != nil {
		if err := h.OnClose().take(context.Background()); err != nil {
			return err
		}
	}
	h.halt(false)
	return nil
}
