package engine

import (
	"context"
	"fmt"

	"foyer/engine/call"
)

// startHost starts the server of this computer and then joins like anybody
// else. A server that is ready after the stay has ended runs on: the next
// StartRoom uses it, and the engine's end stops it.
func (l *loop) startHost(s *stay) {
	l.boundJoin(s, fmt.Errorf("%w: %w", call.ErrHostFailed, call.ErrJoinTimeout))
	ctx, cancel := context.WithTimeout(s.ctx, l.cfg.JoinTimeout)
	host, room, title := l.cfg.Host, s.room, s.title
	work(l, func() (call.Link, error) {
		defer cancel()
		return host.Start(ctx, room, title)
	}, func(link call.Link, err error) {
		if err == nil {
			l.hostReady(link)
		}
		switch {
		case l.stay != s || s.exit != nil:
		case err != nil:
			l.leave(cause{reason: call.ReasonJoinFailed, err: fmt.Errorf("%w: %w", call.ErrHostFailed, err)})
		default:
			s.link, s.hosting = link, true
			l.dial(s)
		}
	}, nil)
}

// hostReady reports the server and watches for its end.
func (l *loop) hostReady(link call.Link) {
	l.hosting = true
	l.emit(call.HostStarted{Link: link})
	stopped := l.cfg.Host.Stopped()
	if stopped == nil || stopped == l.hostStopped {
		return
	}
	l.hostStopped = stopped
	b, base := l.inbox, l.base
	l.workers.Go(func() {
		select {
		case <-stopped:
			b.post(message{run: func(l *loop) { l.hostGone(stopped) }})
		case <-base.Done():
		}
	})
}

// hostGone is the server's end by itself. The session notices on its own.
func (l *loop) hostGone(stopped <-chan struct{}) {
	if l.hostStopped != stopped || l.partsClosing {
		return
	}
	l.hosting, l.hostStopped = false, nil
	l.emit(call.HostStopped{Err: fmt.Errorf("%w: it ended by itself", call.ErrHostFailed)})
}

// hostClosed is its end because we asked for it.
func (l *loop) hostClosed() {
	if l.hosting {
		l.hosting = false
		l.emit(call.HostStopped{})
	}
}
