//go:build !unix

package register

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func postgresAddress(t testing.TB) string {
	t.Helper()
	t.Skip("nobody starts PostgreSQL for tests here; runs on Unix")
	return ""
}
