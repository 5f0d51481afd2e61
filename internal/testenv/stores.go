//go:build unix

package testenv

import (
	"testing"

	"foyer/internal/drive"
	"foyer/internal/drive/pebble"
)

// Postgres starts a PostgreSQL server that ends with the test.
func Postgres(t testing.TB) *drive.Postgres {
	t.Helper()
	p, err := drive.StartPostgres(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// Redis starts a Redis server that ends with the test.
func Redis(t testing.TB) *drive.Redis {
	t.Helper()
	r, err := drive.StartRedis(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// Pebble makes an authority that looks at these ports of a name. It is not started yet,
// and ends with the test.
func Pebble(t testing.TB, tlsPort, httpPort int) *pebble.Pebble {
	t.Helper()
	p, err := pebble.New(tlsPort, httpPort)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}
