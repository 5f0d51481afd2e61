package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"foyer/engine/call"
	"foyer/engine/internal/refusal"
)

// serverControl starts and stops the room server of this computer, and starts it
// again when it ends by itself.
type serverControl struct {
	l        *loop
	running  bool
	busy     bool            // it is being started or stopped
	unwanted bool            // it shall stop, but is busy starting
	stopped  <-chan struct{} // the run that is watched
	endWatch chan struct{}   // ends the watch
	link     call.Link       // the last room's, for guests
	crashes  []time.Time     // when it ended by itself, lately
}

// start starts the server of this computer and then joins like anybody
// else. Starting and stopping take turns; the rest of JoinTimeout limits the wait.
// If the stay never began, the server stops again: nobody has its link.
func (sc *serverControl) start(s *stay) {
	if sc.busy {
		return // idle begins
	}
	sc.busy, sc.unwanted = true, false
	fresh := !sc.running
	ctx, cancel := context.WithDeadline(s.ctx, s.deadline)
	server, room, title := sc.l.cfg.RoomServer, s.room, s.title
	work(sc.l, s.of(opStartServer), func() (call.RoomLinks, error) {
		defer cancel()
		return server.Start(ctx, room, title)
	}, func(links call.RoomLinks, err error) {
		sc.busy = false
		wanted := sc.l.alive(s)
		switch {
		case err != nil && wanted:
			sc.l.leave(serverFailure(refusal.Overdue(err)))
		case err != nil:
		case !wanted && fresh:
			sc.stop()
		default:
			sc.ready(links.Guests)
			if wanted {
				s.link, s.guests, s.hosting, s.opened = links.Own, links.Guests, true, fresh
				sc.l.dial(s)
			}
		}
		sc.idle()
	}, nil)
}

func serverFailure(err error) cause {
	return cause{Reason: call.ReasonJoinFailed, Err: fmt.Errorf("%w: %w", call.ErrRoomServerFailed, err)}
}

// idle lets a stay that waits for its turn have it.
func (sc *serverControl) idle() {
	if s := sc.l.active(); s != nil && s.starts && !s.hosting && !sc.busy {
		sc.start(s)
	}
}

// stop stops the server while the engine goes on.
func (sc *serverControl) stop() {
	if sc.l.quitting || sc.busy {
		sc.unwanted = true
		return // the engine's end stops it, or a start that nobody wants any more
	}
	sc.busy = true
	sc.unwatch()
	do(sc.l, job{op: opStopServer}, sc.l.cfg.RoomServer.Stop, func(err error) {
		if err != nil {
			sc.l.log.WithError(err).Warn("stopping the room server")
		}
		sc.busy = false
		sc.closed()
		sc.idle()
	})
}

// ready reports the server and watches for its end.
func (sc *serverControl) ready(link call.Link) {
	sc.running, sc.link = true, link
	sc.l.emit(call.RoomServerStarted{Link: link})
	stopped := sc.l.cfg.RoomServer.Stopped()
	if stopped == nil || stopped == sc.stopped {
		return
	}
	sc.unwatch()
	unwatch := make(chan struct{})
	sc.stopped, sc.endWatch = stopped, unwatch
	b, base, reached := sc.l.inbox, sc.l.base, sc.l.cfg.RoomServer.Reached()
	sc.l.workers.Go(func() {
		for {
			select {
			case r := <-reached:
				b.Put(happened{job{op: noteReached}, func(l *loop) { l.server.reached(stopped, r) }})
				continue
			case <-stopped:
				b.Put(happened{job{op: noteServerGone}, func(l *loop) { l.server.gone(stopped) }})
			case <-unwatch:
			case <-base.Done():
			}
			return
		}
	})
}

// reached lets the links that are given out from now on have other addresses.
func (sc *serverControl) reached(stopped <-chan struct{}, r call.RoomServerReached) {
	if sc.stopped == stopped {
		sc.link.Hosts = r.Hosts
		if s := sc.l.active(); s != nil && s.hosting {
			s.guests.Hosts = r.Hosts
		}
		sc.l.emit(r)
	}
}

// unwatch ends the watch for the server's end by itself.
func (sc *serverControl) unwatch() {
	if sc.stopped != nil {
		close(sc.endWatch)
		sc.stopped, sc.endWatch = nil, nil
	}
}

// Limits of starting the server again. A server that ends more often than that will
// not live, and a stay that waits for it has to end.
const (
	maxRestarts    = 3
	restartsWithin = time.Minute
	restartTimeout = 10 * time.Second
)

// gone is the server's end by itself. It is started again at once: sessions,
// ours and those of the others, reconnect as soon as it is there.
func (sc *serverControl) gone(stopped <-chan struct{}) {
	if sc.stopped != stopped || sc.l.partsClosing {
		return
	}
	sc.unwatch()
	sc.running = false
	now := time.Now()
	sc.crashes = slices.DeleteFunc(sc.crashes, func(t time.Time) bool { return now.Sub(t) > restartsWithin })
	sc.crashes = append(sc.crashes, now)
	err := fmt.Errorf("%w: %d times within %v", call.ErrRoomServerCrashed, len(sc.crashes), restartsWithin)
	switch {
	case len(sc.crashes) > maxRestarts:
		sc.crashes = nil // the next start has the same patience
		sc.lost(err)
	case sc.l.quitting || sc.busy: // a start under way sees to it
		sc.l.emit(call.RoomServerStopped{Err: err})
	default:
		sc.l.emit(call.RoomServerStopped{Err: err, Restarting: true})
		sc.restart()
	}
}

// restart starts the server again, whether or not we are in a room of it: the
// others are.
func (sc *serverControl) restart() {
	sc.busy, sc.unwanted = true, false
	server := sc.l.cfg.RoomServer
	ctx, cancel := context.WithTimeout(sc.l.base, restartTimeout)
	do(sc.l, job{op: opRestartServer}, func() error {
		defer cancel()
		return server.Restart(ctx)
	}, func(err error) {
		sc.busy = false
		if err != nil {
			sc.lost(err)
		} else {
			sc.ready(sc.link)
			if sc.unwanted {
				sc.stop()
			}
		}
		sc.idle()
	})
}

// lost ends the stay in a room of the server that does not come back: to wait
// for it would be false hope.
func (sc *serverControl) lost(err error) {
	sc.l.emit(call.RoomServerStopped{Err: err})
	if s := sc.l.active(); s != nil && s.hosting {
		s.sessionOver = true // there is nobody to tell
		sc.l.leave(cause{Reason: call.ReasonServerStopped, Err: err})
	}
}

// closed is its end because we asked for it.
func (sc *serverControl) closed() {
	if sc.running {
		sc.running = false
		sc.l.emit(call.RoomServerStopped{})
	}
}
