package atspi

import (
	"context"
	"time"

	"github.com/godbus/dbus/v5"
)

// Names of the services.
const (
	busName      = "org.a11y.Bus"
	busPath      = "/org/a11y/bus"
	registryName = "org.a11y.atspi.Registry"
)

// run follows the bus of the session until ctx ends.
func (r *Reader) run(ctx context.Context) {
	for ctx.Err() == nil {
		session, err := dial(ctx, sessionAddress())
		if err != nil {
			r.conf.Log.WithError(err).Debug("screen readers cannot be reached")
			return // no session, nobody who reads
		}
		stop := context.AfterFunc(ctx, session.Close)
		r.follow(ctx, session)
		stop()
		session.Close()
		rest(ctx)
	}
}

// rest waits a moment.
func rest(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(restart):
	}
}

// follow serves whenever somebody listens, until the bus goes away.
func (r *Reader) follow(ctx context.Context, session *bus) {
	changes := make(chan *dbus.Signal, 16)
	session.Signal(changes)
	for _, rule := range []string{
		"type='signal',interface='org.freedesktop.DBus.Properties',member='PropertiesChanged',path='" + busPath + "'",
		"type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',arg0='" + busName + "'",
	} {
		if session.call(ctx, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus.AddMatch", 0, rule).
			Err != nil {
			return
		}
	}
	for ctx.Err() == nil {
		if r.wanted(ctx, session) {
			if err := r.serve(ctx, session, changes); err != nil {
				r.conf.Log.WithError(err).Info("screen readers are not served any more")
			}
			if session.Context().Err() != nil {
				return
			}
			rest(ctx)
			continue
		}
		select {
		case <-ctx.Done():
		case _, open := <-changes:
			if !open {
				return
			}
		}
	}
}

// wanted reports whether anybody listens. Nothing is started to find out.
func (r *Reader) wanted(ctx context.Context, session *bus) bool {
	for _, name := range []string{"IsEnabled", "ScreenReaderEnabled"} {
		var on dbus.Variant
		err := session.call(
			ctx, busName, busPath, "org.freedesktop.DBus.Properties.Get", dbus.FlagNoAutoStart, "org.a11y.Status", name,
		).Store(&on)
		if is, ok := on.Value().(bool); err == nil && ok && is {
			return true
		}
	}
	return false
}

// serve answers readers and tells them what changes, until nobody listens any more.
func (r *Reader) serve(ctx context.Context, session *bus, changes <-chan *dbus.Signal) error {
	var address string
	err := session.call(ctx, busName, busPath, "org.a11y.Bus.GetAddress", dbus.FlagNoAutoStart).Store(&address)
	if err != nil {
		return err
	}
	b, err := dial(ctx, address)
	if err != nil {
		return err
	}
	defer b.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	context.AfterFunc(ctx, b.Close)
	s := newServer(ctx, r, b)
	if err := s.export(); err != nil {
		return err
	}
	r.conf.Voice.Listen(true)
	defer r.conf.Voice.Listen(false)
	s.look()
	if err := s.embed(); err != nil {
		return err
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-b.Context().Done():
			return b.Context().Err()
		case _, open := <-changes:
			if !open || !r.wanted(ctx, session) {
				return nil
			}
		case <-tick.C:
			s.look()
		case <-s.acted:
			s.look()
		}
	}
}
