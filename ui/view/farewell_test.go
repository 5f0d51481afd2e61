package view

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	fynetheme "fyne.io/fyne/v2/theme"

	"foyer/engine/call"
	"foyer/ui/model"
)

// farewells are the ends of a stay that have a farewell, each reason of contract
// section 6 among them, by the names of their screens.
func farewells(now time.Time) map[string]call.Left {
	released := []call.Release{{Source: call.SourceCamera, Took: 12300 * time.Microsecond}, {Source: call.SourceMicrophone, Took: 4 * time.Millisecond}, {Source: call.SourceSpeaker, Took: 700 * time.Microsecond}}
	left := map[string]call.Left{}
	for _, r := range call.Reasons() {
		if r == call.ReasonSwitched || r == call.ReasonAppQuit {
			continue // no farewell: the user goes on, or the window is gone
		}
		left[r.String()] = call.Left{Reason: r, Released: released}
	}
	change := func(name string, f func(*call.Left)) {
		l := left[name]
		f(&l)
		left[name] = l
	}
	change("removed", func(l *call.Left) { l.By, l.Text = "Grace Hopper", "wrong meeting, sorry" })
	change("banned", func(l *call.Left) { l.Until, l.Text = now.Add(10*time.Minute), "please stop that" })
	change("dismissed", func(l *call.Left) { l.By = "Grace Hopper" })
	change("left", func(l *call.Left) { l.Hosting = true })
	change("join_failed", func(l *call.Left) { l.Err, l.Stayed = call.ErrUnreachable, 0 })
	for n := range 17 {
		r := call.ReasonFromDisconnect(int32(n))
		if _, other := r.Other(); other {
			left[fmt.Sprintf("other-%d", n)] = call.Left{Reason: r, Released: released}
		}
	}
	left["other-99"] = call.Left{Reason: call.ReasonOther(99), Released: released}
	left["stuck"] = call.Left{Reason: call.ReasonLeft, Released: released[1:], Stuck: []call.Device{{Source: call.SourceCamera, Name: "Integrated HD Webcam"}}}
	left["open"] = call.Left{Reason: call.ReasonLeft, Released: released[1:], Open: []call.Device{{Source: call.SourceCamera, Name: "Integrated HD Webcam"}}}
	left["own-server"] = call.Left{Reason: call.ReasonServerStopped, Released: released, Err: call.ErrRoomServerCrashed}
	left["wrong-server"] = call.Left{Reason: call.ReasonJoinFailed, Err: call.ErrWrongServer}
	left["banned-at-the-door"] = call.Left{Reason: call.ReasonJoinFailed, Err: &call.BannedError{Until: now.AddDate(0, 0, 3), Text: "no adverts here"}}
	for name, l := range left {
		if l.Reason != call.ReasonJoinFailed {
			l.Stayed, l.People = 12*time.Minute, 3
		}
		l.Room, l.Title = "r-1", "Design review"
		left[name] = l
	}
	return left
}

// farewellScreens has all farewells. Their layouts differ by the author, a quote, no
// device, and a device that is stuck.
func farewellScreens() []screen {
	images := map[string]string{"left": "dark", "removed": "dark", "wrong-server": "dark", "stuck": "dark"}
	now := time.Date(2026, 11, 21, 14, 0, 0, 0, time.UTC)
	var screens []screen
	all := farewells(now)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		l := all[name]
		screens = append(screens, screen{name, images[name], func(s *stand) { s.apply(l) }})
	}
	return append(screens, screen{"stuck-hosting", "light small", func(s *stand) {
		l := all["stuck"]
		l.Reason, l.Hosting, l.Stayed, l.People = call.ReasonInternal, true, time.Hour, 1
		s.apply(l)
	}})
}

func TestFarewell(t *testing.T) { golden(t, "farewell", farewellScreens()) }

// Every reason has a farewell, with a button that leads on.
func TestFarewellOfEveryReason(t *testing.T) {
	drawsMuch(t)
	for name, l := range farewells(time.Date(2026, 11, 21, 14, 0, 0, 0, time.UTC)) {
		s := newStand(t, normal, fynetheme.VariantDark)
		s.apply(l)
		if s.state.Screen != model.ScreenFarewell {
			t.Fatalf("%s shows the %s", name, s.state.Screen)
		}
		s.show()
		text := s.root.farewell.book.Left(l, s.now)
		for _, want := range []string{text.Title, text.Quote, text.Detail, s.root.farewell.book.Action(text.Next[0], l)} {
			if want != "" && !s.visible(want) {
				t.Errorf("%s: %q is not shown", name, want)
			}
		}
	}
}
