package model

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"foyer/engine/call"
	"foyer/engine/eventqueue"
)

// talkOf is a talk: at each time, in milliseconds, who is heard from then on.
type talkOf struct {
	*State
	t *testing.T
}

func (w talkOf) at(ms int, speakers ...string) {
	var levels []call.SpeakerLevel
	for _, id := range speakers {
		levels = append(levels, call.SpeakerLevel{ID: call.Identity(id), Level: 0.5})
	}
	at := epoch.Add(time.Duration(ms) * time.Millisecond)
	w.Apply(eventqueue.Stamped{At: at, Event: call.SpeakersChanged{Speakers: levels}})
	w.Screens.Settle(at)
}

func (w talkOf) main(ms int, want string) {
	w.t.Helper()
	w.Screens.Settle(epoch.Add(time.Duration(ms) * time.Millisecond))
	if got := string(w.Screens.Arrange().Main.ID); got != want {
		w.t.Errorf("after %d ms %s is large, want %s", ms, got, want)
	}
}

func TestTheSpeakerChangesCalmly(t *testing.T) {
	w := talkOf{joined(person("ann", "PA_1"), person("bob", "PA_2"), person("cyd", "PA_3")), t}
	w.Screens.SetLayout(LayoutSpeaker)
	w.main(0, "ann")
	w.at(0, "me")
	w.main(5000, "ann")
	w.at(5000, "bob")
	w.main(6400, "ann") // a word is no speech
	w.main(6500, "bob")
	w.at(7000, "bob", "cyd")
	w.main(20000, "bob") // nobody is interrupted
	w.at(20000, "cyd")
	w.main(20600, "bob") // a pause ends nothing
	w.at(20600, "bob", "cyd")
	w.main(25000, "bob")
	w.at(25000, "cyd")
	w.main(25700, "cyd")
	w.at(26000)
	w.main(90000, "cyd") // silence changes nothing
	w.at(90000, "ann")
	w.at(90500)
	w.at(91000, "ann") // the same speech
	w.main(91400, "cyd")
	w.main(91500, "ann")
	w.at(92000)
	w.at(95000, "bob")
	w.at(95900)
	w.at(97000, "bob") // another one
	w.main(98400, "ann")
	w.main(98500, "bob")
	apply(w.State, call.ParticipantLeft{Participant: person("bob", "PA_2"), Reason: call.ReasonLeft})
	w.main(98500, "ann") // who spoke last before
	apply(w.State, call.StateChanged{State: call.StateReconnecting})
	w.main(200000, "ann")
}

// order lists the others as they lie.
func order(s *State) string {
	var all []string
	for _, p := range s.People[1:] {
		all = append(all, string(p.ID))
	}
	return strings.Join(all, " ")
}

// One who speaks on the second page changes places with the one on the first who has
// been silent longest; nobody else moves, and nobody who is in view does.
func TestVoicesComeToTheFirstPage(t *testing.T) {
	var others []call.Participant
	for i := range 12 {
		others = append(others, person(fmt.Sprint("p", i), fmt.Sprint("PA_", i)))
	}
	w := talkOf{joined(others...), t}
	settle := func(ms int, want string) {
		t.Helper()
		w.Screens.Settle(epoch.Add(time.Duration(ms) * time.Millisecond))
		if got := order(w.State); got != want {
			t.Errorf("after %d ms\n got %s\nwant %s", ms, got, want)
		}
	}
	const first = "p0 p1 p2 p3 p4 p5 p6 p7 p8 p9 p10 p11"
	w.at(0, "p8")
	settle(1000, first)
	w.at(3000, "p10")
	settle(4400, first)
	settle(4500, "p0 p1 p2 p3 p4 p5 p6 p10 p8 p9 p7 p11") // p8 has spoken, p7 has not
	w.at(5000, "p0", "p1", "p2", "p3", "p4", "p5", "p6", "p8")
	w.at(6000, "p9")
	settle(7500, "p0 p1 p2 p3 p4 p5 p6 p9 p8 p10 p7 p11") // p10 has been silent longest
	w.at(8000, "p0", "p1", "p2", "p3", "p4", "p5", "p6", "p9", "p8", "p11")
	settle(20000, "p0 p1 p2 p3 p4 p5 p6 p9 p8 p10 p7 p11") // all on the first page speak
	w.Screens.Turn(1)
	w.at(21000, "p7")
	settle(30000, "p0 p1 p2 p3 p4 p5 p6 p9 p8 p10 p7 p11") // it is in view
	w.Screens.Turn(-1)
	settle(30000, "p0 p1 p2 p3 p4 p5 p6 p9 p7 p10 p8 p11")
	apply(w.State, call.RoomUpdated{Self: person("me", "PA_me"), Participants: others})
	settle(30000, "p0 p1 p2 p3 p4 p5 p6 p9 p7 p10 p8 p11") // a reconnect shuffles nothing
}
