package model

import (
	"testing"

	"foyer/engine/call"
)

// Those who wait are shown to whoever may let them in, and to nobody else; what is
// told of them goes with the last of them.
func TestWaiting(t *testing.T) {
	for role, told := range map[call.Role]bool{call.RoleHost: true, call.RoleCoHost: true, call.RoleParticipant: false, "": false} {
		s := New()
		apply(s, call.Joined{Room: "r", Self: call.Participant{Identity: "me"}, Standing: call.Standing{Role: role}})
		apply(s, call.WaitersChanged{Count: 3, Name: "Eve"})
		apply(s, call.WaitersChanged{Count: 981, Name: "Sam"})
		n := 0
		for _, o := range s.Notices {
			if o.Kind == NoticeWaiters {
				n++
				if o.Name != "Sam" || o.More != 980 || !o.Sticky() {
					t.Errorf("%s is told %+v", role, o)
				}
			}
		}
		if want := map[bool]int{true: 1}[told]; n != want {
			t.Errorf("%q: %d notices, want %d", role, n, want)
		}
		if !s.Waiting.Ask() || s.Waiting.Ask() {
			t.Error("the door is not asked once")
		}
		apply(s, call.Moderated{Op: call.OpWaiting, Waiting: []call.WaiterRow{{ID: "w1"}}, More: 4})
		if !s.Waiting.Again() || s.Waiting.Again() {
			t.Error("others have come while the door answered, and it is not asked again, once")
		}
		if !s.Waiting.Ask() {
			t.Error("the door is not asked again")
		}
		if told && s.Waiting.Count != 5 {
			t.Errorf("%q: %+v", role, s.Waiting)
		}
		if _, ok := s.Waiting.Find("w1"); !ok && told {
			t.Error("w1 is not found")
		}
		apply(s, call.WaitersChanged{})
		if s.Waiting.Ask() || told && !s.Waiting.Again() {
			t.Error("an answer from before the last one left is taken for the last")
		}
		if told && (s.Waiting.Count != 0 || len(s.Notices) != 0) {
			t.Errorf("%q: nobody waits, and %+v, %+v", role, s.Waiting, s.Notices)
		}
		apply(s, call.WaitersChanged{Count: 1, Name: "Eve"}, call.Left{Reason: call.ReasonLeft}, call.Joined{Room: "r"})
		if s.Waiting.Count != 0 {
			t.Errorf("%q: those of the last stay wait on", role)
		}
	}
}
