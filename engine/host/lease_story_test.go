package host

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"

	"foyer/engine/call"
	"foyer/engine/host/keeper"
	"foyer/engine/host/moderation"
	"foyer/engine/host/register"
	"foyer/engine/host/roomservice"
	"foyer/engine/host/sfu"
	"foyer/internal/testenv"
)

// twoKeepers are those of two doors with one register before one LiveKit.
func twoKeepers(t *testing.T) (*roomservice.Client, [2]*keeper.Pool) {
	t.Helper()
	log, _ := testenv.NewLog()
	media, err := sfu.Start(t.Context(), sfu.Config{Key: clusterKey().Key, Secret: clusterKey().Secret, Address: loopback4(), Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = media.Stop(context.Background()) })
	r := roomservice.New(media.URL(), clusterKey(), time.Minute)
	t.Cleanup(r.Close)
	var both [2]*keeper.Pool
	path := filepath.Join(t.TempDir(), databaseFile)
	for i := range both {
		reg, err := register.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = reg.Close() })
		ports := moderation.New(moderation.Config{Rooms: r, Register: reg, Log: log, Now: time.Now})
		both[i] = keeper.NewPool(nil, reg, r, media.URL(), clusterKey(), keeper.Config{Store: reg, Remover: ports, Teller: ports, MuteEnforcer: ports, Log: log})
		t.Cleanup(both[i].Close)
	}
	return r, both
}

// newTestControl is what decides about the rooms of some LiveKit.
func newTestControl(t *testing.T, livekit *url.URL) *control {
	t.Helper()
	log, _ := testenv.NewLog()
	dir := t.TempDir()
	s, err := Config{Data: dir, Log: log}.check()
	if err != nil {
		t.Fatal(err)
	}
	reg, err := register.Open(t.Context(), filepath.Join(dir, databaseFile))
	if err != nil {
		t.Fatal(err)
	}
	c := newControl(s, clusterKey(), reg, livekit)
	t.Cleanup(func() {
		c.close()
		_ = reg.Close()
	})
	return c
}

func mustOpen(t *testing.T, r *roomservice.Client, room call.RoomID) call.SID {
	t.Helper()
	session, err := r.Ensure(t.Context(), room)
	if err != nil {
		t.Fatal(err)
	}
	return session
}

// keeps reports whether a door's keeper is in that session of a room.
func keeps(k *keeper.Pool, room call.RoomID, session call.SID) func() bool {
	return func() bool {
		one := k.Of(room)
		return one != nil && one.Session() == session
	}
}

// idle reports whether a door does not even try to keep a room.
func idle(k *keeper.Pool, room call.RoomID) func() bool {
	return func() bool { return !k.Tries(room) }
}

// TestDoorStops: when a door is stopped, another one keeps its rooms, those to
// which nobody comes any more, and those to which somebody came too early.
func TestDoorStops(t *testing.T) {
	t.Parallel()
	r, doors := twoKeepers(t)
	sessions := map[call.RoomID]call.SID{}
	for _, room := range []call.RoomID{"quiet", "busy"} {
		sessions[room] = mustOpen(t, r, room)
		doors[0].Want(room)
		eventually(t, "the first door keeps "+string(room), waitTimeout, keeps(doors[0], room, sessions[room]))
	}
	doors[1].Want("quiet")
	eventually(t, "the second door leaves it alone", waitTimeout, idle(doors[1], "quiet"))
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		doors[0].Close()
	}()
	for waiting := true; waiting; {
		doors[1].Want("busy")
		select {
		case <-stopped:
			waiting = false
		case <-time.After(10 * time.Millisecond):
		}
	}
	for room, session := range sessions {
		t.Logf("%s is kept after %v", room, eventually(t, "the second door keeps "+string(room), waitTimeout, keeps(doors[1], room, session)))
	}
}

// listing is a LiveKit that only lists its rooms: one, or none.
type listing struct {
	open []bool // whether there is a room, from look to look; then none
	mu   sync.Mutex
	seen int // looks
}

// ServeHTTP answers ListRooms.
func (l *listing) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	answer := &livekit.ListRoomsResponse{}
	if l.seen < len(l.open) && l.open[l.seen] {
		answer.Rooms = []*livekit.Room{{Name: "hall", Sid: "RM_hall"}}
	}
	l.seen++
	raw, _ := proto.Marshal(answer)
	w.Header().Set("Content-Type", "application/protobuf")
	_, _ = w.Write(raw)
}

func (l *listing) looks() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seen
}

// TestRoomOpensElsewhere: a room that ends at the door that has its lease, while
// it is opened again through another door that is turned away, is not given up.
func TestRoomOpensElsewhere(t *testing.T) {
	t.Parallel()
	// What the door sees: over, and again open when it has dropped the lease.
	over := &listing{open: []bool{false, true, false, false}}
	server := httptest.NewServer(over)
	t.Cleanup(server.Close)
	d := newTestControl(t, parseURL(t, server.URL))
	d.keepers.Want("hall")
	eventually(t, "the door gives the room up", waitTimeout, idle(d.keepers, "hall"))
	if n := over.looks(); n != len(over.open) {
		t.Errorf("given up after %d looks, want %d", n, len(over.open))
	}
}

// TestRoomOutOfReach: a door that cannot reach a room lets another one try, and
// nobody has to wait for the end of the leases of a door that has stopped.
func TestRoomOutOfReach(t *testing.T) {
	t.Parallel()
	d := newTestControl(t, &url.URL{Scheme: "http", Host: "127.0.0.1:1"}) // nobody is there
	d.keepers.Want("hall")
	eventually(t, "it has tried", waitTimeout, func() bool {
		rooms, err := d.register.RenewLeases(t.Context(), d.keepers.Holder(), keeper.LeaseFor)
		return err == nil && len(rooms) == 1
	})
	take := func(room call.RoomID, holder string) bool {
		held, err := d.register.TakeLease(t.Context(), room, holder, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		return held
	}
	eventually(t, "another door has the room", waitTimeout, func() bool { return take("hall", "another door") })
	eventually(t, "it is left alone", 2*waitTimeout, idle(d.keepers, "hall"))
	if !take("attic", d.keepers.Holder()) {
		t.Error("nobody has the attic")
	}
	d.keepers.Close()
	if !take("attic", "another door") {
		t.Error("a door that has stopped has the attic")
	}
}
