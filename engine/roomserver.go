package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"foyer/engine/call"
)

// startHost starts the server of this computer and then joins like anybody
// else. Starting and stopping take turns; what is left of joining's bound
// limits the wait. A server that was started for a stay that never began is
// stopped again: nobody has its link.
func (l *loop) startHost(s *stay) {
	if l.hostBusy {
		return // hostIdle begins
	}
	l.hostBusy, l.hostUnwanted = true, false
	fresh := !l.hosting
	ctx, cancel := context.WithDeadline(s.ctx, s.deadline)
	host, room, title := l.cfg.Host, s.room, s.title
	work(l, s.of(opStartServer), func() (call.HostLinks, error) {
		defer cancel()
		return host.Start(ctx, room, title)
	}, func(links call.HostLinks, err error) {
		l.hostBusy = false
		wanted := l.alive(s)
		switch {
		case err != nil && wanted:
			l.leave(hostFailure(overdue(err)))
		case err != nil:
		case !wanted && fresh:
			l.stopHost()
		default:
			l.hostReady(links.Guests)
			if wanted {
				s.link, s.guests, s.hosting, s.opened = links.Own, links.Guests, true, fresh
				l.dial(s)
			}
		}
		l.hostIdle()
	}, nil)
}

func hostFailure(err error) cause {
	return cause{reason: call.ReasonJoinFailed, err: fmt.Errorf("%w: %w", call.ErrHostFailed, err)}
}

// hostIdle lets a stay that waits for its turn have it.
func (l *loop) hostIdle() {
	if s := l.active(); s != nil && s.host && !s.hosting && !l.hostBusy {
		l.startHost(s)
	}
}

// stopHost stops the server while the engine goes on.
func (l *loop) stopHost() {
	if l.quitting || l.hostBusy {
		l.hostUnwanted = true
		return // the engine's end stops it, or a start that nobody wants any more
	}
	l.hostBusy = true
	l.unwatchHost()
	do(l, job{op: opStopServer}, l.cfg.Host.Stop, func(err error) {
		if err != nil {
			l.log.WithError(err).Warn("stopping host")
		}
		l.hostBusy = false
		l.hostClosed()
		l.hostIdle()
	})
}

// hostReady reports the server and watches for its end.
func (l *loop) hostReady(link call.Link) {
	l.hosting, l.hostLink = true, link
	l.emit(call.HostStarted{Link: link})
	stopped := l.cfg.Host.Stopped()
	if stopped == nil || stopped == l.hostStopped {
		return
	}
	l.unwatchHost()
	unwatch := make(chan struct{})
	l.hostStopped, l.hostUnwatch = stopped, unwatch
	b, base := l.inbox, l.base
	l.workers.Go(func() {
		select {
		case <-stopped:
			b.Put(happened{job{op: noteServerGone}, func(l *loop) { l.hostGone(stopped) }})
		case <-unwatch:
		case <-base.Done():
		}
	})
}

// unwatchHost ends the watch for the server's end by itself.
func (l *loop) unwatchHost() {
	if l.hostStopped != nil {
		close(l.hostUnwatch)
		l.hostStopped, l.hostUnwatch = nil, nil
	}
}

// Bounds of starting the server again. One that ends more often than that will
// not live, and whoever waits for it must know.
const (
	maxRestarts    = 3
	restartsWithin = time.Minute
	restartTimeout = 10 * time.Second
)

// hostGone is the server's end by itself. It is started again at once: sessions,
// ours and those of the others, reconnect as soon as it is there.
func (l *loop) hostGone(stopped <-chan struct{}) {
	if l.hostStopped != stopped || l.partsClosing {
		return
	}
	l.unwatchHost()
	l.hosting = false
	now := time.Now()
	l.crashes = slices.DeleteFunc(l.crashes, func(t time.Time) bool { return now.Sub(t) > restartsWithin })
	l.crashes = append(l.crashes, now)
	err := fmt.Errorf("%w: %d times within %v", call.ErrHostCrashed, len(l.crashes), restartsWithin)
	switch {
	case len(l.crashes) > maxRestarts:
		l.crashes = nil // whoever starts a room again has the same patience
		l.hostLost(err)
	case l.quitting || l.hostBusy: // a start under way sees to it
		l.emit(call.HostStopped{Err: err})
	default:
		l.emit(call.HostStopped{Err: err, Restarting: true})
		l.restartHost()
	}
}

// restartHost starts the server again, whether or not we are in a room of it: the
// others are.
func (l *loop) restartHost() {
	l.hostBusy, l.hostUnwanted = true, false
	host := l.cfg.Host
	ctx, cancel := context.WithTimeout(l.base, restartTimeout)
	do(l, job{op: opRestartServer}, func() error {
		defer cancel()
		return host.Restart(ctx)
	}, func(err error) {
		l.hostBusy = false
		if err != nil {
			l.hostLost(err)
		} else {
			l.hostReady(l.hostLink)
			if l.hostUnwanted {
				l.stopHost()
			}
		}
		l.hostIdle()
	})
}

// hostLost ends the stay in a room of the server that does not come back: to wait
// for it would be false hope.
func (l *loop) hostLost(err error) {
	l.emit(call.HostStopped{Err: err})
	if s := l.active(); s != nil && s.hosting {
		s.sessionOver = true // there is nobody to tell
		l.leave(cause{reason: call.ReasonServerStopped, err: err})
	}
}

// hostClosed is its end because we asked for it.
func (l *loop) hostClosed() {
	if l.hosting {
		l.hosting = false
		l.emit(call.HostStopped{})
	}
}
