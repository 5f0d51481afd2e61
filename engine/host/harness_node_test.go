package host

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"foyer/internal/drive"
	"foyer/internal/testenv"

	"foyer/engine/doorclient"
	"foyer/engine/host/roomservice"
)

// livekitServer builds LiveKit's own program, once, from the module of go.mod,
// which names it as a tool. Without symbols it is linked in half the time.
var livekitServer = sync.OnceValues(func() (string, error) {
	path := filepath.Join(programs(), "livekit-server")
	out, err := exec.Command("go", "build", "-ldflags=-s -w", "-o", path, "github.com/livekit/livekit-server/cmd/server").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

// programs is a folder of this process, which TestMain removes.
func programs() string {
	return filepath.Join(os.TempDir(), fmt.Sprint("foyer-host-test-", os.Getpid()))
}

func clusterKey() roomservice.Key {
	return roomservice.Key{Key: "clusterkey", Secret: "the secret of a cluster, long enough"}
}

// spawned is a program of a test, killed at its end.
type spawned struct{ cmd *exec.Cmd }

func spawn(t testing.TB, role string, args ...string) (*spawned, io.Reader) {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), roleVariable+"="+role)
	if _, err := cmd.StdinPipe(); err != nil { // a lifeline
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &spawned{cmd}
	t.Cleanup(p.kill)
	return p, out
}

// kill ends a process as a crash would.
func (p *spawned) kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	_ = p.cmd.Wait()
}

// node is a process of LiveKit's, which can be killed and started again.
type node struct {
	url     string
	config  string
	process *drive.Process
}

func (n *node) start(t testing.TB) {
	t.Helper()
	program, err := livekitServer()
	if err != nil {
		t.Fatal(err)
	}
	n.process, err = drive.Start(drive.Command{Name: "livekit-server", Path: program, Env: []string{"LIVEKIT_CONFIG=" + n.config}, Logs: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.kill)
	eventually(t, "a node listens", 30*time.Second, func() bool {
		conn, err := net.Dial("tcp", strings.TrimPrefix(n.url, "http://"))
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
}

// kill ends a node as a crash would.
func (n *node) kill() { n.process.Close(0) }

// cluster is some LiveKit nodes with their Redis.
type cluster struct {
	redis *drive.Redis
	nodes []*node
}

func startCluster(t testing.TB, n int) *cluster {
	t.Helper()
	redis, err := drive.StartRedis(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = redis.Close() })
	c := &cluster{redis: redis}
	for range n {
		c.add(t)
	}
	return c
}

// add starts one more node.
func (c *cluster) add(t testing.TB) {
	t.Helper()
	if _, err := livekitServer(); err != nil { // first: meanwhile others could take the ports
		t.Fatal(err)
	}
	port, key := testenv.FreePort(t), clusterKey()
	one := &node{
		url: fmt.Sprintf("http://127.0.0.1:%d", port),
		config: fmt.Sprintf(`{port: %d, bind_addresses: ["127.0.0.1"], keys: {%s: "%s"}, redis: {address: "%s"},
			room: {auto_create: false}, logging: {level: error},
			rtc: {udp_port: %d, tcp_port: 0, use_external_ip: false, node_ip: "127.0.0.1", use_ice_lite: true, enable_loopback_candidate: true, stun_servers: ["127.0.0.1:9"]}}`,
			port, key.Key, key.Secret, c.redis.Address(), testenv.FreePort(t)),
	}
	one.start(t)
	c.nodes = append(c.nodes, one)
}

// door starts a door before a node, in this process.
func (c *cluster) door(t testing.TB, node int, change func(*Config)) *testServer {
	return startServer(t, func(conf *Config) {
		noLimits(conf)
		conf.LiveKitURL, conf.APIKey, conf.APISecret = c.nodes[node].url, clusterKey().Key, clusterKey().Secret
		change(conf)
	})
}

// otherDoor starts a door in a process of its own, which can be killed.
func (c *cluster) otherDoor(t testing.TB, node int, database string) (*testServer, *spawned) {
	t.Helper()
	p, out := spawn(t, roleServe, "serve", "--lifeline", "--listen", "127.0.0.1:0", "--data", t.TempDir(), "--database", database,
		"--livekit", c.nodes[node].url, "--api-key", clusterKey().Key, "--api-secret", clusterKey().Secret)
	var line struct {
		URL      string `json:"url"`
		AdminKey string `json:"admin_key_file"`
	}
	if err := json.NewDecoder(bufio.NewReader(out)).Decode(&line); err != nil {
		t.Fatal(err)
	}
	_, fingerprint, err := doorclient.ReadAdminKey(line.AdminKey)
	if err != nil {
		t.Fatal(err)
	}
	return &testServer{t: t, log: &testenv.Log{}, api: clusterKey(), Ready: Ready{
		URL: line.URL, AdminKeyFile: line.AdminKey, Fingerprint: hexOf(fingerprint[:]),
	}}, p
}
