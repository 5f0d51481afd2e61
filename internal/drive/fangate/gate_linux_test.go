package fangate_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"foyer/internal/drive"
	"foyer/internal/drive/fangate"
)

func TestGateHoldsWhoOpens(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	gate, err := fangate.New(file, fangate.OnOpen, true)
	if err != nil {
		t.Skipf("a gate needs fanotify's permission events; runs as root: %v", err)
	}
	cat := exec.Command("cat", file)
	if err := cat.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cat.Wait() }()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := drive.Until(ctx, func() bool { return gate.Came(cat.Process.Pid) }); err != nil {
		t.Fatalf("nobody came to the gate: %v", err)
	}
	select {
	case err := <-ended:
		t.Fatalf("it went through a shut gate: %v", err)
	case <-time.After(100 * time.Millisecond):
	}
	gate.Open()
	if err := <-ended; err != nil {
		t.Errorf("it did not get through: %v", err)
	}
	if err := gate.Close(); err != nil {
		t.Error(err)
	}
}
