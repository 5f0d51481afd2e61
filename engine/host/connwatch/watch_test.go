package connwatch

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/host/roomservice"
)

// room is who is in a room, and what the room is told.
type room struct {
	mu     sync.Mutex
	people map[call.Identity]*livekit.ParticipantInfo
	told   []string
}

func (r *room) find(_ context.Context, p roomservice.Place) (*livekit.ParticipantInfo, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if info := r.people[p.Identity]; info != nil {
		return info, nil
	}
	return nil, call.ErrAlreadyGone
}

func (r *room) tell(_ context.Context, p roomservice.Place, kind doorapi.NoticeKind) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.told = append(r.told, fmt.Sprintf("%s %s", p.Identity, kind))
}

func (r *room) set(id call.Identity, info *livekit.ParticipantInfo) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.people[id] = info
}

func (r *room) heard() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.told)
}

var anna = roomservice.Place{Room: "hall", Identity: "anna"}

// story is a watch over a room in which Anna is, in virtual time.
func story(t *testing.T, always bool, tell func(t *testing.T, l *Watch, r *room)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := &room{people: map[call.Identity]*livekit.ParticipantInfo{}}
		r.set("anna", &livekit.ParticipantInfo{Identity: "anna", JoinedAtMs: time.Now().UnixMilli()})
		l := New(r.find, r.tell, always)
		tell(t, l, r)
		l.Close()
	})
}

// connect is a connect that LiveKit lets in.
func connect(l *Watch, resumes bool) *Visit {
	v := l.Visit(anna, resumes)
	v.open()
	return v
}

// after lets time pass, and expects what the room has heard until then.
func after(t *testing.T, d time.Duration, r *room, want ...string) {
	t.Helper()
	time.Sleep(d)
	synctest.Wait()
	if got := r.heard(); !slices.Equal(got, want) {
		t.Errorf("heard: %v, want %v", got, want)
	}
}

// entries is how many people the watch remembers.
func entries(l *Watch) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.open)
}

func TestLostAndBack(t *testing.T) {
	story(t, false, func(t *testing.T, l *Watch, r *room) {
		v := connect(l, false)
		v.End()
		v.End() // counts once
		after(t, LostAfter-time.Millisecond, r)
		after(t, 2*time.Millisecond, r, "anna lost")
		again := connect(l, true)
		after(t, time.Second, r, "anna lost", "anna back")
		again.End()
		after(t, LostAfter+time.Millisecond, r, "anna lost", "anna back", "anna lost")
	})
}

// TestResumedInTime: a participant who is back before the room is told was never lost.
func TestResumedInTime(t *testing.T) {
	story(t, false, func(t *testing.T, l *Watch, r *room) {
		connect(l, false).End()
		time.Sleep(LostAfter / 2)
		second := connect(l, true)
		after(t, time.Minute, r)
		third := connect(l, true) // takes over
		second.End()
		after(t, time.Minute, r)
		third.End()
		after(t, time.Minute, r, "anna lost")
	})
}

// TestComingIsNotLost: a connect that LiveKit has not answered yet keeps its owner
// from being lost, and its failure makes them so.
func TestComingIsNotLost(t *testing.T) {
	story(t, false, func(t *testing.T, l *Watch, r *room) {
		v := connect(l, false)
		coming := l.Visit(anna, true)
		v.End()
		after(t, time.Minute, r)
		coming.End()
		after(t, time.Minute, r, "anna lost")
	})
}

// TestEachEndHasItsTime: who comes and goes meanwhile gets the whole time again.
func TestEachEndHasItsTime(t *testing.T) {
	story(t, false, func(t *testing.T, l *Watch, r *room) {
		connect(l, false).End()
		time.Sleep(LostAfter - 10*time.Millisecond)
		connect(l, true).End()
		after(t, LostAfter-10*time.Millisecond, r)
		after(t, 20*time.Millisecond, r, "anna lost")
	})
}

// TestNobodyIsLost: who has left, whom LiveKit has given up, who is somebody else by
// now, and who never came in.
func TestNobodyIsLost(t *testing.T) {
	for name, change := range map[string]func(l *Watch, r *room){
		"left": func(_ *Watch, r *room) { r.set("anna", nil) },
		"given up": func(_ *Watch, r *room) {
			r.set("anna", &livekit.ParticipantInfo{State: livekit.ParticipantInfo_DISCONNECTED})
		},
		"through another door": func(_ *Watch, r *room) {
			joined := time.Now().Add(newerBy + time.Second)
			r.set("anna", &livekit.ParticipantInfo{JoinedAtMs: joined.UnixMilli()})
		},
	} {
		t.Run(name, func(t *testing.T) {
			story(t, false, func(t *testing.T, l *Watch, r *room) {
				v := connect(l, false)
				change(l, r)
				v.End()
				after(t, time.Minute, r)
				if n := entries(l); n != 0 {
					t.Errorf("%d are remembered", n)
				}
			})
		})
	}
	t.Run("refused", func(t *testing.T) {
		story(t, false, func(t *testing.T, l *Watch, r *room) {
			l.Visit(anna, false).End()
			after(t, time.Minute, r)
			if n := entries(l); n != 0 {
				t.Errorf("%d are remembered", n)
			}
		})
	})
}

// TestAnotherDoorToldTheLoss: with several doors, everybody who resumes is back.
func TestAnotherDoorToldTheLoss(t *testing.T) {
	story(t, true, func(t *testing.T, l *Watch, r *room) {
		v := connect(l, false)
		after(t, time.Second, r)
		again := connect(l, true)
		after(t, time.Second, r, "anna back")
		v.End()
		again.End()
		after(t, time.Second, r, "anna back", "anna lost")
	})
}

// TestLossesAreForgotten: nobody comes back to them.
func TestLossesAreForgotten(t *testing.T) {
	story(t, false, func(t *testing.T, l *Watch, r *room) {
		connect(l, false).End()
		after(t, lossTimeout+time.Second, r, "anna lost")
		l.Visit(roomservice.Place{Room: "hall", Identity: "ben"}, false).End()
		after(t, time.Second, r, "anna lost")
		if n := entries(l); n != 0 {
			t.Errorf("%d are remembered", n)
		}
	})
}

// TestCloseEndsTheWait: a door that stops tells no losses.
func TestCloseEndsTheWait(t *testing.T) {
	story(t, false, func(t *testing.T, l *Watch, r *room) {
		v := connect(l, false)
		connect(l, false).End()
		v.End()
		began := time.Now()
		l.Close()
		if took := time.Since(began); took != 0 {
			t.Errorf("close waited for %v", took)
		}
		connect(l, false).End() // too late
		after(t, time.Minute, r)
	})
}

// TestSocketEnds: the client's end of a real connection is noticed, and LiveKit's.
func TestSocketEnds(t *testing.T) {
	r := &room{people: map[call.Identity]*livekit.ParticipantInfo{"anna": {JoinedAtMs: time.Now().UnixMilli()}}}
	told := make(chan string, 10)
	l := New(r.find, func(ctx context.Context, p roomservice.Place, kind doorapi.NoticeKind) {
		told <- fmt.Sprintf("%s %s", p.Identity, kind)
	}, false)
	defer l.Close()
	hangUp := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		v := l.Visit(anna, false)
		defer v.End()
		conn, buffer, err := Writer{HijackWriter: w.(HijackWriter), Visit: v}.Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = buffer.WriteString("HTTP/1.1 101 Switching Protocols\r\n\r\n")
		if err := buffer.Flush(); err != nil {
			t.Error(err)
			return
		}
		if req.URL.Path == "/server" {
			<-hangUp
			_ = conn.Close()
			return
		}
		_, _ = io.Copy(io.Discard, conn) // until the client's end; LiveKit's side stays open
		<-hangUp
	}))
	defer server.Close()
	expect := func(want string) {
		t.Helper()
		select {
		case got := <-told:
			if got != want {
				t.Errorf("told %q, want %q", got, want)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("nobody is told %q", want)
		}
	}
	dial := func(path string) net.Conn {
		t.Helper()
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: foyer\r\n\r\n", path)
		if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(line, "101") {
			t.Fatalf("%q, %v", line, err)
		}
		return conn
	}
	_ = dial("/client").Close()
	expect("anna lost")
	back := dial("/server")
	defer back.Close()
	expect("anna back")
	close(hangUp)
	expect("anna lost")
}
