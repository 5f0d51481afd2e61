package trace_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/engine/trace"
)

// What must never be in a trace, each as it would be found there.
const (
	invitation = "DQ2NPCcjCbQnvR6h5s4_6Q"
	token      = "eyJhbGciOiJIUzI1NiJ9.eyJ2aWRlbyI6e319.c2lnbmF0dXJl"
	otherToken = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.b3RoZXI"
	relayUser  = "1700000000:relay-user"
	relayWord  = "relay-password-77"
	icePwd     = "asd88fgpdd777uzjYhagZg"
	trailer    = "c2lmLXRyYWlsZXItYnl0ZXM="
	saidAloud  = "the treasure is under the oak"
)

func invite() call.Link {
	return call.Link{Hosts: []string{"198.51.100.7:7443"}, Room: "hall", Title: "Hall", Secret: invitation}
}

func plain() call.Link {
	return call.Link{URL: "wss://media.example.com", Token: token, Room: "hall", Identity: "ada"}
}

// values has secrets wherever the program has any.
func values() []any {
	return []any{
		engine.Join{Link: invite(), Name: "Ada", Identity: "ada", Devices: engine.Choice{Camera: "test"}},
		engine.Join{Link: plain()},
		engine.SwitchRoom{Link: plain()},
		engine.SendChat{Text: saidAloud},
		call.Joined{Room: "hall", Link: invite(), Self: call.Participant{Identity: "ada"}},
		call.RoomServerStarted{Link: invite()},
		call.ChatReceived{Message: call.ChatMessage{ID: "m1", From: "bob", Text: saidAloud}},
		call.DataReceived{ID: "bob", Topic: "t", Payload: []byte(saidAloud)},
		call.CommandFailed{Command: "chat", Text: saidAloud, Err: call.ErrChatTooFast},
		call.Left{Room: "hall", Back: invite(), Err: fmt.Errorf(
			`%w: Get "wss://media.example.com/rtc?access_token=%s&auto_subscribe=1"`, call.ErrUnreachable, otherToken,
		)},
		call.SessionEnded{Err: errors.New("no room for " + invite().String())},
	}
}

func frames() map[string]*livekit.SignalResponse {
	return map[string]*livekit.SignalResponse{
		"refresh_token": {Message: &livekit.SignalResponse_RefreshToken{RefreshToken: otherToken}},
		"join": {Message: &livekit.SignalResponse_Join{Join: &livekit.JoinResponse{
			Room: &livekit.Room{Name: "hall"}, SifTrailer: []byte("sif-trailer-bytes"),
			IceServers: []*livekit.ICEServer{{Urls: []string{"turn:relay"}, Username: relayUser, Credential: relayWord}},
		}}},
		"offer": {Message: &livekit.SignalResponse_Offer{Offer: &livekit.SessionDescription{
			Type: "offer", Sdp: "v=0\r\na=ice-ufrag:abcd\r\na=ice-pwd:" + icePwd + "\r\nm=audio 9\r\n",
		}}},
	}
}

// buffer is a file in memory.
type buffer struct{ bytes.Buffer }

func (*buffer) Close() error { return nil }

func TestNoSecretIsInATrace(t *testing.T) {
	var out buffer
	w := trace.New(&out)
	for _, v := range values() {
		w.Note(engine.Note{At: time.Now(), Kind: engine.NoteEvent, Value: v})
	}
	w.Note(engine.Note{Kind: engine.NoteResult, Op: "dial", Err: fmt.Errorf("token=%s was refused by %s", otherToken, invitation)})
	for _, f := range frames() {
		w.Frame(false, f)
	}
	w.Frame(true, &livekit.SignalRequest{Message: &livekit.SignalRequest_Simulate{}})
	if err := w.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	for _, secret := range []string{
		invitation, token, otherToken, relayUser, relayWord, icePwd, trailer, saidAloud, "foyer://", "c2lnbmF0dXJl", "b3RoZXI",
	} {
		if at := strings.Index(text, secret); at >= 0 {
			t.Errorf("%q is in the trace: %.200s", secret, text[max(0, at-60):])
		}
	}
	for _, shown := range []string{`"Hall"`, "198.51.100.7:7443", "(29 characters)", "ice-ufrag:abcd", call.ErrUnreachable.Error(), "turn:relay"} {
		if !strings.Contains(text, shown) {
			t.Errorf("%q is not in the trace", shown)
		}
	}
	for name := range frames() {
		if !strings.Contains(text, fmt.Sprintf(`"kind":"received","name":%q`, name)) {
			t.Errorf("frame %s is not in the trace", name)
		}
	}
	checkLines(t, &out, len(values())+1+len(frames())+1)
}

func checkLines(t *testing.T, r io.Reader, want int) {
	t.Helper()
	lines := 0
	for in := bufio.NewScanner(r); in.Scan(); lines++ {
		var fields map[string]any
		if err := json.Unmarshal(in.Bytes(), &fields); err != nil || fields["kind"] == "" {
			t.Errorf("line %q: %v", in.Text(), err)
		}
	}
	if lines != want {
		t.Errorf("%d lines, want %d", lines, want)
	}
}

func TestCreate(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "new", "stay.trace")
	w, err := trace.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	w.Note(engine.Note{Kind: engine.NoteCommand, Value: engine.Leave{}})
	if err := w.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(name)
	if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 || info.Size() == 0 {
		t.Errorf("%v, %v", info, err)
	}
	before, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{name, dir, filepath.Join(name, "below")} {
		if _, err := trace.Create(bad); !errors.Is(err, trace.ErrFile) {
			t.Errorf("%s: %v", bad, err)
		}
	}
	if after, err := os.ReadFile(name); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file that was there has changed (%v)", err)
	}
}

// stuck is a disk that does not answer.
type stuck struct{ until chan struct{} }

func (s stuck) Write(p []byte) (int, error) { <-s.until; return len(p), nil }
func (s stuck) Close() error                { return nil }

// The loop waits for no disk, and what does not fit is counted.
func TestASlowDiskHoldsNobodyUp(t *testing.T) {
	disk := stuck{make(chan struct{})}
	w := trace.New(disk)
	long := engine.Note{Kind: engine.NoteResult, Err: errors.New(strings.Repeat("x", 1<<20))} // cut to 16 KiB
	for range 1100 {
		w.Note(long)
	}
	close(disk.until)
	if err := w.Close(t.Context()); err == nil || !strings.Contains(err.Error(), "did not fit") {
		t.Errorf("got %v", err)
	}
}

// A trace that nobody asked for costs nothing.
func TestNilWriter(t *testing.T) {
	var w *trace.Writer
	w.Note(engine.Note{})
	w.Frame(true, &livekit.SignalRequest{})
	if err := w.Close(t.Context()); err != nil {
		t.Error(err)
	}
}
