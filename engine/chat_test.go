package engine_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/enginetest"
)

func message(id string) call.ChatMessage {
	return call.ChatMessage{ID: id, From: "bob", Name: "Bob", Text: "text of " + id}
}

func history(more bool, ids ...string) call.History {
	a := call.History{More: more}
	for _, id := range ids {
		a.Messages = append(a.Messages, message(id))
	}
	return a
}

// told lists the chat as it was told: the history's ids with a star.
func (r *rig) chat() (ids []string) {
	for _, c := range of[call.ChatReceived](r) {
		id := c.Message.ID
		if c.History {
			id += "*"
		}
		ids = append(ids, id)
	}
	return ids
}

func (r *rig) wantChat(want ...string) {
	r.t.Helper()
	if got := r.chat(); !slices.Equal(got, want) {
		r.t.Errorf("chat %v, want %v", got, want)
	}
}

// TestJ9_HistoryFirstThenWhatComes: in order, each once, whatever was stored
// when it was asked for.
func TestJ9_HistoryFirstThenWhatComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answers := []call.History{history(false, "1", "2", "3"), history(false, "2", "3", "late", "4")}
		r := newRig(t, func(r *rig, _ *engine.Config) {
			r.dialer.History = func(string) call.History {
				a := answers[0]
				answers = answers[1:]
				return a
			}
			r.dialer.On = func(method string) enginetest.Step {
				if method == "history" {
					return enginetest.Step{Delay: 100 * time.Millisecond}
				}
				return enginetest.Step{}
			}
		})
		s := r.joined()
		s.Tell(call.ChatReceived{Message: message("3")}) // is in the history as well
		s.Tell(call.ChatReceived{Message: message("4")})
		pass(50 * time.Millisecond)
		r.wantChat()
		pass(time.Second)
		r.wantChat("1*", "2*", "3*", "4")
		s.Tell(call.ChatReceived{Message: message("5")})
		pass(5 * time.Second)
		r.wantChat("1*", "2*", "3*", "4", "5", "late*")
		if asked := s.ChatAsked(); !slices.Equal(asked, []string{"", "5"}) {
			t.Errorf("asked after %q", asked)
		}
		r.end()
	})
}

// TestJ9_ASilentDoorHoldsNothingUp: chat goes on without its history.
func TestJ9_ASilentDoorHoldsNothingUp(t *testing.T) {
	for name, step := range map[string]enginetest.Step{
		"silent": {Delay: time.Hour}, "fails": {Err: call.ErrNotStored},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, func(r *rig, _ *engine.Config) {
					r.dialer.On = func(method string) enginetest.Step {
						if method == "history" {
							return step
						}
						return enginetest.Step{}
					}
				})
				s := r.joined()
				s.Tell(call.ChatReceived{Message: message("1")})
				pass(1100 * time.Millisecond)
				r.wantChat("1")
				pass(time.Minute)
				r.do(engine.Leave{})
				pass(time.Second)
				r.wantLeft(1, call.ReasonLeft)
				r.end()
			})
		})
	}
}

// TestO8_MissedChatIsCaughtUp: exactly what was missed, over several answers.
func TestO8_MissedChatIsCaughtUp(t *testing.T) {
	for name, back := range map[string]call.SessionEvent{
		"resumed": call.SessionReconnected{},
		"anew":    call.RosterReplaced{SessionID: "RM_1", Self: person("ada", "PA_2"), Republish: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				stored := map[string]call.History{"": {}, "1": history(true, "1", "2", "3"), "3": history(false, "3", "4")}
				r := newRig(t, func(r *rig, _ *engine.Config) {
					r.dialer.History = func(after string) call.History { return stored[after] }
				})
				s := r.joined()
				pass(5 * time.Second)
				s.Tell(call.ChatReceived{Message: message("1")})
				s.Tell(call.SessionReconnecting{})
				pass(5 * time.Second)
				s.Tell(back)
				pass(5 * time.Second)
				r.wantChat("1", "2*", "3*", "4*")
				r.end()
			})
		})
	}
}

// TestN8_AnotherSessionHasAnotherHistory: nothing of the old one is asked for.
// TestJ9_TheLastOnesOnly: the second look repeats what was before the last one
// known; what is older than the history that we were told stays untold.
func TestJ9_TheLastOnesOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		numbered := func(first int64, ids ...string) call.History {
			a := history(false, ids...)
			for i := range a.Messages {
				a.Messages[i].Seq = first + int64(i)
			}
			return a
		}
		r := newRig(t, func(r *rig, _ *engine.Config) {
			r.dialer.History = func(after string) call.History {
				if after == "" {
					return numbered(7, "7", "8", "10")
				}
				return numbered(5, "5", "6", "7", "8", "late", "10", "11")
			}
		})
		r.joined()
		pass(5 * time.Second)
		r.wantChat("7*", "8*", "10*", "late*", "11*")
		r.end()
	})
}

func TestN8_AnotherSessionHasAnotherHistory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		s := r.joined()
		s.Tell(call.ChatReceived{Message: message("1")})
		pass(5 * time.Second)
		s.Tell(call.RosterReplaced{SessionID: "RM_2", Self: person("ada", "PA_2"), Republish: true})
		pass(time.Second)
		if asked := s.ChatAsked(); asked[len(asked)-1] != "" {
			t.Errorf("asked after %q", asked)
		}
		r.end()
	})
}

func TestChat_SentInOrderAndToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		r := newRig(t, func(r *rig, _ *engine.Config) {
			r.dialer.On = func(method string) enginetest.Step {
				if method != "chat" {
					return enginetest.Step{}
				}
				n++
				if n == 3 {
					return enginetest.Step{Err: call.ErrMuted}
				}
				return enginetest.Step{Delay: time.Duration(100-20*n) * time.Millisecond}
			}
		})
		s := r.joined()
		for i := range 4 {
			r.do(engine.SendChat{Text: fmt.Sprint("text ", i)})
		}
		pass(time.Second)
		if said := s.Said(); !slices.Equal(said, []string{"text 0", "text 1", "text 3"}) {
			t.Errorf("said %q", said)
		}
		if f := last[call.CommandFailed](r); f.Command != "chat" || f.Text != "text 2" || !errors.Is(f.Err, call.ErrMuted) {
			t.Errorf("failed: %+v", f)
		}
		r.wantChat("own_1_1", "own_1_2", "own_1_3")
		s.Tell(call.ChatReceived{Message: call.ChatMessage{ID: "own_1_2", From: "ada"}}) // comes back
		pass(time.Second)
		r.wantChat("own_1_1", "own_1_2", "own_1_3")
		r.end()
	})
}

// A keeper that is silent is waited for until the session says so: the engine
// does not give up before, with an error that says less.
func TestChat_WaitsForTheReceipt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(r *rig, _ *engine.Config) {
			r.dialer.On = func(method string) enginetest.Step {
				if method == "chat" {
					return enginetest.Step{Delay: 31 * time.Second, Err: call.ErrNotStored}
				}
				return enginetest.Step{}
			}
		})
		r.joined()
		r.do(engine.SendChat{Text: "hi"})
		pass(32 * time.Second)
		if f := last[call.CommandFailed](r); f.Text != "hi" || !errors.Is(f.Err, call.ErrNotStored) {
			t.Errorf("%+v", f)
		}
		r.end()
	})
}

func TestChat_TooFast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.joined()
		say := func() (said int) {
			for range 500 {
				err := r.try(engine.SendChat{Text: "x"})
				if err == nil {
					said++
				} else if !errors.Is(err, call.ErrChatTooFast) {
					t.Fatal(err)
				}
			}
			return said
		}
		if n := say(); n != call.ChatBurst {
			t.Errorf("%d at once", n)
		}
		pass(time.Second)
		if n := say(); n != call.ChatPerSecond {
			t.Errorf("%d a second later", n)
		}
		r.end()
	})
}

// A long stay does not remember every message that ever was.
func TestChat_MemoryIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		s := r.joined()
		const many = 10_000
		for i := range many {
			s.Tell(call.ChatReceived{Message: message(fmt.Sprint(i))})
			if i%500 == 0 {
				settle()
			}
		}
		s.Tell(call.ChatReceived{Message: message(fmt.Sprint(many - 1))}) // known
		s.Tell(call.ChatReceived{Message: message("0")})                  // long forgotten
		pass(time.Second)
		if n := len(r.chat()); n != many+1 {
			t.Errorf("%d messages", n)
		}
		r.end()
	})
}

// TestK10_MutedByTheHost: a muted person neither speaks nor writes, is told at
// once, and is never unmuted from afar.
func TestK10_MutedByTheHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		s := r.joined()
		muted := call.Standing{Role: call.RoleParticipant, Muted: true}
		s.Tell(call.RulesChanged{Standing: muted})
		pass(time.Second)
		if last[call.RulesChanged](r).Standing != muted || !s.Muted(call.SourceMicrophone) || s.Muted(call.SourceCamera) {
			t.Error("the microphone alone must be muted")
		}
		for _, c := range []engine.Command{
			engine.SendChat{Text: "hi"}, engine.Unmute{Source: call.SourceMicrophone}, engine.Publish{Source: call.SourceMicrophone},
		} {
			if err := r.try(c); !errors.Is(err, call.ErrMuted) {
				t.Errorf("%s: %v", c.Word(), err)
			}
		}
		r.do(engine.Mute{Source: call.SourceCamera})
		r.do(engine.Unmute{Source: call.SourceCamera})
		s.Tell(call.ChatReceived{Message: message("1")}) // still reads
		s.Tell(call.RulesChanged{Standing: call.Standing{Role: call.RoleParticipant}})
		pass(time.Second)
		r.wantChat("1")
		if !s.Muted(call.SourceMicrophone) {
			t.Error("the microphone was switched on from afar")
		}
		r.do(engine.Unmute{Source: call.SourceMicrophone})
		pass(time.Second)
		if s.Muted(call.SourceMicrophone) {
			t.Error("the user cannot speak again")
		}
		r.do(engine.SendChat{Text: "hi"})
		r.end()
	})
}

// A listener shows nothing, is told so of everything that the join asked for, and
// no device opens for it. At a server without a door nobody has a role.
func TestListener(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(r *rig, _ *engine.Config) {
			r.dialer.First = func(req call.JoinRequest) *call.RosterReplaced {
				return &call.RosterReplaced{SessionID: "RM_1", Self: person("ada", "PA_1"), Standing: call.Standing{Role: call.RoleListener}}
			}
		})
		s := r.joined()
		pass(time.Second)
		if s.Published() != 0 || r.ledger.OpenNow("device") != 1 {
			t.Errorf("%d published, %d devices are open, events %v", s.Published(), r.ledger.OpenNow("device"), r.words())
		}
		wantRefused(r, call.SourceCamera, call.SourceMicrophone)
		if joined := last[call.Joined](r); joined.Standing.Role != call.RoleListener {
			t.Errorf("joined %+v", joined)
		}
		if err := r.try(engine.Publish{Source: call.SourceScreen}); !errors.Is(err, call.ErrListener) {
			t.Errorf("publish: %v", err)
		}
		r.do(engine.SendChat{Text: "hi"})
		r.end()
	})
}

// A new listener is told that what was published is gone, and that what was on its way
// will not come.
func TestBecomesAListener(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(r *rig, _ *engine.Config) {
			r.devices.OnOpen = func(req call.DeviceRequest) enginetest.Step {
				if req.Source == call.SourceScreen {
					return enginetest.Step{Delay: time.Second}
				}
				return enginetest.Step{}
			}
		})
		s := r.joined()
		r.do(engine.Publish{Source: call.SourceScreen})
		s.Tell(call.RulesChanged{Standing: call.Standing{Role: call.RoleListener}})
		pass(2 * time.Second)
		if n := len(of[call.TrackUnpublished](r)); n != 2 || r.ledger.OpenNow("device") != 1 {
			t.Errorf("%d tracks taken away, %d devices are open, events %v", n, r.ledger.OpenNow("device"), r.words())
		}
		wantRefused(r, call.SourceScreen)
		r.end()
	})
}

// wantRefused expects that these sources were refused to a listener, once each,
// after the role was told.
func wantRefused(r *rig, want ...call.Source) {
	r.t.Helper()
	var told bool
	var got []call.Source
	for _, s := range r.all() {
		switch ev := s.Event.(type) {
		case call.Joined:
			told = ev.Standing.Listens()
		case call.RulesChanged:
			told = ev.Standing.Listens()
		case call.CommandFailed:
			if !told || ev.Command != "publish" || !errors.Is(ev.Err, call.ErrListener) {
				r.t.Errorf("%+v, role told: %v", ev, told)
			}
			got = append(got, ev.Source)
		}
	}
	if !slices.Equal(got, want) {
		r.t.Errorf("refused %v, want %v; events %v", got, want, r.words())
	}
}

func TestModerate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		s := r.joined()
		s.Tell(call.RulesChanged{Standing: call.Standing{Role: call.RoleHost}})
		settle()
		for _, c := range []engine.Moderate{
			{}, {Op: call.OpRooms}, {Op: call.OpSay}, {Op: call.OpRemove},
			{Op: call.OpRemove, IDs: make([]call.Identity, 11)}, {Op: call.OpRole, IDs: []call.Identity{"bob"}, Role: "king"},
			{Op: call.OpBan, IDs: []call.Identity{"bob"}, For: -time.Minute}, {Op: call.OpBan, IDs: []call.Identity{"bob"}, For: time.Second},
			{Op: call.OpBan, IDs: []call.Identity{"bob"}, For: (call.MaxBanMinutes + 1) * time.Minute},
		} {
			if err := r.try(c); !errors.Is(err, call.ErrBadArgument) {
				t.Errorf("%+v: %v", c, err)
			}
		}
		asked := map[call.Operation]any{}
		results := []call.PersonResult{{ID: "bob", Result: call.ResultDone}, {ID: "eve", Result: call.ResultAlreadyGone}}
		r.dialer.OnModerate = func(op call.Operation, request any) (any, error) {
			asked[op] = request
			return doorapi.PeopleAnswer{Results: results}, nil
		}
		r.do(engine.Moderate{Op: call.OpBan, IDs: []call.Identity{"bob", "eve"}, For: 10 * time.Minute, Text: "Enough", Tell: true})
		settle()
		if got := last[call.Moderated](r); got.Op != call.OpBan || !slices.Equal(got.Results, results) {
			t.Errorf("moderated %+v", got)
		}
		if req := asked[call.OpBan].(doorapi.PeopleRequest); req.Minutes != 10 || req.Text != "Enough" || !req.Tell || len(req.IDs) != 2 {
			t.Errorf("asked %+v", req)
		}
		for result, want := range map[string]error{
			call.ResultAlreadyGone: call.ErrAlreadyGone, call.ResultUnknown: call.ErrAlreadyGone, call.ResultForbidden: call.ErrForbidden,
			call.ResultNotBanned: call.ErrNotBanned, call.ResultFailed: call.ErrRefused,
		} { // contract K7
			results = []call.PersonResult{{ID: "bob", Result: result}}
			r.do(engine.Moderate{Op: call.OpUnban, IDs: []call.Identity{"bob"}})
			settle()
			if f := last[call.CommandFailed](r); f.Command != "unban" || !errors.Is(f.Err, want) {
				t.Errorf("%s: %+v", result, f)
			}
		}
		r.dialer.OnModerate = func(call.Operation, any) (any, error) { return nil, call.ErrForbidden }
		r.do(engine.Moderate{Op: call.OpMute, All: true})
		settle()
		if f := last[call.CommandFailed](r); f.Command != "mute_participant" || !errors.Is(f.Err, call.ErrForbidden) {
			t.Errorf("%+v", f)
		}
		s.Tell(call.RulesChanged{Standing: call.Standing{Role: call.RoleParticipant}})
		settle()
		if err := r.try(engine.Moderate{Op: call.OpDismiss}); !errors.Is(err, call.ErrForbidden) {
			t.Errorf("as a participant: %v", err)
		}
		r.end()
	})
}

// Every operation is asked of the room that we are in, whatever the command says.
func TestModerateNamesTheRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		s := r.joined()
		s.Tell(call.RulesChanged{Standing: call.Standing{Role: call.RoleHost}})
		settle()
		asked := map[call.Operation]struct{ Room call.RoomID }{}
		r.dialer.OnModerate = func(op call.Operation, request any) (any, error) {
			raw, err := json.Marshal(request)
			if err != nil {
				return nil, err
			}
			got := asked[op]
			err = json.Unmarshal(raw, &got)
			asked[op] = got
			return struct{}{}, err
		}
		bob := []call.Identity{"bob"}
		commands := []engine.Moderate{
			{Op: call.OpMembers}, {Op: call.OpBans}, {Op: call.OpRules, Rules: doorapi.RulesRequest{Room: "elsewhere"}}, {Op: call.OpDismiss},
			{Op: call.OpMute, IDs: bob}, {Op: call.OpUnmute, All: true}, {Op: call.OpRole, IDs: bob, Role: call.RoleListener},
			{Op: call.OpBan, IDs: bob}, {Op: call.OpUnban, IDs: bob}, {Op: call.OpRemove, IDs: bob},
			{Op: call.OpAllow, IDs: bob}, {Op: call.OpDisallow, IDs: bob},
		}
		for _, c := range commands {
			r.do(c)
			settle()
			if got, ok := asked[c.Op]; !ok || got.Room != testLink.Room {
				t.Errorf("%s was asked of room %q", c.Op, got.Room)
			}
		}
		r.end()
	})
}
