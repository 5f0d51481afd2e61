package ending

import (
	"time"

	"foyer/engine/call"
)

const (
	// NoticeLag is how much later than the news of a departure its reason may
	// come: a notice comes by another connection.
	NoticeLag = 250 * time.Millisecond
	// removalCounts is for how long a notice about somebody explains a departure.
	removalCounts = 10 * time.Second
	maxRemovals   = 1024 // people whose removal is remembered
)

// Departures decides why the others leave. Its zero value is ready.
type Departures struct {
	removals map[call.Identity]toldRemoval
	waiting  []call.ParticipantLeft // removed, for a reason that may be on its way
}

type toldRemoval struct {
	call.Removal
	at time.Time
}

// Tell takes the door's notice about somebody, and returns those of them who
// have waited for it.
func (d *Departures) Tell(id call.Identity, r call.Removal, now time.Time) []call.ParticipantLeft {
	if d.removals == nil || len(d.removals) >= maxRemovals {
		d.removals = map[call.Identity]toldRemoval{}
	}
	d.removals[id] = toldRemoval{r, now}
	return d.take(id, now)
}

// Left gives a departure the reason that the door has told. wait is set if the
// reason may be on its way: then Due returns the departure NoticeLag later.
func (d *Departures) Left(e call.ParticipantLeft, now time.Time) (explained call.ParticipantLeft, wait bool) {
	if _, told := d.removals[e.Participant.Identity]; !told && e.Reason == call.ReasonRemoved {
		d.waiting = append(d.waiting, e)
		return e, true
	}
	return d.explain(e, now), false
}

// Before returns the departures that must be reported before e. Somebody who
// comes again leaves for another reason the next time.
func (d *Departures) Before(e call.SessionEvent, now time.Time) []call.ParticipantLeft {
	switch e := e.(type) {
	case call.ParticipantJoined:
		left := d.take(e.Participant.Identity, now)
		delete(d.removals, e.Participant.Identity)
		return left
	case call.RosterReplaced, call.SessionEnded:
		return d.Due(now)
	default:
		return nil
	}
}

// Due returns all departures that wait.
func (d *Departures) Due(now time.Time) []call.ParticipantLeft { return d.take("", now) }

// take returns the departures of somebody that wait, or with no ID all.
func (d *Departures) take(id call.Identity, now time.Time) (due []call.ParticipantLeft) {
	var waiting []call.ParticipantLeft
	for _, e := range d.waiting {
		if id == "" || e.Participant.Identity == id {
			due = append(due, d.explain(e, now))
		} else {
			waiting = append(waiting, e)
		}
	}
	d.waiting = waiting
	return due
}

// explain gives a departure the reason that the door has told.
func (d *Departures) explain(e call.ParticipantLeft, now time.Time) call.ParticipantLeft {
	r, told := d.removals[e.Participant.Identity]
	if !told || e.Reason == call.ReasonDuplicate {
		return e
	}
	delete(d.removals, e.Participant.Identity)
	if now.Sub(r.at) <= removalCounts {
		e.Reason, e.By, e.Text = r.Reason, r.By, r.Text
	}
	return e
}
