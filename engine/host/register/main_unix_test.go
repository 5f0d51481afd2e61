//go:build unix

package register

import (
	"context"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"foyer/internal/drive"
)

// The PostgreSQL server of all tests of this process: each gets a database of
// its own.
var shared struct {
	once     sync.Once
	server   *drive.Postgres
	err      error
	database atomic.Int64
}

// suite ends the server before goroutines are counted.
type suite struct{ *testing.M }

func (s suite) Run() int {
	code := s.M.Run()
	if shared.server != nil {
		if err := shared.server.Close(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return code
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(suite{m}) }

func postgresAddress(t testing.TB) string {
	t.Helper()
	shared.once.Do(func() { shared.server, shared.err = drive.StartPostgres(context.Background()) })
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	address, err := shared.server.Database(t.Context(), fmt.Sprint("test", shared.database.Add(1)))
	if err != nil {
		t.Fatal(err)
	}
	return address
}
