package view

import (
	"testing"
	"time"

	"foyer/engine/call"
	"foyer/ui/model"
)

func lobbyScreens() []screen {
	link := call.Link{Hosts: []string{"192.168.1.7:7443"}, Room: "r-1", Title: "Design review", Secret: "s"}
	screens := []screen{
		{"first", "dark", func(s *stand) { s.form = Form{MicOn: true} }},
		{"preview", "dark light tiny", func(s *stand) {
			s.apply(previewOn()...)
			s.form.Recent = []Recent{
				{Title: "Design review", At: s.now}, {Title: "Ada’s room", At: s.now.AddDate(0, 0, -1), Own: true},
				{Title: "Monday meeting of the whole team in the big room", At: s.now.AddDate(0, 0, -20)},
			}
		}},
		{"newer", "small", func(s *stand) {
			s.apply(previewOn()...)
			s.show()
			s.state.Release = newer // beside a preview that is higher
		}},
		{"off", "", func(s *stand) { s.form.CameraOn, s.form.MicOn = false, false }},
		{"opening", "", func(s *stand) { s.state.AskPreview(call.SourceCamera) }},
		{"busy", "small", func(s *stand) {
			s.apply(call.CommandFailed{Command: "preview", Source: call.SourceCamera, Err: &call.DeviceError{Source: call.SourceCamera, Device: "Integrated HD Webcam", Err: call.ErrDeviceBusy}})
			s.apply(call.CommandFailed{Command: "preview", Source: call.SourceMicrophone, Err: &call.DeviceError{Source: call.SourceMicrophone, Err: call.ErrNoSoundServer}})
		}},
		{"errors", "light", func(s *stand) {
			s.form.Name, s.form.Link = "", "foyer://192.168.1.7:7443/r-1?v=1&s=abc"
			s.state.NameErr, s.state.LinkErr = call.CheckName(""), call.ErrLinkCut
		}},
		{"percent", "", func(s *stand) {
			link.Room = "50%"
			s.form.Link = link.String()
		}},
		{"starting", "", func(s *stand) {
			s.apply(previewOn()...)
			s.state.Begin(model.Attempt{Since: s.now.Add(-400 * time.Millisecond), Start: true})
		}},
		{"waiting", "dark", func(s *stand) {
			s.apply(previewOn()...)
			s.state.Begin(model.Attempt{Since: s.now.Add(-time.Minute), Title: "Design review"})
			s.apply(call.StateChanged{State: call.StateJoining}, call.StateChanged{State: call.StateWaiting})
		}},
		{"waiting-unnamed", "", func(s *stand) {
			s.state.Begin(model.Attempt{Since: s.now.Add(-time.Minute)})
			s.apply(call.StateChanged{State: call.StateJoining}, call.StateChanged{State: call.StateWaiting})
		}},
		{"joining-long", "", func(s *stand) {
			s.apply(previewOn()...)
			s.state.Begin(model.Attempt{Since: s.now.Add(-2100 * time.Millisecond), Title: "Design review"})
		}},
	}
	for i, sc := range screens {
		screens[i].prepare = func(s *stand) {
			s.apply(devices())
			sc.prepare(s)
		}
	}
	return screens
}

func TestLobby(t *testing.T) { golden(t, "lobby", lobbyScreens()) }
