package testenv

import (
	"testing"

	"foyer/internal/drive"
)

// FreePort is drive.FreePort for a test.
func FreePort(t testing.TB) int {
	t.Helper()
	port, err := drive.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return port
}
