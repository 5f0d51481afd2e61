package keeper

import (
	"errors"
	"slices"
	"testing"
	"time"

	"foyer/engine/call"
	"foyer/engine/host/register"
)

// TestPresence is every way to be gone.
func TestPresence(t *testing.T) {
	tests := map[call.LeaveReason]call.Presence{
		call.ReasonLeft:           call.PresenceGone,
		call.ReasonRemoved:        call.PresenceGone,
		call.ReasonBanned:         call.PresenceGone,
		call.ReasonOfflineRemoved: call.PresenceGone,
		call.ReasonDismissed:      call.PresenceGone,
		call.ReasonRoomClosed:     call.PresenceGone,
		call.ReasonServerStopped:  call.PresenceGone,
		call.ReasonConnectionLost: call.PresenceOffline,
		call.ReasonDuplicate:      call.PresenceOffline, // until the other device is there
		call.ReasonJoinFailed:     call.PresenceOffline,
		call.ReasonMediaFailed:    call.PresenceOffline,
		call.ReasonOther(16):      call.PresenceOffline,
	}
	for reason, want := range tests {
		t.Run(reason.String(), func(t *testing.T) {
			play(t, nil, func(w *world) {
				w.roster(person("anna", "PA_anna"))
				if got := w.presence("anna"); got != call.PresenceOnline {
					t.Fatalf("there, and %q", got)
				}
				w.leave("anna", reason)
				if got := w.presence("anna"); got != want {
					t.Errorf("%q, want %q", got, want)
				}
				if m := w.members["anna"]; m.Name != "Name of anna" || m.SID != "PA_anna" {
					t.Errorf("stored %+v", m)
				}
			})
		})
	}
}

// TestLateNews: what concerns an earlier connection changes nothing.
func TestLateNews(t *testing.T) {
	play(t, nil, func(w *world) {
		w.roster(person("anna", "PA_new"))
		w.leave("anna", call.ReasonConnectionLost) // of PA_anna
		w.leave("nobody", call.ReasonLeft)
		if got := w.presence("anna"); got != call.PresenceOnline {
			t.Errorf("%q", got)
		}
		w.wantExits()
	})
}

func TestHelpersAreNoMembers(t *testing.T) {
	play(t, nil, func(w *world) {
		robot := person("robot", "PA_robot")
		robot.Helper = true
		w.roster(robot)
		w.sink(call.ParticipantJoined{Participant: robot})
		w.settle()
		if len(w.members) != 0 {
			t.Errorf("members %v", w.members)
		}
	})
}

func TestO1_KeeperRemovesOffline(t *testing.T) {
	play(t, nil, func(w *world) {
		w.roster(person("anna", "PA_anna"), person("ben", "PA_ben"))
		w.leave("ben", call.ReasonConnectionLost)
		w.say("anna", 30) // 1.5 s
		w.wantExits()
		w.say("anna", 1)
		w.wantExits("ben")
		if e := w.exits[0]; e.Reason != call.ReasonOfflineRemoved || e.Generation != 1 || e.Room != "hall" {
			t.Errorf("%+v", e)
		}
		w.settle()
		if got := w.presence("ben"); got != call.PresenceGone {
			t.Errorf("%q", got)
		}
		w.say("anna", 5)
		w.wantExits("ben") // once
	})
}

// TestO1_KeeperHearsLate: a message of somebody who is back comes before the keeper
// hears that they are. Nobody is removed then, nor later.
func TestO1_KeeperHearsLate(t *testing.T) {
	play(t, nil, func(w *world) {
		w.roster(person("anna", "PA_anna"), person("ben", "PA_ben"))
		w.leave("ben", call.ReasonConnectionLost)
		w.after(time.Hour)
		w.set(func() { w.putErr = ErrBack })
		w.say("ben", 1)
		w.set(func() { w.putErr = nil })
		w.join("ben")
		w.say("anna", 40)
		w.wantExits()
		if got := w.presence("ben"); got != call.PresenceOnline {
			t.Errorf("%q", got)
		}
	})
}

func TestO1_KeeperBackInTime(t *testing.T) {
	play(t, nil, func(w *world) {
		w.roster(person("anna", "PA_anna"), person("ben", "PA_ben"))
		w.leave("ben", call.ReasonConnectionLost)
		w.after(time.Hour) // nobody says anything
		w.wantExits()
		w.join("ben")
		w.say("anna", 40)
		w.wantExits()
		if got := w.presence("ben"); got != call.PresenceOnline {
			t.Errorf("%q", got)
		}
	})
}

func TestO2_KeeperRealTime(t *testing.T) {
	play(t, func(w *world) { w.rules.RealTime = 20 }, func(w *world) {
		w.roster(person("ben", "PA_ben"), person("cleo", "PA_cleo"))
		w.sink(call.ParticipantLeft{Participant: person("ben", "PA_ben"), Reason: call.ReasonConnectionLost})
		w.after(20*time.Second - time.Millisecond)
		w.wantExits()
		w.after(time.Millisecond)
		w.wantExits("ben")
		// The host changes the rule, which the room is told.
		w.sink(call.ParticipantLeft{Participant: person("cleo", "PA_cleo"), Reason: call.ReasonConnectionLost})
		w.sink(call.RulesChanged{Standing: call.Standing{Rules: call.RoomRules{RealTime: 60}}})
		w.set(func() { w.rules.RealTime = 60 })
		w.after(59 * time.Second)
		w.wantExits("ben")
		w.after(time.Second)
		w.wantExits("ben", "cleo")
	})
}

func TestO3_KeeperAllowList(t *testing.T) {
	play(t, func(w *world) {
		w.members["ben"] = register.Member{Identity: "ben", Allowed: true}
	}, func(w *world) {
		w.roster(person("anna", "PA_anna"), person("ben", "PA_ben"), person("cleo", "PA_cleo"))
		w.leave("ben", call.ReasonConnectionLost)
		w.leave("cleo", call.ReasonConnectionLost)
		// Allowed at another door, which this one is not told.
		w.set(func() { m := w.members["cleo"]; m.Allowed = true; w.members["cleo"] = m })
		w.after(time.Minute)
		w.say("anna", 40)
		w.wantExits()
		w.set(func() { m := w.members["cleo"]; m.Allowed = false; w.members["cleo"] = m })
		w.k.Refresh()
		w.after(time.Millisecond)
		w.say("anna", 1)
		w.wantExits("cleo")
	})
}

// TestExitFails: a register that cannot write keeps the member, and the keeper
// tries again.
func TestExitFails(t *testing.T) {
	play(t, nil, func(w *world) {
		w.roster(person("anna", "PA_anna"), person("ben", "PA_ben"))
		w.leave("ben", call.ReasonConnectionLost)
		w.set(func() { w.putErr = errBroken })
		w.after(time.Minute)
		w.say("anna", 1)
		w.wantExits()
		w.set(func() { w.putErr = nil })
		w.after(2 * retryExit)
		w.say("anna", 1)
		w.wantExits("ben")
	})
}

// TestRemovedByOthers: LiveKit's own API, at a node behind the door.
func TestRemovedByOthers(t *testing.T) {
	play(t, nil, func(w *world) {
		w.roster(person("anna", "PA_anna"))
		w.leave("anna", call.ReasonRemoved)
		w.wantExits("anna")
		if e := w.exits[0]; e.Reason != call.ReasonRemoved || e.Generation != 1 || e.At.IsZero() {
			t.Errorf("%+v", e)
		}
		w.leave("ben", call.ReasonRemoved) // whom nobody saw come
		w.wantExits("anna", "ben")
		helper := person("bot", "PA_bot")
		helper.Helper = true
		w.sink(call.ParticipantLeft{Participant: helper, Reason: call.ReasonRemoved})
		w.settle()
		w.wantExits("anna", "ben")
	})
}

// TestK10_KeeperAsks: about everybody who publishes something or opens it, whatever
// it says it is.
func TestK10_KeeperAsks(t *testing.T) {
	play(t, nil, func(w *world) {
		w.roster(person("anna", "PA_anna"))
		voice, video := call.Track{SID: "TR_1", Kind: call.KindAudio}, call.Track{SID: "TR_2", Kind: call.KindVideo}
		muted := voice
		muted.Muted = true
		w.sink(call.TrackPublished{ID: "carl", Track: video})
		w.sink(call.TrackPublished{ID: "dora", Track: muted})
		w.sink(call.TrackPublished{ID: "ben", Track: voice})
		w.sink(call.TrackUnmuted{ID: "anna", Track: voice})
		w.settle()
		slices.Sort(w.muteEnforced)
		if !slices.Equal(w.muteEnforced, []call.Identity{"anna", "ben", "carl", "dora"}) {
			t.Errorf("asked about %v", w.muteEnforced)
		}
	})
}

// TestK10_KeeperAsksInTurn: who opens their microphone again and again is looked
// at once at a time, and once more after the last time.
func TestK10_KeeperAsksInTurn(t *testing.T) {
	play(t, func(w *world) { w.slowMute = time.Second }, func(w *world) {
		w.roster(person("anna", "PA_anna"), person("ben", "PA_ben"))
		open := func(id call.Identity, times int) {
			for range times {
				w.sink(call.TrackUnmuted{ID: id, Track: call.Track{SID: "TR_1", Kind: call.KindAudio}})
			}
			w.settle()
		}
		want := func(when string, n int) {
			t.Helper()
			if len(w.muteEnforced) != n {
				t.Errorf("%s: asked %d times, want %d", when, len(w.muteEnforced), n)
			}
		}
		open("anna", 1000)
		open("ben", 1)
		want("at first", 2)
		w.after(2 * time.Second)
		want("then", 3)
		w.after(10 * time.Second)
		want("no more", 3)
		open("anna", 1)
		want("another time", 4)
		w.after(2 * time.Second)
	})
}

func TestRoomEnds(t *testing.T) {
	tests := []struct {
		reason    call.LeaveReason
		want      error
		dismissed bool
		dropped   bool
		presence  call.Presence
	}{
		{call.ReasonDismissed, ErrRoomOver, true, false, call.PresenceGone},
		{call.ReasonRoomClosed, ErrRoomOver, false, true, call.PresenceGone},
		{call.ReasonServerStopped, ErrRoomOver, false, false, call.PresenceGone},
		{call.ReasonDuplicate, ErrReplaced, false, false, call.PresenceOnline},
		{call.ReasonRemoved, call.ErrConnectionLost, false, false, call.PresenceOnline},
		{call.ReasonConnectionLost, call.ErrConnectionLost, false, false, call.PresenceOnline},
	}
	for _, tt := range tests {
		t.Run(tt.reason.String(), func(t *testing.T) {
			play(t, nil, func(w *world) {
				w.roster(person("anna", "PA_anna"))
				w.say("anna", 1)
				w.sink(call.SessionEnded{Reason: tt.reason})
				if err := <-w.done; !errors.Is(err, tt.want) {
					t.Errorf("ends with %v, want %v", err, tt.want)
				}
				if got := slices.Contains(w.dismissed, session); got != tt.dismissed {
					t.Errorf("dismissed: %v", got)
				}
				if got := slices.Contains(w.dropped, session); got != tt.dropped {
					t.Errorf("history dropped: %v", got)
				}
				if got := w.presence("anna"); got != tt.presence {
					t.Errorf("presence %q, want %q", got, tt.presence)
				}
			})
		})
	}
}

func TestHistoryKept(t *testing.T) {
	play(t, func(w *world) { w.rules.KeepHistory = true }, func(w *world) {
		w.roster()
		w.sink(call.SessionEnded{Reason: call.ReasonRoomClosed})
		<-w.done
		if len(w.dropped) > 0 {
			t.Error("history was dropped")
		}
	})
}

// TestTakeOver: another keeper kept the room until now, or a session before.
func TestTakeOver(t *testing.T) {
	play(t, func(w *world) {
		now := time.Now()
		for id, m := range map[call.Identity]register.Member{
			"here":   {Presence: call.PresenceOnline, PresenceSince: now.Add(-time.Minute), SID: "PA_here"},
			"lost":   {Presence: call.PresenceOnline, PresenceSince: now.Add(-time.Minute), SID: "PA_lost"},
			"absent": {Presence: call.PresenceOffline, PresenceSince: now.Add(-20 * time.Second)},
			"before": {Presence: call.PresenceOnline, PresenceSince: now.Add(-2 * time.Hour)},
			"gone":   {Presence: call.PresenceGone, PresenceSince: now.Add(-time.Minute)},
		} {
			m.Identity, m.Generation = id, 1
			w.members[id] = m
		}
	}, func(w *world) {
		since := w.members["here"].PresenceSince
		w.roster(person("here", "PA_here"), person("new", "PA_new"))
		for id, want := range map[call.Identity]call.Presence{
			"here": call.PresenceOnline, "new": call.PresenceOnline, "lost": call.PresenceOffline,
			"absent": call.PresenceOffline, "before": call.PresenceGone, "gone": call.PresenceGone,
		} {
			if got := w.presence(id); got != want {
				t.Errorf("%s: %q, want %q", id, got, want)
			}
		}
		if got := w.members["here"].PresenceSince; !got.Equal(since) {
			t.Error("somebody came anew who was always there")
		}
		w.after(15 * time.Second)
		w.say("here", 1)
		w.wantExits("absent") // away for 35 s; lost for 15 s
	})
}

// TestReconnected: the keeper's own connection was anew.
func TestReconnected(t *testing.T) {
	play(t, nil, func(w *world) {
		w.roster(person("anna", "PA_anna"), person("ben", "PA_ben"))
		w.sink(call.SessionReconnecting{})
		w.after(time.Second)
		w.roster(person("anna", "PA_anna2"), person("cleo", "PA_cleo"))
		for id, want := range map[call.Identity]call.Presence{
			"anna": call.PresenceOnline, "ben": call.PresenceOffline, "cleo": call.PresenceOnline,
		} {
			if got := w.presence(id); got != want {
				t.Errorf("%s: %q, want %q", id, got, want)
			}
		}
	})
}
