package atspi

import (
	"context"
	"errors"
	"time"

	"github.com/godbus/dbus/v5"
)

// Names of the services.
const (
	busName      = "org.a11y.Bus"
	busPath      = "/org/a11y/bus"
	registryName = "org.a11y.atspi.Registry"

	propertiesChanged = "PropertiesChanged"
	ownerChanged      = "NameOwnerChanged"
)

// errGone says that a bus has closed the connection.
var errGone = errors.New("the message bus has gone")

// run follows the bus of the session until ctx ends.
func (r *Reader) run(ctx context.Context) {
	var again retry
	for {
		session, err := dial(ctx, sessionAddress())
		if errors.Is(err, errNoAddress) {
			r.conf.Log.WithError(err).Debug("screen readers cannot be reached")
			return // no session, nobody who reads
		}
		if err == nil {
			stop := context.AfterFunc(ctx, session.Close)
			err = r.follow(ctx, session, &again)
			stop()
			session.Close()
		}
		if ctx.Err() != nil {
			return
		}
		again.failed(r, err)
		again.rest(ctx, nil, nil)
	}
}

// Waits between a failure and the next try. A desktop may fail for hours, every time
// that it is asked.
const (
	firstWait = time.Second
	lastWait  = time.Minute
)

// retry is how long the next try waits. The zero value is that of a desktop that has
// not failed.
type retry struct{ wait time.Duration }

// failed takes a failure. The log has the first one of a series.
func (t *retry) failed(r *Reader, err error) {
	log := r.conf.Log.WithError(err).Debug
	if t.wait == 0 {
		log = r.conf.Log.WithError(err).Info
	}
	t.wait = max(firstWait, min(2*t.wait, lastWait))
	log("screen readers cannot be served; it is tried again, less and less often")
}

// worked takes how long all was well: what fails again at once is the same failure.
func (t *retry) worked(lasted time.Duration) {
	if lasted >= lastWait {
		t.wait = 0
	}
}

// rest waits. A change, and the end of what could change, ends the wait, but not in
// the first moment: however often a desktop changes its mind, it is not asked more
// often.
func (t *retry) rest(ctx context.Context, changes, gone <-chan struct{}) {
	select {
	case <-ctx.Done():
		return
	case <-time.After(firstWait):
	}
	select {
	case <-ctx.Done():
	case <-changes:
	case <-gone:
	case <-time.After(t.wait - firstWait):
	}
}

// follow serves whenever somebody listens, until the bus goes away.
func (r *Reader) follow(ctx context.Context, session *bus, again *retry) error {
	for _, rule := range []string{
		"type='signal',interface='org.freedesktop.DBus.Properties',member='" + propertiesChanged + "',path='" + busPath + "'",
		"type='signal',sender='org.freedesktop.DBus',member='" + ownerChanged + "',arg0='" + busName + "'",
	} {
		if err := session.call(
			ctx, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus.AddMatch", 0, rule,
		).Err; err != nil {
			return err
		}
	}
	gone := session.Context().Done()
	for {
		wanted, err := r.wanted(ctx, session)
		if err == nil && !wanted {
			select {
			case <-ctx.Done():
				return nil
			case <-gone:
				return errGone
			case <-session.changes:
				continue
			}
		}
		began := time.Now()
		if err == nil {
			err = r.serve(ctx, session)
		}
		switch {
		case ctx.Err() != nil:
			return nil //nolint:nilerr // the end was asked for
		case session.Context().Err() != nil:
			return errGone
		case err == nil:
			again.wait = 0 // nobody listens any more
		default:
			again.worked(time.Since(began))
			again.failed(r, err)
		}
		again.rest(ctx, session.changes, gone)
	}
}

// wanted reports whether a screen reader listens, and starts none to find out. An error
// is that of a bus; a screen reader that is not there does not listen.
func (r *Reader) wanted(ctx context.Context, session *bus) (bool, error) {
	for _, name := range []string{"IsEnabled", "ScreenReaderEnabled"} {
		call := session.call(
			ctx, busName, busPath, "org.freedesktop.DBus.Properties.Get", dbus.FlagNoAutoStart, "org.a11y.Status", name,
		)
		if _, refused := errors.AsType[dbus.Error](call.Err); call.Err != nil && !refused {
			return false, call.Err
		}
		var on dbus.Variant
		err := call.Store(&on)
		if is, ok := on.Value().(bool); err == nil && ok && is {
			return true, nil
		}
	}
	return false, nil
}

// serve answers readers and tells them what changes, until nobody listens any more.
func (r *Reader) serve(ctx context.Context, session *bus) error {
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
	defer context.AfterFunc(ctx, b.Close)()
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
			return errGone
		case <-session.Context().Done():
			return errGone
		case <-session.changes:
			if wanted, err := r.wanted(ctx, session); err != nil || !wanted {
				return err
			}
		case <-tick.C:
			s.look()
		case <-s.acted:
			s.look()
		}
	}
}
