package app

import (
	"context"
	"os"
	"reflect"
	"strconv"
	"testing"
	"time"

	"github.com/sirupsen/logrus/hooks/test"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/ui"
)

func TestSettingsComeBack(t *testing.T) {
	p, err := openProfile(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	log, _ := test.NewNullLogger()
	s := &settingsFile{p, log}
	if got := s.Load(); !reflect.DeepEqual(got, ui.Settings{}) {
		t.Errorf("first start: %+v", got)
	}
	want := ui.Settings{Name: "Ada", Camera: "test", Asked: true, Recent: []ui.Recent{{Room: "r", Title: "Review", At: time.Now().UTC().Truncate(time.Second)}}}
	if err := s.Save(want); err != nil {
		t.Fatal(err)
	}
	if got := s.Load(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if info, err := os.Stat(p.path(settingsName)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("settings carry invitations, mode is %v (%v)", info.Mode(), err)
	}
}

func TestDamagedSettingsAreKeptAside(t *testing.T) {
	p, err := openProfile(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	log, _ := test.NewNullLogger()
	s := &settingsFile{p, log}
	if err := os.WriteFile(p.path(settingsName), []byte(`{"name":`), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := s.Load(); !reflect.DeepEqual(got, ui.Settings{}) {
		t.Errorf("got %+v from a damaged file", got)
	}
	if data, err := os.ReadFile(p.path(settingsName) + ".damaged"); err != nil || string(data) != `{"name":` {
		t.Errorf("the damaged file is lost: %q, %v", data, err)
	}
}

func TestRecorderPassesEventsOnAndKeepsTheStayFile(t *testing.T) {
	p, err := openProfile(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	log, _ := test.NewNullLogger()
	from, to := engine.NewQueue(), engine.NewQueue()
	r := recordStays(from, to, p, log)
	from.Put(engine.Stamped{Event: call.Joined{Room: "r"}})
	<-to.Ready()
	if _, err := os.Stat(p.path("stay-" + strconv.Itoa(os.Getpid()) + ".json")); err != nil {
		t.Errorf("no stay file while joined: %v", err)
	}
	from.Put(engine.Stamped{Event: call.Left{Room: "r"}})
	from.Close()
	ctx, cancel := context.WithTimeout(context.Background(), bound)
	defer cancel()
	r.wait(ctx)
	if ctx.Err() != nil {
		t.Fatal("the recorder does not end")
	}
	if _, err := os.Stat(p.path("stay-" + strconv.Itoa(os.Getpid()) + ".json")); !os.IsNotExist(err) {
		t.Errorf("stay file after Left: %v", err)
	}
	items, _ := to.Take()
	if len(items) != 2 {
		t.Errorf("%d events passed on, want 2", len(items))
	}
	if _, open := to.Take(); open {
		t.Error("the window's queue stays open after the engine's end")
	}
}

// What a window that hangs does not take stays in the engine's queue, where it
// is bounded; nothing is lost.
func TestRecorderDoesNotRunAheadOfTheWindow(t *testing.T) {
	p, err := openProfile(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	log, _ := test.NewNullLogger()
	from, to := engine.NewQueue(), engine.NewQueue()
	r := recordStays(from, to, p, log)
	const batch, batches = maxAhead + 1, 20
	for range batches {
		for range batch {
			from.Put(engine.Stamped{Event: call.ParticipantJoined{}})
		}
		select {
		case <-from.Taken():
		case <-time.After(bound / 100): // it has stopped taking
		}
	}
	items, _ := to.Take()
	if len(items) > 3*batch {
		t.Errorf("%d events wait for a window that takes none", len(items))
	}
	total := len(items)
	from.Put(engine.Stamped{Event: call.Left{Room: "r"}})
	from.Close()
	ctx, cancel := context.WithTimeout(context.Background(), bound)
	defer cancel()
	r.wait(ctx) // the window is closed
	items, _ = to.Take()
	if total += len(items); total != batch*batches+1 || ctx.Err() != nil {
		t.Errorf("%d of %d events came through (%v)", total, batch*batches+1, ctx.Err())
	}
}
