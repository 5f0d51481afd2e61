//go:build unix

package testenv

import (
	"testing"

	"foyer/internal/drive"
)

// Bus starts a private message bus that ends with the test.
func Bus(t testing.TB) *drive.Bus {
	t.Helper()
	b, err := drive.StartBus(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

// UseBus starts one and makes it the bus of this test's process.
func UseBus(t *testing.T) *drive.Bus {
	t.Helper()
	b := Bus(t)
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", b.Address)
	t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", b.Address)
	return b
}
