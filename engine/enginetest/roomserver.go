package enginetest

import (
	"context"
	"sync"

	"foyer/engine/call"
)

// RoomServer is a [call.RoomServer] that starts nothing.
type RoomServer struct {
	Ledger    *Ledger
	OnStart   func(call.RoomID) Step
	OnRestart func() Step
	OnStop    func() Step
	OnClose   func() Step

	mu      sync.Mutex
	stopped chan struct{}
	reached chan call.RoomServerReached
	entry   *Entry
	starts  int
	room    call.RoomID // the last one
}

// Start answers with a link as OnStart says. One that runs is used again.
func (s *RoomServer) Start(ctx context.Context, room call.RoomID, title string) (call.RoomLinks, error) {
	if s.OnStart != nil {
		if err := s.OnStart(room).take(ctx); err != nil {
			return call.RoomLinks{}, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.room = room
	s.begin()
	guests := call.Link{Hosts: []string{"127.0.0.1:7443"}, Room: room, Title: title, Secret: "secret"}
	own := guests
	own.Secret = "host's secret"
	return call.RoomLinks{Own: own, Guests: guests}, nil
}

// begin begins a run, unless there is one. The caller holds the lock.
func (s *RoomServer) begin() {
	if s.stopped != nil {
		return
	}
	s.stopped = make(chan struct{})
	s.reached = make(chan call.RoomServerReached, 1)
	s.entry = s.Ledger.ask("server", call.SourceUnknown, string(s.room))
	s.Ledger.note(&s.entry.Opened)
	s.starts++
}

// Restart begins another run as OnRestart says.
func (s *RoomServer) Restart(ctx context.Context) error {
	if s.OnRestart != nil {
		if err := s.OnRestart().take(ctx); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begin()
	return nil
}

// Starts counts the runs of the server.
func (s *RoomServer) Starts() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.starts
}

// Crash ends a running server by itself.
func (s *RoomServer) Crash() { s.halt(true) }

func (s *RoomServer) halt(byItself bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped != nil {
		s.Ledger.note(&s.entry.Closed)
		if byItself {
			close(s.stopped)
		}
		s.stopped = nil
	}
}

// Stopped is closed by Crash.
func (s *RoomServer) Stopped() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stopped
}

// Reached gets what Reach was told.
func (s *RoomServer) Reached() <-chan call.RoomServerReached {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reached
}

// Reach tells how the running server is reached.
func (s *RoomServer) Reach(r call.RoomServerReached) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reached <- r
}

// Stop ends the server as OnStop says.
func (s *RoomServer) Stop() error {
	if s.OnStop != nil {
		if err := s.OnStop().take(context.Background()); err != nil {
			return err
		}
	}
	s.halt(false)
	return nil
}

// Close ends the server as OnClose says.
func (s *RoomServer) Close() error {
	if s.OnClose != nil {
		if err := s.OnClose().take(context.Background()); err != nil {
			return err
		}
	}
	s.halt(false)
	return nil
}
