package engine_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/engine/enginetest"
)

// failedJoins are the ways in which a join ends before the stay has begun.
func failedJoins() map[string]struct {
	step   enginetest.Step
	reason call.LeaveReason
} {
	type failed = struct {
		step   enginetest.Step
		reason call.LeaveReason
	}
	all := map[string]failed{
		"silent":    {enginetest.Step{Delay: time.Hour}, call.ReasonJoinFailed},
		"deaf":      {enginetest.Step{Delay: time.Hour, Deaf: true}, call.ReasonJoinFailed},
		"panic":     {enginetest.Step{Panic: "boom"}, call.ReasonInternal},
		"banned":    {enginetest.Step{Err: &call.BannedError{}}, call.ReasonBanned},
		"put out":   {enginetest.Step{Err: &call.PutOutError{Reason: call.ReasonRemoved}}, call.ReasonRemoved},
		"no media":  {enginetest.Step{Err: call.ErrMediaBlocked}, call.ReasonMediaFailed},
		"unknown":   {enginetest.Step{Err: errors.New("odd")}, call.ReasonJoinFailed},
		"cancelled": {enginetest.Step{Err: call.ErrCancelled}, call.ReasonJoinFailed},
	}
	for _, err := range []error{
		call.ErrUnreachable, call.ErrServerSilent, call.ErrServerGarbage, call.ErrWrongServer, call.ErrUntrusted, call.ErrNoSuchRoom,
		call.ErrRoomFull, call.ErrRoomLocked, call.ErrInviteExpired, call.ErrInviteRefused, call.ErrTokenRefused,
		call.ErrAlreadyHere, call.ErrIdentityTaken, call.ErrTooManyTries, call.ErrTooManyGuests, call.ErrCutOff, call.ErrRefused,
	} {
		all[err.Error()] = failed{enginetest.Step{Err: err}, call.ReasonJoinFailed}
	}
	return all
}

// A join that fails is not taken back: what is shown next is no lobby, so no
// preview may go on behind it, whether the join wished for the device or not.
func TestJ8_L2_AFailedJoinClosesThePreview(t *testing.T) {
	for name, tt := range failedJoins() {
		for _, choice := range []engine.Choice{
			{Camera: "cam", Microphone: "mic", Speaker: "loud"},
			{Camera: call.DeviceNone, Microphone: call.DeviceNone, Speaker: call.DeviceNone},
		} {
			t.Run(name+", camera "+choice.Camera, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r := newRig(t, slowDial(tt.step))
					r.do(engine.StartPreview{Source: call.SourceCamera, Device: "cam"})
					r.do(engine.StartPreview{Source: call.SourceMicrophone, Device: "mic"})
					settle()
					join := joinCommand()
					join.Devices = choice
					r.do(join)
					pass(joinTimeout)
					left := r.wantLeft(1, tt.reason)
					if left.Preview || len(left.Open) > 0 || len(left.Released) < 2 {
						t.Errorf("left says preview %v, open %v, released %v", left.Preview, left.Open, left.Released)
					}
					if n := r.ledger.OpenNow("device"); n != 0 {
						t.Errorf("%d devices are open after the join has failed", n)
					}
					pass(time.Hour)
					r.end()
				})
			})
		}
	}
}

// The same where the server of this computer does not start.
func TestL2_AFailedStartClosesThePreview(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(r *rig, _ *engine.Config) {
			r.server.OnStart = func(call.RoomID) enginetest.Step { return enginetest.Step{Err: call.ErrRoomServerFailed} }
		})
		r.do(engine.StartPreview{Source: call.SourceCamera, Device: "cam"})
		settle()
		r.do(engine.StartRoom{Room: "room", Name: "Ada", Identity: "ada", Devices: engine.Choice{Camera: "cam"}})
		settle()
		if left := r.wantLeft(1, call.ReasonJoinFailed); left.Preview || len(left.Open) > 0 {
			t.Errorf("left says preview %v, open %v", left.Preview, left.Open)
		}
		r.wantAllClosed()
		r.end()
	})
}

// Only a join that the user took back keeps the preview, and Left says so.
func TestJ8_LeftSaysThatThePreviewIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, slowDial(enginetest.Step{Delay: time.Hour}))
		r.do(engine.StartPreview{Source: call.SourceCamera, Device: "cam"})
		settle()
		r.do(joinCommand())
		pass(time.Second)
		r.do(engine.Leave{})
		pass(time.Second)
		left := r.wantLeft(1, call.ReasonLeft)
		if !left.Preview || len(left.Open) != 1 || left.Open[0].Source != call.SourceCamera {
			t.Errorf("left says preview %v, open %v", left.Preview, left.Open)
		}
		r.end()
	})
}

// What is open is asked, not assumed: a device that somebody else in the process
// holds is named, one that does not let go as well, and a system that does not
// answer keeps nobody.
func TestL2_LeftSaysWhatTheSystemSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.joined()
		other, err := r.devices.Open(t.Context(), call.DeviceRequest{Source: call.SourceCamera, Device: "other"})
		if err != nil {
			t.Fatal(err)
		}
		r.do(engine.Leave{})
		settle()
		lefts := of[call.Left](r)
		if len(lefts) != 1 || len(lefts[0].Open) != 1 || lefts[0].Open[0].Name != "other" {
			t.Errorf("left %+v, want the camera “other” to be named", lefts)
		}
		if err := other.Close(); err != nil {
			t.Error(err)
		}
		if err := r.engine.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		stuck := make(chan struct{})
		r := newRig(t, func(r *rig, _ *engine.Config) {
			r.devices.OnClose = func(d call.Device) enginetest.Step {
				if d.Source == call.SourceCamera {
					return enginetest.Step{Block: stuck}
				}
				return enginetest.Step{}
			}
		})
		r.joined()
		r.do(engine.Leave{})
		pass(grace)
		left := r.wantLeft(1, call.ReasonLeft)
		if len(left.Stuck) != 1 || len(left.Open) != 1 || left.Open[0] != left.Stuck[0] {
			t.Errorf("stuck %v, open %v", left.Stuck, left.Open)
		}
		close(stuck)
		settle()
		r.end()
	})
	for name, step := range map[string]enginetest.Step{
		"silent": {Delay: time.Hour}, "deaf": {Delay: time.Second, Deaf: true}, "failed": {Err: errors.New("odd")}, "panic": {Panic: "boom"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, func(r *rig, _ *engine.Config) { r.devices.OnHeld = func() enginetest.Step { return step } })
				r.joined()
				began := time.Now()
				r.do(engine.Leave{})
				pass(100 * time.Millisecond)
				if lefts := of[call.Left](r); len(lefts) != 1 {
					t.Fatalf("%d Left events after %v", len(lefts), time.Since(began))
				}
				if n := r.ledger.OpenNow("device"); n != 0 {
					t.Errorf("%d devices are open", n)
				}
				pass(time.Second)
				if err := r.engine.Close(t.Context()); err != nil {
					t.Error(err)
				}
			})
		})
	}
}
