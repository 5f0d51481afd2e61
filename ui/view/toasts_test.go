package view

import (
	"testing"
	"time"

	fynetheme "fyne.io/fyne/v2/theme"

	"foyer/engine/call"
	"foyer/ui/model"
)

// Toasts pass by themselves; problems stay.
func TestToasts(t *testing.T) {
	s := newStand(t, normal, fynetheme.VariantDark)
	s.enter(2)
	s.apply(call.ParticipantLeft{Participant: call.Participant{Identity: "u0"}, Reason: call.ReasonRemoved})
	s.state.Notify(model.Notice{At: s.now, Kind: model.NoticeFailed, Command: "publish", Source: call.SourceCamera, Err: call.ErrDeviceFailed})
	s.show()
	if !s.visible("Grace Hopper was removed") {
		t.Error("nobody says why Grace is gone")
	}
	s.root.Tick(s.now.Add(6 * time.Second))
	if s.visible("Grace Hopper was removed") || !s.visible("Your camera could not be started") {
		t.Error("the wrong notice passed")
	}
}
