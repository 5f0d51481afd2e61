package doorclient

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"foyer/engine/call"
)

// tracks of a fake network: when each host was tried, and how the try ended.
type fakeNetwork struct {
	mu    sync.Mutex
	began time.Time
	lines []string
}

// dial plays "name:NNNms" as an address that answers after NNN ms, and "name!NNNms" as
// one that fails then.
func (f *fakeNetwork) dial(ctx context.Context, host string, _ *tls.Config) (*conn, error) {
	f.note(host)
	name, after, fails := strings.Cut(host, "!")
	if !fails {
		name, after, _ = strings.Cut(host, ":")
	}
	wait, err := time.ParseDuration(after)
	if err != nil {
		return nil, err
	}
	select {
	case <-ctx.Done():
		f.note(name + " cancelled")
		return nil, ctx.Err()
	case <-time.After(wait):
	}
	if fails {
		return nil, fmt.Errorf("%w: %s", call.ErrUnreachable, name)
	}
	return &conn{host: name}, nil
}

func (f *fakeNetwork) note(what string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lines = append(f.lines, fmt.Sprintf("%v %s", time.Since(f.began), what))
}

func TestHostsAreTriedOneAfterTheOther(t *testing.T) {
	for _, tt := range []struct {
		name  string
		hosts []string
		won   string
		took  time.Duration
		lines []string
	}{
		{"the first answers in time", []string{"a:200ms", "b:1ms"}, "a", 200 * time.Millisecond, []string{"0s a:200ms"}},
		{
			"the first is silent", []string{"a:20s", "b:30ms"}, "b", 280 * time.Millisecond,
			[]string{"0s a:20s", "250ms b:30ms", "280ms a cancelled"},
		},
		{"the first is refused", []string{"a!3ms", "b:30ms", "c:1ms"}, "b", 33 * time.Millisecond, []string{"0s a!3ms", "3ms b:30ms"}},
		{
			"one of two is refused", []string{"a:20s", "b!3ms", "c:1ms"}, "c", 501 * time.Millisecond,
			[]string{"0s a:20s", "250ms b!3ms", "500ms c:1ms", "501ms a cancelled"},
		},
		{"all are refused", []string{"a!3ms", "b!2ms"}, "", 5 * time.Millisecond, []string{"0s a!3ms", "3ms b!2ms"}},
		{"the second is quicker", []string{"a:400ms", "b:100ms"}, "b", 350 * time.Millisecond, []string{"0s a:400ms", "250ms b:100ms", "350ms a cancelled"}},
		{"there is none", nil, "", 0, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &fakeNetwork{began: time.Now()}
				c, err := racer{dial: f.dial, delay: tryAfter}.run(t.Context(), tt.hosts)
				won := ""
				if err == nil {
					won = c.host
				} else if !errors.Is(err, call.ErrUnreachable) {
					t.Error(err)
				}
				if took := time.Since(f.began); won != tt.won || took != tt.took || !slices.Equal(f.lines, tt.lines) {
					t.Errorf("%q after %v: %q", won, took, f.lines)
				}
			})
		})
	}
}

// TestTheFailureThatTellsMost is told of several addresses.
func TestTheFailureThatTellsMost(t *testing.T) {
	said := []error{call.ErrWrongServer, call.ErrUntrusted, call.ErrServerGarbage, call.ErrServerSilent, call.ErrUnreachable}
	for i := range said {
		failed := slices.Clone(said[i:])
		slices.Reverse(failed)
		if err := worst(failed); !errors.Is(err, said[i]) {
			t.Errorf("of %v: %v", failed, err)
		}
	}
}

// TestRaceEndsWithItsContext: nothing is tried any more, and everything that was is
// waited for.
func TestRaceEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		f := &fakeNetwork{began: time.Now()}
		_, err := racer{dial: f.dial, delay: tryAfter}.run(ctx, []string{"a:20s", "b:20s", "c:20s"})
		if took := time.Since(f.began); !errors.Is(err, call.ErrServerSilent) || took > 301*time.Millisecond {
			t.Errorf("%v after %v", err, took)
		}
	})
}

func TestLikelyHostsComeFirst(t *testing.T) {
	own := []netip.Prefix{netip.MustParsePrefix("192.168.2.0/24"), netip.MustParsePrefix("fd00:2::/64")}
	got := inOrder([]string{
		"192.168.1.10:1", "[fd00:1::1]:1", "203.0.113.5:1", "192.168.2.7:1", "meet.example:1", "[fd00:2::9]:1", "203.0.113.5:1", "192.168.1.10:1", "[2001:db8::1]:1",
	}, own)
	want := []string{"203.0.113.5:1", "192.168.2.7:1", "meet.example:1", "[fd00:2::9]:1", "[2001:db8::1]:1", "192.168.1.10:1", "[fd00:1::1]:1"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}
