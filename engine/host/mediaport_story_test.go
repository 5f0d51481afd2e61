package host

import (
	"context"
	"errors"
	"net"
	"testing"

	"foyer/engine/call"
	"foyer/internal/testenv"
)

// A media port that was asked for is the one that is used, and no other where
// somebody else has it.
func TestMediaPort(t *testing.T) {
	taken, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	at := taken.LocalAddr().(*net.UDPAddr)
	log, _ := testenv.NewLog()
	blocked, err := New(Config{Listen: "127.0.0.1:0", Data: t.TempDir(), MediaPort: at.Port, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	if err := blocked.Run(t.Context(), func(Ready) { t.Error("ready") }); !errors.Is(err, call.ErrPortInUse) {
		t.Errorf("with a port that is taken: %v", err)
	}
	if err := taken.Close(); err != nil {
		t.Fatal(err)
	}
	startServer(t, func(c *Config) { c.MediaPort = at.Port })
	if second, err := new(net.ListenConfig).ListenPacket(context.Background(), "udp", at.String()); err == nil {
		second.Close()
		t.Errorf("nothing receives at %v", at)
	}
}
