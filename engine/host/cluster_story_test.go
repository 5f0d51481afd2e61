package host

import (
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/host/keeper"
	"foyer/engine/host/moderation"
	"foyer/engine/host/register"
	"foyer/engine/host/roomservice"
	"foyer/internal/drive"
	"foyer/internal/testenv"
)

// TestClusterOfDoors is two doors before two nodes, with one PostgreSQL: one
// room, one history, one keeper; when its door dies, the other has it, within
// 10 s unless the machine is busy.
func TestClusterOfDoors(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 2)
	postgres, err := drive.StartPostgres(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = postgres.Close() })
	database, err := postgres.Database(t.Context(), "doors")
	if err != nil {
		t.Fatal(err)
	}
	first, process := c.otherDoor(t, 0, database)
	second := c.door(t, 1, func(conf *Config) { conf.Database = database })
	anna := first.enter(first.invite(nil), newGuest(t, "anna"))
	eventually(t, "the first door keeps the room", waitTimeout, func() bool { return second.online("hall", "anna") })
	ben := second.enter(second.invite(nil), newGuest(t, "ben"))
	anna.say("one")
	ben.hears("one")
	ben.say("two")
	anna.hears("two")
	var said doorapi.ChatRow
	if refusal, status := second.do(call.OpSay, "", doorapi.SayRequest{Room: "hall", Text: "three"}, &said); status != http.StatusOK {
		t.Fatalf("say: %+v", refusal)
	}
	if m := anna.hears("three"); m.From != "" || m.ID != said.ID {
		t.Errorf("heard %+v", m)
	}
	want := []string{"one", "two", "three"}
	for name, s := range map[string]*testServer{"first": first, "second": second} {
		eventually(t, name+" door has the history", waitTimeout, func() bool { return slices.Equal(s.history("hall", ""), want) })
	}
	if strings.Contains(second.log.String(), "room is kept") {
		t.Error("both doors keep the room")
	}
	began := time.Now()
	process.kill()
	eventually(t, "the room has a keeper again", 2*waitTimeout, func() bool { return strings.Contains(second.log.String(), "room is kept") })
	t.Logf("the room has a keeper again after %v", time.Since(began))
	ben.say("four")
	eventually(t, "history goes on", waitTimeout, func() bool { return slices.Equal(second.history("hall", ""), append(want, "four")) })
}

// TestKeeperCost measures what a room costs its door, with LiveKit in another
// process.
func TestKeeperCost(t *testing.T) {
	const rooms = 15
	c := startCluster(t, 1)
	s := c.door(t, 0, func(*Config) {})
	node := livekit.NewRoomServiceProtobufClient(c.nodes[0].url, &http.Client{
		Timeout: waitTimeout, Transport: roomservice.Transport{Key: clusterKey(), Next: http.DefaultTransport},
	})
	url := parseURL(t, c.nodes[0].url)
	reg, err := register.Open(t.Context(), s.database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = reg.Close() })
	log, buffer := testenv.NewLog()
	tellers := roomservice.New(url, clusterKey(), time.Minute)
	t.Cleanup(tellers.Close)
	nobody := moderation.New(moderation.Config{Rooms: tellers, Register: reg, Log: log, Now: time.Now})
	k := keeper.NewPool(nil, reg, tellers, url, clusterKey(), keeper.Config{Store: reg, Remover: nobody, Teller: nobody, MuteEnforcer: nobody, Log: log})
	t.Cleanup(k.Close)
	heap := func() (bytes uint64, goroutines int) {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapInuse + m.StackInuse, runtime.NumGoroutine()
	}
	open := func(n int) {
		room := fmt.Sprint("room", n)
		if _, err := node.CreateRoom(t.Context(), &livekit.CreateRoomRequest{Name: room, EmptyTimeout: 60}); err != nil {
			t.Fatal(err)
		}
		k.Want(call.RoomID(room))
	}
	open(0) // what is needed once
	buffer.Wait(t, "room is kept")
	bytesBefore, goroutinesBefore := heap()
	for n := range rooms {
		open(n + 1)
	}
	eventually(t, "every room is kept", 30*time.Second, func() bool { return strings.Count(buffer.String(), "room is kept") == rooms+1 })
	<-time.After(2 * time.Second) // connections settle
	bytesAfter, goroutinesAfter := heap()
	perRoom := (int64(bytesAfter) - int64(bytesBefore)) / rooms
	t.Logf("a room costs its door %d KB and %.1f goroutines", perRoom>>10, float64(goroutinesAfter-goroutinesBefore)/rooms)
	if perRoom > 4<<20 {
		t.Errorf("%d bytes a room", perRoom)
	}
}

func (s *testServer) online(room string, id call.Identity) bool {
	return s.presence(room, id) == call.PresenceOnline
}

// TestBehindTheDoor removes and dismisses at a node itself: what the door never
// saw has the same effects, by the keeper.
func TestBehindTheDoor(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 1)
	s := c.door(t, 0, func(*Config) {})
	link := s.invite(nil)
	anna, ben := newGuest(t, "anna"), newGuest(t, "ben")
	token, tokenOfBen := s.mustJoin(anna, link).Token, s.mustJoin(ben, link).Token
	client := s.enter(link, anna)
	s.enter(link, ben)
	for _, id := range []call.Identity{"anna", "ben"} {
		eventually(t, "the keeper sees everybody", waitTimeout, func() bool { return s.member("hall", id).Presence == call.PresenceOnline })
	}
	node := livekit.NewRoomServiceProtobufClient(c.nodes[0].url, &http.Client{
		Timeout: waitTimeout, Transport: &adminTransport{s.api, http.DefaultTransport},
	})
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	if _, err := node.RemoveParticipant(t.Context(), &livekit.RoomParticipantIdentity{Room: "hall", Identity: "anna"}); err != nil {
		t.Fatal(err)
	}
	client.await("removal", func(e call.SessionEvent) bool {
		end, ok := e.(call.SessionEnded)
		return ok && end.Reason == call.ReasonRemoved
	})
	refused := func(token string) func() bool {
		return func() bool {
			w, status, err := s.dial(token, "")
			if err == nil {
				_ = w.conn.Close()
			}
			return err != nil && status == http.StatusForbidden
		}
	}
	t.Logf("removed: token dead after %v", eventually(t, "anna's token is dead", waitTimeout, refused(token)))
	if m := s.member("hall", "anna"); m.Generation != 2 || m.Verdict.Reason != call.ReasonRemoved {
		t.Errorf("%+v", m)
	}
	// LiveKit tells of nobody who comes and goes between two of its updates that
	// they came, only that they are gone.
	cleo := s.mustJoin(newGuest(t, "cleo"), link).Token
	early, _ := s.mustDial(cleo) // whose media never is connected
	if _, err := node.RemoveParticipant(t.Context(), &livekit.RoomParticipantIdentity{Room: "hall", Identity: "cleo"}); err != nil {
		t.Fatal(err)
	}
	if reason := early.leaveReason(); reason != livekit.DisconnectReason_PARTICIPANT_REMOVED {
		t.Errorf("cleo leaves: %v", reason)
	}
	eventually(t, "cleo is removed", waitTimeout, func() bool { return s.member("hall", "cleo").Generation == 2 })
	if !refused(cleo)() {
		t.Error("cleo's token lives")
	}
	if _, err := node.DeleteRoom(t.Context(), &livekit.DeleteRoomRequest{Room: "hall"}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "ben is removed", waitTimeout, func() bool { return s.member("hall", "ben").Generation == 2 })
	if !refused(tokenOfBen)() {
		t.Error("ben's token lives")
	}
	if m := s.member("hall", "ben"); m.Verdict.Reason != call.ReasonDismissed {
		t.Errorf("%+v", m)
	}
}
