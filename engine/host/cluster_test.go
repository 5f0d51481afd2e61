package host

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/livekit/livekit-server/pkg/config"
	"github.com/livekit/livekit-server/pkg/routing"
	"github.com/livekit/livekit-server/pkg/service"
	"github.com/livekit/livekit-server/pkg/telemetry/prometheus"
	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
	"foyer/engine/host/keeper"
	"foyer/engine/host/register"
	"foyer/internal/drive"
)

func clusterKey() apiKey { return apiKey{"clusterkey", "the secret of a cluster, long enough"} }

// nodeMain is livekit-server's cmd/server without its command line: the
// configuration comes on stdin.
func nodeMain() int {
	text, err := io.ReadAll(os.Stdin)
	if err == nil {
		err = serveNode(string(text))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func serveNode(text string) error {
	conf, err := config.NewConfig(text, true, nil, nil)
	if err != nil {
		return err
	}
	node, err := routing.NewLocalNode(conf)
	if err != nil {
		return err
	}
	if err := prometheus.Init(string(node.NodeID()), node.NodeType()); err != nil {
		return err
	}
	server, err := service.InitializeServer(conf, node)
	if err != nil {
		return err
	}
	return server.Start()
}

// spawned is a program of a test, killed at its end.
type spawned struct {
	cmd   *exec.Cmd
	ended chan struct{}
}

func spawn(t testing.TB, role, stdin string, args ...string) (*spawned, io.Reader) {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), roleVariable+"="+role)
	if stdin != "" {
		cmd.Stdin = strings.NewReader(stdin)
	} else if _, err := cmd.StdinPipe(); err != nil { // a lifeline
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &spawned{cmd, make(chan struct{})}
	t.Cleanup(p.kill)
	return p, out
}

// kill ends a process as a crash would.
func (p *spawned) kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	_ = p.cmd.Wait()
}

// freePort finds a port that nobody has now.
func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// cluster is some LiveKit nodes with their Redis.
type cluster struct {
	nodes []string // addresses
	procs []*spawned
}

func startCluster(t testing.TB, n int) *cluster {
	t.Helper()
	redis, err := drive.StartRedis(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = redis.Close() })
	c := &cluster{}
	for range n {
		port, key := freePort(t), clusterKey()
		p, _ := spawn(t, roleNode, fmt.Sprintf(`{port: %d, bind_addresses: ["127.0.0.1"], keys: {%s: "%s"}, redis: {address: "%s"},
			room: {auto_create: false}, logging: {level: error},
			rtc: {udp_port: %d, tcp_port: 0, use_external_ip: false, node_ip: "127.0.0.1", use_ice_lite: true, enable_loopback_candidate: true, stun_servers: ["127.0.0.1:9"]}}`,
			port, key.Key, key.Secret, redis.Address(), freePort(t)))
		address := fmt.Sprintf("127.0.0.1:%d", port)
		c.nodes, c.procs = append(c.nodes, "http://"+address), append(c.procs, p)
		eventually(t, "a node listens", 30*time.Second, func() bool {
			conn, err := net.Dial("tcp", address)
			if err == nil {
				_ = conn.Close()
			}
			return err == nil
		})
	}
	return c
}

// door starts a door before a node, in this process.
func (c *cluster) door(t testing.TB, node int, change func(*Config)) *testServer {
	return startServer(t, func(conf *Config) {
		noLimits(conf)
		conf.LiveKitURL, conf.APIKey, conf.APISecret = c.nodes[node], clusterKey().Key, clusterKey().Secret
		change(conf)
	})
}

// otherDoor starts a door in a process of its own, which can be killed.
func (c *cluster) otherDoor(t testing.TB, node int, database string) (*testServer, *spawned) {
	t.Helper()
	p, out := spawn(t, roleServe, "", "serve", "--lifeline", "--listen", "127.0.0.1:0", "--data", t.TempDir(), "--database", database,
		"--livekit", c.nodes[node], "--api-key", clusterKey().Key, "--api-secret", clusterKey().Secret)
	var line struct {
		URL      string `json:"url"`
		AdminKey string `json:"admin_key_file"`
	}
	if err := json.NewDecoder(bufio.NewReader(out)).Decode(&line); err != nil {
		t.Fatal(err)
	}
	_, fingerprint, err := readAdminKey(line.AdminKey)
	if err != nil {
		t.Fatal(err)
	}
	return &testServer{t: t, log: &logBuffer{}, api: clusterKey(), Ready: Ready{
		URL: line.URL, AdminKeyFile: line.AdminKey, Fingerprint: hexOf(fingerprint[:]),
	}}, p
}

// TestClusterOfDoors is two doors before two nodes, with one PostgreSQL: one
// room, one history, one keeper; when its door dies, the other has it within
// 10 s.
func TestClusterOfDoors(t *testing.T) {
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
	eventually(t, "the first door keeps the room", waitBound, func() bool { return second.online("hall", "anna") })
	ben := second.enter(second.invite(nil), newGuest(t, "ben"))
	anna.say("one")
	ben.hears("one")
	ben.say("two")
	anna.hears("two")
	var said call.ChatRow
	if refusal, status := second.do(call.OpSay, "", call.SayRequest{Room: "hall", Text: "three"}, &said); status != http.StatusOK {
		t.Fatalf("say: %+v", refusal)
	}
	if m := anna.hears("three"); m.From != "" || m.ID != said.ID {
		t.Errorf("heard %+v", m)
	}
	want := []string{"one", "two", "three"}
	for name, s := range map[string]*testServer{"first": first, "second": second} {
		eventually(t, name+" door has the history", waitBound, func() bool { return slices.Equal(s.history("hall", ""), want) })
	}
	if strings.Contains(second.log.String(), "room is kept") {
		t.Error("both doors keep the room")
	}
	began := time.Now()
	process.kill()
	second.log.wait(t, "room is kept")
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("the room has a keeper again after %v", took)
	} else {
		t.Logf("the room has a keeper again after %v", took)
	}
	ben.say("four")
	eventually(t, "history goes on", waitBound, func() bool { return slices.Equal(second.history("hall", ""), append(want, "four")) })
}

// TestKeeperCost measures what a room costs its door, with LiveKit in another
// process.
func TestKeeperCost(t *testing.T) {
	const rooms = 40
	c := startCluster(t, 1)
	s := c.door(t, 0, func(*Config) {})
	node := livekit.NewRoomServiceProtobufClient(c.nodes[0], &http.Client{
		Timeout: waitBound, Transport: &apiTransport{clusterKey(), http.DefaultTransport},
	})
	url := parseURL(t, c.nodes[0])
	reg, err := register.Open(t.Context(), s.database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = reg.Close() })
	log, buffer := newLog()
	tellers := newRooms(url, clusterKey(), time.Minute)
	t.Cleanup(tellers.close)
	nobody := keeperPorts{&door{rooms: tellers, register: reg, settings: settings{Config: Config{Log: log}}}}
	k := newKeepers(reg, tellers, url, clusterKey(), keeper.Config{Store: reg, Putter: nobody, Teller: nobody, Silencer: nobody, Log: log})
	t.Cleanup(k.close)
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
		k.want(call.RoomID(room))
	}
	open(0) // what is needed once
	buffer.wait(t, "room is kept")
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
	c := startCluster(t, 1)
	s := c.door(t, 0, func(*Config) {})
	link := s.invite(nil)
	anna, ben := newGuest(t, "anna"), newGuest(t, "ben")
	token, tokenOfBen := s.mustJoin(anna, link).Token, s.mustJoin(ben, link).Token
	client := s.enter(link, anna)
	s.enter(link, ben)
	for _, id := range []call.Identity{"anna", "ben"} {
		eventually(t, "the keeper sees everybody", waitBound, func() bool { return s.member("hall", id).Presence == call.PresenceOnline })
	}
	node := livekit.NewRoomServiceProtobufClient(c.nodes[0], &http.Client{
		Timeout: waitBound, Transport: &adminTransport{s.api, http.DefaultTransport},
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
	t.Logf("removed: token dead after %v", eventually(t, "anna's token is dead", waitBound, refused(token)))
	if m := s.member("hall", "anna"); m.Generation != 2 || m.Verdict.Reason != call.ReasonRemoved {
		t.Errorf("%+v", m)
	}
	if _, err := node.DeleteRoom(t.Context(), &livekit.DeleteRoomRequest{Room: "hall"}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "ben is put out", waitBound, func() bool { return s.member("hall", "ben").Generation == 2 })
	if !refused(tokenOfBen)() {
		t.Error("ben's token lives")
	}
	if m := s.member("hall", "ben"); m.Verdict.Reason != call.ReasonDismissed {
		t.Errorf("%+v", m)
	}
}
