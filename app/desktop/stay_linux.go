package desktop

import (
	"context"

	"foyer/ui/desk"
)

// stay is what one stay has of the desktop: two connections, what hangs on them, and a
// look at the clocks.
type stay struct {
	session, system *bus // nil: there is none
	awake           *awake
	sleep           *sleepWatch
	item            *item // nil: no bus to show it on
}

func (l linux) hold(ctx context.Context, now desk.Stay) holder {
	s := &stay{sleep: watchSleep(ctx, l.asleep, l.every, l.d.woke)}
	var err error
	log := l.d.conf.Log
	if s.session, err = sessionBus(ctx); err != nil {
		log.WithError(err).Info("no session bus: no icon in the tray, and the screen may go dark")
	}
	if s.system, err = systemBus(ctx); err != nil {
		log.WithError(err).Info("no system bus: a sleep of the computer is noticed a little later")
	} else {
		s.sleep.listen(ctx, s.system)
	}
	if s.session != nil {
		if s.item, err = showItem(ctx, s.session, now, l.d.press); err != nil {
			log.WithError(err).Info("no icon in the tray")
		}
	}
	s.awake = stayAwake(ctx, s.session, now.Reason, l.retry, log)
	return s
}

func (s *stay) show(_ context.Context, now desk.Stay) {
	if s.item != nil {
		s.item.show(now)
	}
}

// release gives all of it back.
func (s *stay) release() {
	s.awake.release()
	s.session.Close()
	s.system.Close()
	s.sleep.close()
}
