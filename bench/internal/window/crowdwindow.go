//go:build linux

package window

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"fyne.io/fyne/v2"
	fyneapp "fyne.io/fyne/v2/app"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/engine/eventqueue"
	"foyer/ui"
	"foyer/ui/access"
)

// ShowCrowd is the window that [Crowd] measures, in a process of its own: it is in a
// room with many people who have said a lot, and ends with its input. Each line of that
// is answered by how many rows are laid out.
func ShowCrowd() error {
	a := fyneapp.NewWithID("foyer.bench")
	events := eventqueue.New()
	w := ui.New(ui.Config{
		App: a, Do: func(engine.Command) error { return nil }, Events: events, Settings: forgetful{}, Identity: "u-0",
	})
	if err := w.Show(); err != nil {
		return err
	}
	for _, e := range crowded() {
		events.Put(eventqueue.Stamped{Event: e, At: time.Now()})
	}
	w.Pump(context.Background())
	out := json.NewEncoder(os.Stdout)
	asked := bufio.NewScanner(os.Stdin)
	go func() { // ends with the process
		_ = out.Encode(map[string]any{"event": "ready"})
		for asked.Scan() {
			fyne.Do(func() {
				n := rowsIn(access.Read(w.Window().Canvas(), ""))
				_ = out.Encode(map[string]any{"event": "rows", "n": n})
			})
		}
		fyne.Do(a.Quit)
	}()
	a.Run()
	w.Stop()
	return nil
}

// forgetful are settings that are kept nowhere.
type forgetful struct{}

func (forgetful) Load() (ui.Settings, error) { return ui.Settings{Name: "Viewer", Asked: true}, nil }
func (forgetful) Save(ui.Settings) error     { return nil }

// crowded is what a window is told of a room with a crowd.
func crowded() []call.Event {
	self := call.Participant{Identity: "u-0", SID: "PA_0", Name: "Viewer"}
	others := make([]call.Participant, crowdPeople-1)
	for i := range others {
		id := fmt.Sprint(i + 1)
		others[i] = call.Participant{Identity: call.Identity("u-" + id), SID: call.SID("PA_" + id), Name: "Person " + id}
	}
	events := []call.Event{
		call.StateChanged{State: call.StateJoined},
		call.Joined{Room: "crowd", Title: "Crowd", Self: self, Participants: others},
	}
	now := time.Now()
	for i := range crowdLines {
		from := others[i/3%5]
		events = append(events, call.ChatReceived{History: true, Message: call.ChatMessage{
			ID: fmt.Sprint(i), From: from.Identity, Name: from.Name,
			Text: fmt.Sprintf("line %d of many that were written here", i),
			At:   now.Add(time.Duration(i-crowdLines) * time.Second),
		}})
	}
	return events
}

// rowsIn counts the rows of lists.
func rowsIn(n *access.Node) (rows int) {
	if n.Role == access.RoleRow {
		rows++
	}
	for _, c := range n.Children {
		rows += rowsIn(c)
	}
	return rows
}
