package instance

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus/hooks/test"
	"go.uber.org/goleak"

	"foyer/engine/call"
	"foyer/engine/private"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// folder is a new one with a name that a socket may have.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "inst-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// opened is a folder, opened for the test.
func opened(t *testing.T, path string) *private.Dir {
	t.Helper()
	dir, err := private.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dir.Close() })
	return dir
}

func claim(t *testing.T, dir string) *Instance {
	t.Helper()
	i, err := Claim(t.Context(), opened(t, dir), "")
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// window is a claim whose window takes links.
func window(t *testing.T, dir string, open func(context.Context, string) bool) {
	t.Helper()
	i := claim(t, dir)
	stop := listen(t, i, open)
	t.Cleanup(func() {
		stop()
		if err := i.Close(); err != nil {
			t.Error(err)
		}
	})
}

func listen(t *testing.T, i *Instance, open func(context.Context, string) bool) (stop func()) {
	t.Helper()
	log, _ := test.NewNullLogger()
	stop, err := i.Listen(open, log)
	if err != nil {
		t.Fatal(err)
	}
	return stop
}

func TestLaterStartsHandTheirLinksOver(t *testing.T) {
	for name, dir := range map[string]string{"short": folder(t), "too long for a socket": filepath.Join(folder(t), strings.Repeat("long", 30))} {
		t.Run(name, func(t *testing.T) {
			if err := os.MkdirAll(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			got := make(chan string, 1)
			window(t, dir, func(_ context.Context, link string) bool {
				got <- link
				return true
			})
			for say, want := range map[string]string{
				"foyer://a": "foyer://a", "": "", "\nfoyer://b\n": "foyer://b",
				strings.Repeat("x", 3*maxMessage): strings.Repeat("x", maxMessage),
			} {
				if i, err := Claim(t.Context(), opened(t, dir), say); !errors.Is(err, ErrHandedOver) || i != nil {
					t.Fatalf("claim: %v, %v", i, err)
				}
				if heard := <-got; heard != want {
					t.Errorf("heard %.20q, want %.20q", heard, want)
				}
			}
		})
	}
}

// Many starts at once: one gets the window, all others hand their links over.
func TestRaceOfStartsHasOneWinner(t *testing.T) {
	const starts = 12
	dir := opened(t, folder(t))
	var mu sync.Mutex
	var winners, handed int
	links := map[string]bool{}
	done := make(chan struct{})
	var all, others sync.WaitGroup
	others.Add(starts - 1)
	for n := range starts {
		all.Go(func() {
			link := strings.Repeat("l", n+1)
			i, err := Claim(t.Context(), dir, link)
			if err != nil {
				defer others.Done()
				mu.Lock()
				defer mu.Unlock()
				if errors.Is(err, ErrHandedOver) {
					handed++
				} else {
					t.Error(err)
				}
				return
			}
			mu.Lock()
			winners++
			links[link] = true
			mu.Unlock()
			stop := listen(t, i, func(_ context.Context, link string) bool {
				mu.Lock()
				defer mu.Unlock()
				links[link] = true
				return true
			})
			<-done
			stop()
			i.Close()
		})
	}
	others.Wait()
	close(done)
	all.Wait()
	if winners != 1 || handed != starts-1 || len(links) != starts {
		t.Errorf("%d windows, %d handed over, %d links arrived", winners, handed, len(links))
	}
}

// A window that hangs is told from one that is ending.
func TestWindowThatHangs(t *testing.T) {
	dir := folder(t)
	window(t, dir, func(ctx context.Context, _ string) bool {
		<-ctx.Done()
		return false
	})
	start := time.Now()
	if i, err := Claim(t.Context(), opened(t, dir), "foyer://a"); !errors.Is(err, call.ErrWindowSilent) || i != nil {
		t.Errorf("claim: %v, %v", i, err)
	}
	if took := time.Since(start); took < answerTimeout || took >= changeTimeout {
		t.Errorf("gave up after %v", took)
	}
}

// A start that meets the end of the window becomes the next one; the link is
// not lost with the window that had closed before it was opened.
func TestStartWhileTheWindowEnds(t *testing.T) {
	dir := folder(t)
	first := claim(t, dir)
	asked := make(chan struct{}, 1)
	stop := listen(t, first, func(context.Context, string) bool {
		select {
		case asked <- struct{}{}:
		default:
		}
		return false
	})
	var second *Instance
	var err error
	var claiming sync.WaitGroup
	claiming.Go(func() { second, err = Claim(t.Context(), opened(t, dir), "foyer://a") })
	<-asked
	stop()
	if _, err := os.Lstat(filepath.Join(dir, "window.sock")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the socket is left: %v", err)
	}
	first.Close()
	claiming.Wait()
	if err != nil {
		t.Fatal(err)
	}
	second.Close()
}

func TestClaimEndsWithItsContext(t *testing.T) {
	dir := folder(t)
	first := claim(t, dir) // starting: it does not listen yet
	defer first.Close()
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(3*retryPeriod, cancel)
	if i, err := Claim(ctx, opened(t, dir), ""); !errors.Is(err, context.Canceled) || i != nil {
		t.Errorf("claim: %v, %v", i, err)
	}
}

func TestOtherProfilesAreOtherWindows(t *testing.T) {
	a, b := claim(t, folder(t)), claim(t, folder(t))
	defer a.Close()
	defer b.Close()
}

func TestFolderThatCannotBeWritten(t *testing.T) {
	closed := opened(t, folder(t))
	closed.Close()
	i, err := Claim(t.Context(), closed, "")
	if err == nil || errors.Is(err, ErrHandedOver) || errors.Is(err, call.ErrWindowSilent) {
		t.Errorf("claim: %v", err)
	}
	if err := i.Close(); err != nil { // nil has nothing to give
		t.Error(err)
	}
}
