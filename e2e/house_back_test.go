//go:build linux

package e2e

import (
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"foyer/engine/call"
	"foyer/internal/drive"
	"foyer/ui/words"
)

// passesOnce is the address of a way to a server that carries one connection and
// is then no more.
func passesOnce(t *testing.T, server string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	var carried sync.WaitGroup
	t.Cleanup(carried.Wait)
	t.Cleanup(func() { _ = l.Close() })
	carried.Go(func() {
		near, err := l.Accept()
		_ = l.Close()
		if err != nil {
			return
		}
		defer near.Close()
		far, err := net.Dial("tcp", server)
		if err != nil {
			return
		}
		defer far.Close()
		carried.Go(func() { _, _ = io.Copy(far, near); _ = far.Close() })
		_, _ = io.Copy(near, far)
	})
	return l.Addr().String()
}

// TestO12_TheWayBack: the new room's door lets us in, and then there is no way to
// its server any more. By then we have left the old room: we are told that we are
// in none, hold no device, and have the link that brings us back.
func TestO12_TheWayBack(t *testing.T) {
	t.Parallel()
	h := openHouse(t, drive.ServeOptions{})
	first := h.invite("first")
	next, err := call.ParseLink(h.invite("next"))
	must(t, err)
	next.Hosts = []string{passesOnce(t, strings.TrimPrefix(h.server.URL, "https://"))}
	camera := smallFilm(t)
	ada := h.comes("ada", first, drive.JoinOptions{Args: []string{"--camera", camera}})
	bob := h.comes("bob", first, drive.JoinOptions{})
	gather(ada, bob)

	theirs := bob.Mark()
	ada.from = ada.Mark()
	ada.Say(map[string]any{"cmd": "switch", "link": next.String()})
	switched := ada.ends("switched")
	if switched.Text("back") != "" {
		t.Errorf("a way back is told too early: %s", switched.Raw)
	}
	bob.sees(theirs, "ada", "left", "", "")
	ada.from = switched.Index + 1
	left := ada.ends("join_failed")
	t.Logf("failed after %v", left.Seen.Sub(switched.Seen))
	back, err := call.ParseLink(left.Text("back"))
	if err != nil || back.Room != "first" || left.Text("room") != "next" {
		t.Fatalf("left says %s (%v), want the way back to the first room", left.Raw, err)
	}
	want := words.Left(call.Left{Room: "next", Reason: call.ReasonJoinFailed, Err: call.ErrUnreachable, Back: back}).String()
	if left.Text("message") != want || !strings.Contains(want, "You are not in a room now") {
		t.Errorf("the message is %q, want %q", left.Text("message"), want)
	}
	if !held(t, device{"camera", holdsFile(ada.PID, camera)}, false, releaseLimit) {
		t.Error("the camera is still held")
	}

	ada.enters(left.Text("back"), nil)
	ada.knows(bob)
}
