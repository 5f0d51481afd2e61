package engine_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/engine/enginetest"
)

// loud is what a microphone hears of somebody.
func loud() []int16 { return slices.Repeat([]int16{0, 9000, 0, -9000}, 3*call.SampleRate/4) }

// stages are what was told of tests, in order.
func (r *rig) stages() []call.TestStage {
	var all []call.TestStage
	for _, e := range of[call.TestChanged](r) {
		all = append(all, e.Stage)
	}
	return all
}

func (r *rig) wantStages(want ...call.TestStage) {
	r.t.Helper()
	if got := r.stages(); !slices.Equal(got, want) {
		r.t.Errorf("stages %v, want %v", got, want)
	}
}

func (r *rig) wantNothingOpen(when string) {
	r.t.Helper()
	for _, kind := range []string{"device", "pump"} {
		if n := r.ledger.OpenNow(kind); n != 0 {
			r.t.Errorf("%s: %d of %s open", when, n, kind)
		}
	}
	if r.media.Playing() != nil {
		r.t.Errorf("%s: something is played", when)
	}
	if r.media.Hear(loud()) {
		r.t.Errorf("%s: something is recorded", when)
	}
}

var (
	testSpeaker = engine.TestDevice{Source: call.SourceSpeaker, Device: "loud"}
	testMic     = engine.TestDevice{Source: call.SourceMicrophone, Device: "mic"}
)

// Outside of a room the speaker is open for the tone alone.
func TestDeviceTest_Speaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.do(testSpeaker)
		settle()
		if h := r.devices.Find(call.SourceSpeaker); h == nil || h.Info().Name != "loud" {
			t.Fatal("the speaker that was asked for is not open")
		}
		if len(r.media.Playing()) < call.SampleRate {
			t.Errorf("%d samples are played", len(r.media.Playing()))
		}
		r.media.Played()
		settle()
		r.wantStages(call.TestOpening, call.TestPlaying, call.TestEnded)
		if e := last[call.TestChanged](r); e.Err != nil || e.Source != call.SourceSpeaker {
			t.Errorf("ended with %+v", e)
		}
		r.wantNothingOpen("after the tone")
		r.end()
	})
}

// The microphone is open while it is recorded, the speaker while that is played:
// what is heard is what was said.
func TestDeviceTest_Microphone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.do(testMic)
		settle()
		if r.devices.Find(call.SourceMicrophone) == nil || r.devices.Find(call.SourceSpeaker) != nil {
			t.Error("the microphone alone should be open")
		}
		if started := last[call.PreviewStarted](r); started.Level == nil {
			t.Error("there is no level to show")
		}
		said := loud()
		r.media.Hear(said)
		settle()
		if r.devices.Find(call.SourceMicrophone) != nil || r.devices.Find(call.SourceSpeaker) == nil {
			t.Error("the speaker alone should be open")
		}
		if played := r.media.Playing(); len(played) < len(said) || !slices.Equal(played[:len(said)], said) {
			t.Error("something else is played")
		}
		r.media.Played()
		settle()
		r.wantStages(call.TestOpening, call.TestRecording, call.TestOpening, call.TestPlaying, call.TestEnded)
		r.wantNothingOpen("after the test")
		r.end()
	})
}

// A microphone that hears nothing is not played for three seconds.
func TestDeviceTest_Silence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.do(testMic)
		settle()
		r.media.Hear(make([]int16, 3*call.SampleRate))
		settle()
		r.wantStages(call.TestOpening, call.TestRecording, call.TestEnded)
		if e := last[call.TestChanged](r); !errors.Is(e.Err, call.ErrNothingHeard) {
			t.Errorf("ended with %v", e.Err)
		}
		r.wantNothingOpen("after silence")
		r.end()
	})
}

// The lobby's preview goes on after a test of its microphone.
func TestDeviceTest_KeepsThePreview(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.do(engine.StartPreview{Source: call.SourceMicrophone, Device: "mic"})
		settle()
		r.do(testMic)
		settle()
		r.media.Hear(loud())
		settle()
		r.media.Played()
		settle()
		if n := r.ledger.Opens("device"); n != 2 {
			t.Errorf("%d devices were opened, want the microphone once and the speaker once", n)
		}
		if r.devices.Find(call.SourceMicrophone) == nil || r.devices.Find(call.SourceSpeaker) != nil {
			t.Error("the microphone alone should be open")
		}
		r.do(engine.StopPreview{Source: call.SourceMicrophone})
		settle()
		r.wantNothingOpen("after the preview")
		r.end()
	})
}

// In a room the devices of the stay are tested. The room does not hear the test of
// a microphone, and hears the microphone again after it.
func TestDeviceTest_InARoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		s := r.joined()
		opens := r.ledger.Opens("device")
		r.do(testMic)
		settle()
		if r.media.Sending(call.SourceMicrophone) != nil {
			t.Error("the room hears the test")
		}
		r.media.Hear(loud())
		settle()
		if r.media.Sending(call.SourceMicrophone) != nil {
			t.Error("the room hears the recording")
		}
		r.media.Played()
		settle()
		if r.media.Sending(call.SourceMicrophone) == nil || s.Muted(call.SourceMicrophone) {
			t.Error("the room does not hear the microphone again")
		}
		r.do(testSpeaker)
		settle()
		if r.media.Sending(call.SourceMicrophone) == nil {
			t.Error("the test of the speaker mutes the microphone")
		}
		r.media.Played()
		settle()
		if n := r.ledger.Opens("device"); n != opens {
			t.Errorf("%d devices were opened for tests, while all were open", n-opens)
		}
		if n := s.Published(); n != 2 {
			t.Errorf("published %d times", n)
		}
		r.end()
	})
}

// A user who mutes during a test stays muted after it.
func TestDeviceTest_MuteMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		s := r.joined()
		r.do(testMic)
		settle()
		r.do(engine.Mute{Source: call.SourceMicrophone})
		settle()
		r.do(engine.StopTest{})
		settle()
		if r.media.Sending(call.SourceMicrophone) != nil || !s.Muted(call.SourceMicrophone) {
			t.Error("the microphone is on again")
		}
		r.end()
	})
}

// testEnds are the ways in which a test can end, the program's crash excepted: then
// the system frees everything.
var testEnds = map[string]func(*rig){
	"stopped": func(r *rig) { r.do(engine.StopTest{}) },
	"other device": func(r *rig) {
		r.do(engine.SelectDevice{Source: call.SourceMicrophone, Device: "x"})
		r.do(engine.StopTest{})
	},
	"join": func(r *rig) { r.do(joinCommand()); settle(); r.do(engine.Leave{}) },
	"quit": func(r *rig) { r.cancel() },
	"lost": func(r *rig) {
		r.devices.Lose(call.SourceMicrophone)
		r.devices.Lose(call.SourceSpeaker)
		settle()
		r.do(engine.StopTest{})
	},
	"overdue": func(*rig) { pass(10 * time.Second) },
	"another test": func(r *rig) {
		r.do(testSpeaker)
		settle()
		r.media.Played()
	},
}

// However a test ends, at whatever step: one word of its end, and nothing is open.
func TestL2_DeviceTest_EveryEndFreesEverything(t *testing.T) {
	steps := map[string]func(*rig){
		"opening the speaker": func(r *rig) { r.do(testSpeaker) },
		"the tone":            func(r *rig) { r.do(testSpeaker); pass(time.Second) },
		"opening":             func(r *rig) { r.do(testMic) },
		"recording":           func(r *rig) { r.do(testMic); pass(time.Second) },
		"opening to play": func(r *rig) {
			r.do(testMic)
			pass(time.Second)
			r.media.Hear(loud())
		},
		"playing": func(r *rig) {
			r.do(testMic)
			pass(time.Second)
			r.media.Hear(loud())
			pass(time.Second)
		},
	}
	for step, reach := range steps {
		for name, end := range testEnds {
			t.Run(step+", "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r := newRig(t, func(r *rig, _ *engine.Config) {
						r.devices.OnOpen = func(call.DeviceRequest) enginetest.Step {
							return enginetest.Step{Delay: 100 * time.Millisecond}
						}
					})
					reach(r)
					end(r)
					pass(5 * time.Second)
					starts := 1
					if name == "another test" {
						starts = 2
					}
					if n := len(slices.DeleteFunc(r.stages(), func(s call.TestStage) bool { return s != call.TestEnded })); n != starts {
						t.Errorf("%d tests ended of %d: %v", n, starts, r.stages())
					}
					r.wantNothingOpen("afterwards")
					if name == "quit" {
						r.finished()
						return
					}
					r.end()
				})
			})
		}
	}
}

// Every reason for leaving, during every test: the devices are free, and the test
// has ended before the stay.
func TestL1_L2_L5_DeviceTest_EveryReason(t *testing.T) {
	for _, c := range exitCases() {
		if c.outside || c.none {
			continue
		}
		for _, test := range []engine.TestDevice{testSpeaker, testMic} {
			t.Run(fmt.Sprintf("%s, %s", c.name, test.Source), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r := newRig(t)
					join := joinCommand()
					join.Devices = engine.Choice{Camera: call.DeviceNone, Microphone: call.DeviceNone}
					r.do(join)
					settle()
					r.do(test)
					pass(time.Second)
					c.act(r)
					pass(time.Second)
					r.wantLeft(1, c.want.Reason)
					r.wantAllClosed()
					r.wantNothingOpen("after " + c.name)
					var ended, left int
					for i, e := range r.all() {
						switch e := e.Event.(type) {
						case call.TestChanged:
							if e.Stage == call.TestEnded {
								ended = i
							}
						case call.Left:
							left = i
						}
					}
					if ended == 0 || ended > left {
						t.Errorf("the test ended at event %d, the stay at %d", ended, left)
					}
					r.end()
				})
			})
		}
	}
}

// What does not work is said, once, with the device's name; no test is left over.
func TestDeviceTest_Failures(t *testing.T) {
	broken := func(src call.Source, step enginetest.Step) func(*rig, *engine.Config) {
		return func(r *rig, _ *engine.Config) {
			r.devices.OnOpen = func(q call.DeviceRequest) enginetest.Step {
				if q.Source == src {
					return step
				}
				return enginetest.Step{}
			}
		}
	}
	for name, tt := range map[string]struct {
		adjust func(*rig, *engine.Config)
		test   engine.TestDevice
		hears  []int16
		want   error
	}{
		"busy microphone":    {broken(call.SourceMicrophone, enginetest.Step{Err: call.ErrDeviceBusy}), testMic, nil, call.ErrDeviceBusy},
		"missing speaker":    {broken(call.SourceSpeaker, enginetest.Step{Err: call.ErrDeviceMissing}), testSpeaker, nil, call.ErrDeviceMissing},
		"no speaker to play": {broken(call.SourceSpeaker, enginetest.Step{Err: call.ErrNoSoundServer}), testMic, loud(), call.ErrNoSoundServer},
		"panic in a driver":  {broken(call.SourceSpeaker, enginetest.Step{Panic: "boom"}), testSpeaker, nil, call.ErrDeviceFailed},
		"nothing is played":  {func(*rig, *engine.Config) {}, testSpeaker, nil, call.ErrDeviceFailed},
		"nothing is heard":   {func(*rig, *engine.Config) {}, testMic, nil, call.ErrDeviceFailed},
		"panic in media": {func(r *rig, _ *engine.Config) {
			r.media.OnPlay = func() enginetest.Step { return enginetest.Step{Panic: "boom"} }
		}, testSpeaker, nil, call.ErrDeviceFailed},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, tt.adjust)
				r.do(tt.test)
				settle()
				if tt.hears != nil {
					r.media.Hear(tt.hears)
				}
				pass(20 * time.Second)
				e := last[call.TestChanged](r)
				if e.Stage != call.TestEnded || !errors.Is(e.Err, tt.want) {
					t.Errorf("the last word is %+v, want %v", e, tt.want)
				}
				if n := len(of[call.CommandFailed](r)); n != 0 {
					t.Errorf("it is told %d times more", n)
				}
				r.wantNothingOpen("after the failure")
				r.end()
			})
		})
	}
}

// What cannot be tested is refused at once.
func TestDeviceTest_Refused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		refused := func(when string, c engine.TestDevice) {
			t.Helper()
			if err := r.try(c); !errors.Is(err, call.ErrBadArgument) {
				t.Errorf("%s, %+v: %v", when, c, err)
			}
		}
		refused("a camera", engine.TestDevice{Source: call.SourceCamera})
		refused("nothing", engine.TestDevice{Source: call.SourceSpeaker, Device: call.DeviceNone})
		r.do(engine.SelectDevice{Source: call.SourceSpeaker, Device: call.DeviceNone})
		refused("without a speaker", testMic)
		r.do(engine.StopTest{}) // of none
		settle()
		r.wantStages()
		r.end()
	})
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, slowDial(enginetest.Step{Delay: time.Second}))
		r.do(joinCommand())
		settle()
		if err := r.try(testSpeaker); !errors.Is(err, call.ErrBadArgument) {
			t.Errorf("while joining: %v", err)
		}
		pass(2 * time.Second)
		r.do(engine.Leave{})
		pass(time.Second)
		r.end()
	})
}
