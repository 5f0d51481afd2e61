//go:build unix

package drive

import (
	"context"
	"os"
	"testing"
	"time"
)

// TestDaemons starts, kills and starts again both servers, and looks for what
// they leave behind.
func TestDaemons(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	r, err := StartRedis(ctx)
	if err != nil {
		t.Fatal(err)
	}
	p, err := StartPostgres(ctx)
	if err != nil {
		t.Fatal(err, r.Close())
	}
	r.Kill()
	p.Kill()
	if r.answers(ctx) {
		t.Error("Redis was killed and answers")
	}
	if _, err := p.psql(ctx, "SELECT 1"); err == nil {
		t.Error("PostgreSQL was killed and answers")
	}
	if err := r.Start(ctx); err != nil {
		t.Error(err)
	}
	if err := p.Start(ctx); err != nil {
		t.Error(err)
	}
	for _, d := range []*daemon{r.daemon, p.daemon} {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(d.dir); !os.IsNotExist(err) {
			t.Errorf("%s: %v", d.dir, err)
		}
	}
}
