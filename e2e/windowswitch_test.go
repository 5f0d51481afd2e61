//go:build linux

package e2e

import (
	"image"
	"testing"

	"foyer/internal/drive"
	"foyer/internal/drive/filewatch"
	"foyer/internal/testenv"
)

// A link that comes while the window is in a room takes it to the other one, with
// the camera running on: its file is not opened again, and the people there see it.
func TestO11_TheWindowSwitchesWithTheCameraOn(t *testing.T) {
	f := testenv.Foyer(t)
	server := testenv.Serve(t, f, drive.ServeOptions{})
	there := testenv.Join(t, f, drive.JoinOptions{
		Link: server.Invite("second"), Name: "Carol", ID: "carol", Args: []string{"--stay"},
	})
	there.Await("joined")
	p := openPreview(t, "switch", map[string]any{}, server.Invite("first"))
	p.click(p.main("the join button is shown", image.Rectangle{}).Centre())
	p.find("the leave button", danger)
	p.wantHeld("first room", p.camera, p.mic)
	watch, err := filewatch.Open(p.film)
	must(t, err)
	t.Cleanup(func() { must(t, watch.Close()) })

	mark := there.Mark()
	if status := p.launch(p.profile, server.Invite("second")).Ended(); status != 0 {
		t.Fatalf("the link was not handed over: status %d", status)
	}
	p.until("the question is shown", func() bool { return len(p.buttons(accent)) > 0 && len(p.buttons(danger)) == 0 })
	p.shot("question")
	for _, key := range []string{"Tab", "Return"} {
		must(t, p.Key(t.Context(), key))
	}
	camera := func(e drive.Event) bool { return e.Text("source") == "camera" }
	subscribed := there.AwaitAfter(mark, "track_subscribed", camera)
	side{"carol", there, p.pulse}.counts(t, side{id: subscribed.Text("id")}, 10)
	p.find("the leave button", danger)
	p.shot("second")
	if n := watch.Opens(); n != 0 {
		t.Errorf("the camera was opened %d times more", n)
	}
	p.wantHeld("second room", p.camera, p.mic)
	must(t, p.CloseWindow(p.id()))
	if status := p.Ended(); status != 0 {
		t.Errorf("status %d", status)
	}
	p.wantFree("the end")
}
