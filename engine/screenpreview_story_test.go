package engine_test

import (
	"errors"
	"testing"
	"testing/synctest"

	"foyer/engine"
	"foyer/engine/call"
)

// TestScreenPreview: the screens that somebody chooses from are open only while
// they choose. Whatever ends that gives the screen back.
func TestScreenPreview(t *testing.T) {
	look := engine.StartPreview{Source: call.SourceScreen, Device: "left"}
	for name, tt := range map[string]struct {
		end    func(*rig)
		shares bool
		opens  int // of the screen
	}{
		"closed":            {func(r *rig) { r.do(engine.StopPreview{Source: call.SourceScreen}) }, false, 1},
		"left":              {func(r *rig) { r.do(engine.Leave{}) }, false, 1},
		"switched":          {func(r *rig) { r.do(engine.SwitchRoom{Link: nextLink}) }, false, 1},
		"lost":              {func(r *rig) { r.devices.Lose(call.SourceScreen) }, false, 1},
		"shared":            {func(r *rig) { r.do(engine.Publish{Source: call.SourceScreen, Device: "left"}) }, true, 1},
		"another is shared": {func(r *rig) { r.do(engine.Publish{Source: call.SourceScreen, Device: "right"}) }, true, 2},
		"shared and stopped": {func(r *rig) {
			r.do(engine.Publish{Source: call.SourceScreen, Device: "left"})
			settle()
			r.do(engine.Unpublish{Source: call.SourceScreen})
		}, false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				if err := r.try(look); !errors.Is(err, call.ErrBadArgument) {
					t.Errorf("outside of a room: %v", err)
				}
				r.joined()
				r.do(look)
				settle()
				if started := last[call.PreviewStarted](r); started.Device.Source != call.SourceScreen || started.Slot == nil {
					t.Errorf("started %+v", started)
				}
				if r.media.Sending(call.SourceScreen) != nil {
					t.Error("the others see what is only looked at")
				}
				before := r.ledger.Opens("device") - 1
				tt.end(r)
				settle()
				if open := r.devices.Find(call.SourceScreen) != nil; open != tt.shares {
					t.Errorf("the screen is open: %v", open)
				}
				if sends := r.media.Sending(call.SourceScreen) != nil; sends != tt.shares {
					t.Errorf("the screen is sent: %v", sends)
				}
				if n := r.ledger.Opens("device") - before; n != tt.opens {
					t.Errorf("opened %d times, want %d", n, tt.opens)
				}
				r.end()
			})
		})
	}
}
