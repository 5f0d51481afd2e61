package client

import "time"

// alarm is something that the loop does when its time has come.
type alarm int

const (
	alarmPing      alarm = iota // say that we are here
	alarmPong                   // the server has been silent for too long
	alarmMedia                  // the media connection is not there
	alarmAnswer                 // an offer was not answered
	alarmQuiet                  // media has been disconnected for a while
	alarmRetry                  // try to reconnect
	alarmGiveUp                 // reconnecting has taken too long
	alarmSilence                // look for people who have gone silent
	alarmHeartbeat              // say to the others that we are here
	alarmRemoval                // we were told that we are removed, and are still here
	alarmLeft                   // whoever is gone is gone for no reason that we hear
	alarmSections               // offer the media sections that the server asked for
	alarmCount
)

// alarms is a small clock: one timer for all. The loop alone uses it.
type alarms struct {
	due   [alarmCount]time.Time // zero: off
	timer *time.Timer
}

func newAlarms() *alarms {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return &alarms{timer: t}
}

func (a *alarms) set(which alarm, in time.Duration) {
	a.due[which] = time.Now().Add(in)
	a.arm()
}

func (a *alarms) clear(which ...alarm) {
	for _, w := range which {
		a.due[w] = time.Time{}
	}
	a.arm()
}

func (a *alarms) isSet(which alarm) bool { return !a.due[which].IsZero() }

func (a *alarms) arm() {
	var next time.Time
	for _, t := range a.due {
		if !t.IsZero() && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	if next.IsZero() {
		a.timer.Stop()
		return
	}
	a.timer.Reset(time.Until(next))
}

// take returns the alarms whose time has come and switches them off.
func (a *alarms) take() []alarm {
	var rung []alarm
	now := time.Now()
	for i, t := range a.due {
		if !t.IsZero() && !t.After(now) {
			a.due[i] = time.Time{}
			rung = append(rung, alarm(i))
		}
	}
	a.arm()
	return rung
}

func (a *alarms) stop() {
	for i := range a.due {
		a.due[i] = time.Time{}
	}
	a.timer.Stop()
}
