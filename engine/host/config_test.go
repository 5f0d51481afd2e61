package host

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"

	"foyer/engine/call"
	"foyer/engine/internal/owncert"
	"foyer/internal/testenv"
)

func TestConfigErrors(t *testing.T) {
	log, _ := testenv.NewLog()
	good := Config{Data: t.TempDir(), Log: log}
	tests := []struct {
		name   string
		change func(*Config)
	}{
		{"no data folder", func(c *Config) { c.Data = "" }},
		{"no log", func(c *Config) { c.Log = nil }},
		{"no port", func(c *Config) { c.Listen = "127.0.0.1" }},
		{"port too large", func(c *Config) { c.Listen = ":65536" }},
		{"port not a number", func(c *Config) { c.Listen = ":http" }},
		{"a name", func(c *Config) { c.Listen = "example.org:1" }},
		{"ttl negative", func(c *Config) { c.RoomTTL = -time.Second }},
		{"ttl below a second", func(c *Config) { c.RoomTTL = time.Millisecond }},
		{"ttl for ever", func(c *Config) { c.RoomTTL = 1 << 60 }},
		{"media port", func(c *Config) { c.MediaPort = 70000 }},
		{"media port of a cluster", func(c *Config) {
			c.LiveKitURL, c.APIKey, c.APISecret, c.MediaPort = "wss://example.org", "k", "s", 7000
		}},
		{"cluster without key", func(c *Config) { c.LiveKitURL = "wss://example.org" }},
		{"key without cluster", func(c *Config) { c.APIKey, c.APISecret = "k", "s" }},
		{"cluster address", func(c *Config) { c.LiveKitURL, c.APIKey, c.APISecret = "example.org", "k", "s" }},
		{"cluster scheme", func(c *Config) { c.LiveKitURL, c.APIKey, c.APISecret = "ftp://example.org", "k", "s" }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := good
			tt.change(&c)
			if _, err := New(c); !errors.Is(err, call.ErrServerConfig) {
				t.Errorf("got %v", err)
			}
		})
	}
	for address, ok := range map[string]bool{
		"wss://example.org": true, "https://192.168.1.1:7880": true, "ws://localhost:7880": true, "ws://127.0.0.1:7880": true,
		"http://[::1]:7880": true, "http://127.9.9.9": true, "ws://[::ffff:127.0.0.1]:1": true,
		"ws://example.org": false, "http://192.168.1.1:7880": false, "HTTP://example.org": false, "ws://0.0.0.0:7880": false,
		"ws://localhost.example.org": false, "ws://[2001:db8::1]:1": false, "http://localhost@example.org": false,
	} {
		c := good
		c.LiveKitURL, c.APIKey, c.APISecret = address, "k", "s"
		_, err := New(c)
		if ok != (err == nil) || !ok && (!errors.Is(err, call.ErrServerConfig) || !errors.Is(err, call.ErrLinkInsecure)) {
			t.Errorf("%s: %v", address, err)
		}
	}
	for _, listen := range []string{"", ":0", "0.0.0.0:1", "[::]:1", "localhost:1", "[::1]:1", "192.168.1.1:1"} {
		c := good
		c.Listen = listen
		if _, err := New(c); err != nil {
			t.Errorf("%q: %v", listen, err)
		}
	}
}

// run starts a server that must not come up and returns its error.
func run(t *testing.T, conf Config) error {
	t.Helper()
	log := logrus.New()
	log.SetOutput(&testenv.Log{})
	conf.Log = log
	server, err := New(conf)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), waitTimeout)
	defer cancel()
	return server.Run(ctx, func(Ready) {
		t.Error("it came up")
		cancel()
	})
}

func TestStartErrors(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = busy.Close() })
	file := func(name, content string) string {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	tests := []struct {
		name string
		conf Config
		want error
	}{
		{"port in use", Config{Listen: busy.Addr().String(), Data: t.TempDir()}, call.ErrPortInUse},
		{"not our address", Config{Listen: "192.0.2.1:0", Data: t.TempDir()}, call.ErrAddress},
		{"data folder is a file", Config{Data: filepath.Join(file("f", ""), "f")}, call.ErrDataFolder},
		{"data folder in a file", Config{Data: filepath.Join(file("f", ""), "f", "g")}, call.ErrDataFolder},
		{"database is garbage", Config{Data: file(databaseFile, strings.Repeat("garbage", 1000))}, call.ErrDataCorrupt},
		{"certificate is garbage", Config{Data: file(certificateFile, "garbage")}, call.ErrCertificate},
		{"certificate without key", Config{Data: file(certificateFile, halfCertificate(t))}, call.ErrCertificate},
		{"certificate is empty", Config{Data: file(certificateFile, "")}, call.ErrCertificate},
		{"admin key is garbage", Config{Data: file(adminKeyFile, "garbage")}, call.ErrServerKey},
		{"admin key is empty", Config{Data: file(adminKeyFile, "{}")}, call.ErrServerKey},
		{"API key is garbage", Config{Data: file(liveKitKeyFile, `{"key":"only"}`)}, call.ErrServerKey},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.conf.Listen == "" {
				tt.conf.Listen = "127.0.0.1:0"
			}
			if err := run(t, tt.conf); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func halfCertificate(t *testing.T) string {
	pem, err := owncert.Make("x")
	if err != nil {
		t.Fatal(err)
	}
	half, _, _ := strings.Cut(string(pem), "-----BEGIN PRIVATE KEY")
	return half
}

// TestFullDisk starts a server on a file system without room.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=16k,mode=0700", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("a full disk has to be mounted; runs as root: %s", out)
	}
	t.Cleanup(func() { _ = exec.Command("umount", dir).Run() })
	if err := run(t, Config{Listen: "127.0.0.1:0", Data: dir}); !errors.Is(err, call.ErrDataFull) {
		t.Errorf("got %v", err)
	}
}
