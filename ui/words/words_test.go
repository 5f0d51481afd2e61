package words

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"foyer/engine/call"
)

func now() time.Time { return time.Date(2026, 11, 21, 14, 0, 0, 0, time.UTC) }

// Contract K5: every DisconnectReason of LiveKit's has its own text and a next
// action. 6, 9 and 14 are one reason of ours (contract section 6).
func TestK5_EveryDisconnectReasonHasItsOwnText(t *testing.T) {
	b := English()
	seen := map[string]int32{}
	for n := int32(0); n <= 18; n++ {
		f := b.Left(call.Left{Reason: call.ReasonFromDisconnect(n)}, now())
		if f.Title == "" || f.Detail == "" || strings.Contains(f.Title+f.Detail, "{") || strings.HasPrefix(f.Title, "left.") {
			t.Errorf("reason %d: title %q, detail %q", n, f.Title, f.Detail)
		}
		if len(f.Next) == 0 {
			t.Errorf("reason %d offers nothing to do", n)
		}
		for _, a := range f.Next {
			if text := b.Action(a, call.Left{}); text == "" || strings.HasPrefix(text, "action.") {
				t.Errorf("reason %d: action %d has the text %q", n, a, text)
			}
		}
		key := f.Title + f.Detail
		if first, ok := seen[key]; ok && !sameReason(n, first) {
			t.Errorf("reasons %d and %d say the same: %s", first, n, key)
		}
		seen[key] = n
	}
}

func sameReason(a, b int32) bool {
	return call.ReasonFromDisconnect(a) == call.ReasonFromDisconnect(b)
}

func TestK5_EveryLeaveReason(t *testing.T) {
	b := English()
	titles := map[string]call.LeaveReason{}
	for _, r := range call.Reasons() {
		if _, ok := ways()[r]; !ok {
			t.Errorf("%s has no words", r)
		}
		f := b.Left(call.Left{Reason: r}, now())
		if other, ok := titles[f.Title]; ok {
			t.Errorf("%s and %s have the same title %q", r, other, f.Title)
		}
		titles[f.Title] = r
		if strings.Contains(f.String(), "{") || strings.Contains(f.String(), "left.") {
			t.Errorf("%s: unfilled sentence %q", r, f.String())
		}
	}
}

func TestK1_J7_LeftSaysWhoWhyAndUntilWhen(t *testing.T) {
	b := English()
	tests := []struct {
		name   string
		left   call.Left
		title  string
		quote  string
		detail string
		main   Action
	}{
		{"removed", call.Left{Reason: call.ReasonRemoved, By: "Ada", Text: "wrong meeting, sorry"}, "You were removed by Ada", "“wrong meeting, sorry”", "You may come back. Everybody in the room will see you join.", ActionAskRejoin},
		{"removed by nobody known", call.Left{Reason: call.ReasonRemoved}, "You were removed from the room", "", "You may come back. Everybody in the room will see you join.", ActionAskRejoin},
		{"banned today", call.Left{Reason: call.ReasonBanned, Until: now().Add(10 * time.Minute)}, "You are banned until 14:10", "", "If this is a mistake, talk to the host.", ActionLobby},
		{"banned longer", call.Left{Reason: call.ReasonBanned, Until: now().AddDate(0, 0, 2)}, "You are banned until 2026-11-23 at 14:00", "", "If this is a mistake, talk to the host.", ActionLobby},
		{"banned for good", call.Left{Reason: call.ReasonBanned}, "You are banned until the host lifts the ban", "", "If this is a mistake, talk to the host.", ActionLobby},
		{"dismissed", call.Left{Reason: call.ReasonDismissed, By: "Ada"}, "Ada closed the room for everyone", "", "Start a new one, or wait for a new invitation.", ActionLobby},
		{"full", call.Left{Reason: call.ReasonJoinFailed, Err: fmt.Errorf("door: %w", call.ErrRoomFull)}, "You could not join", "", "The room is full. Wait until somebody leaves, then try again.", ActionTryAgain},
		{"wrong certificate", call.Left{Reason: call.ReasonJoinFailed, Err: call.ErrWrongServer}, "You could not join", "", "This is not the computer that the link was made for. Do not trust it. Ask the host for a new link.", ActionLobby},
		{"refused at the door", call.Left{Reason: call.ReasonJoinFailed, Err: &call.BannedError{Until: now().Add(time.Hour), Text: "spam"}}, "You are banned until 15:00", "“spam”", "Come back then, or talk to the host.", ActionLobby},
		{"a switch that failed", call.Left{Reason: call.ReasonJoinFailed, Err: call.ErrRoomFull, Back: call.Link{Hosts: []string{"h:1"}, Room: "old"}}, "You could not join", "", "The room is full. Wait until somebody leaves, then try again. You are not in a room now. The link to old brings you back there.", ActionBack},
		{"left", call.Left{Reason: call.ReasonLeft, People: 2}, "You left the room", "", "The same link brings you back while the room is open.", ActionRejoin},
		{"cancelled", call.Left{Reason: call.ReasonLeft}, "You did not join", "", "You cancelled joining. Foyer sent nothing from your camera or microphone.", ActionTryAgain},
		{"quit while joining", call.Left{Reason: call.ReasonAppQuit}, "Foyer was closed", "", "You cancelled joining. Foyer sent nothing from your camera or microphone.", ActionLobby},
		{"untrusted certificate", call.Left{Reason: call.ReasonJoinFailed, Err: fmt.Errorf("join: %w", call.ErrUntrusted)}, "You could not join", "", "This computer does not trust the server’s certificate. Check the address. If it is right, ask the person who runs the server for a certificate from a known authority.", ActionLobby},
		{"no server child", call.Left{Reason: call.ReasonJoinFailed, Err: call.ErrRoomServerFailed}, "The room could not be started", "", "Close other copies of Foyer, check that the disk has space, then try again.", ActionTryAgain},
		{"stuck", call.Left{Reason: call.ReasonInternal, Stuck: []call.Device{{Source: call.SourceCamera}}}, "Something broke in Foyer", "", "You can rejoin. If it happens again, please send us the report.", ActionRejoin},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := b.Left(tt.left, now())
			if f.Title != tt.title || f.Quote != tt.quote || f.Detail != tt.detail {
				t.Errorf("got %q, %q, %q", f.Title, f.Quote, f.Detail)
			}
			if f.Next[0] != tt.main {
				t.Errorf("main action %v, want %v", f.Next[0], tt.main)
			}
		})
	}
}

// Every sentinel error of package call has its own sentence with a next step.
func TestEverySentinelHasItsOwnSentence(t *testing.T) {
	declared := sentinels(t)
	if len(declared) < 30 {
		t.Fatalf("found only %d sentinels", len(declared))
	}
	if len(known) != len(declared)+9 { // and ErrNoLink, ErrDropped, two of package mic, two of files, three of the settings
		t.Errorf("%d sentinels are declared in package call, %d have words", len(declared), len(known))
	}
	b := English()
	seen := map[string]string{}
	for _, k := range known {
		s := b.Error(fmt.Errorf("while joining: %w", k.err), "", call.SourceCamera, now())
		if s.Text == "" || s.Next == "" || strings.Contains(s.String(), "{") || strings.Contains(s.String(), "error.") {
			t.Errorf("%v: %+v", k.err, s)
		}
		if other, ok := seen[s.Text]; ok {
			t.Errorf("%q and %v have the same text", other, k.err)
		}
		seen[s.Text] = k.err.Error()
	}
}

func sentinels(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("..", "..", "engine", "call", "*.go"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no package call: %v", err)
	}
	var names []string
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if v, ok := n.(*ast.ValueSpec); ok {
				for _, name := range v.Names {
					if strings.HasPrefix(name.Name, "Err") {
						names = append(names, name.Name)
					}
				}
			}
			return true
		})
	}
	return names
}

// What keeps "Start a room" from working is said in the window's words: the
// reader has no command line.
func TestStartARoomSaysWhy(t *testing.T) {
	b := English()
	general := b.Error(call.ErrRoomServerFailed, "", call.SourceUnknown, now())
	seen := map[string]error{general.Text: call.ErrRoomServerFailed}
	if len(hosting) != 10 {
		t.Errorf("%d reasons", len(hosting))
	}
	for _, k := range hosting {
		err := fmt.Errorf("%w: %w", call.ErrRoomServerFailed, fmt.Errorf("server process failed: %w", k.err))
		s := b.Error(err, "", call.SourceUnknown, now())
		if s.Text == "" || s.Next == "" || strings.HasPrefix(s.Text, "error.") || strings.HasPrefix(s.Next, "error.") {
			t.Errorf("%v: %+v", k.err, s)
		}
		if strings.Contains(s.String(), "--") || strings.Contains(s.String(), "foyer serve") || strings.Contains(s.String(), "command line") {
			t.Errorf("%v: the window speaks of the command line: %q", k.err, s)
		}
		if other, ok := seen[s.Text]; ok {
			t.Errorf("%v and %v say the same: %q", k.err, other, s.Text)
		}
		seen[s.Text] = k.err
		f := b.Left(call.Left{Reason: call.ReasonJoinFailed, Err: err}, now())
		if f.Title != "The room could not be started" || f.Detail != s.String() || f.Next[0] != ActionTryAgain {
			t.Errorf("%v: %+v", k.err, f)
		}
		// The same error of `foyer serve` keeps its own words.
		if plain := b.Error(k.err, "", call.SourceUnknown, now()); plain.Text == general.Text || plain.Next == s.Next {
			t.Errorf("%v: serve says %q", k.err, plain)
		}
	}
	unknown := fmt.Errorf("%w: %w", call.ErrRoomServerFailed, errors.New("killed"))
	if s := b.Error(unknown, "", call.SourceUnknown, now()); s != general {
		t.Errorf("unknown reason: %q", s)
	}
}

// An address of a cluster is not an invite link: its reader runs a server.
func TestAnUnencryptedCluster(t *testing.T) {
	err := fmt.Errorf("%w: LiveKit address: %w", call.ErrServerConfig, call.ErrLinkInsecure)
	s := English().Error(err, "", call.SourceUnknown, now())
	if s.Text != "The connection to this LiveKit server would be unencrypted." || !strings.Contains(s.Next, "--livekit") {
		t.Errorf("got %q", s)
	}
}

func TestServerStopping(t *testing.T) {
	f := English().Left(call.Left{Reason: call.ReasonJoinFailed, Err: fmt.Errorf("join: %w", call.ErrServerStopping)}, now())
	if f.Detail != "The room’s server is stopping. Ask the host when it will be back, then try again." || f.Next[0] != ActionTryAgain {
		t.Errorf("%+v", f)
	}
}

// Contract N2 and N4.
func TestNames(t *testing.T) {
	b := English()
	tests := []struct {
		err  error
		want string
	}{
		{call.CheckName(" "), "Your name is missing."},
		{call.CheckRoomID(""), "The room ID is missing."},
		{call.CheckIdentity(""), "Your user ID is missing."},
		{call.CheckRoomID("ab c"), "The room ID contains the character “ ” (space) at position 3, which is not allowed."},
		{call.CheckRoomID("ab\"c"), "The room ID contains the character “\"” at position 3, which is not allowed."},
		{call.CheckRoomID("会议"), "The room ID contains the character “会” at position 1, which is not allowed."},
		{call.CheckRoomID("x\x00"), "The room ID contains the character U+0000 at position 2, which is not allowed."},
		{call.CheckName("A\nB"), "Your name contains the character U+000A at position 2, which is not allowed."},
		{call.CheckRoomID(strings.Repeat("x", 129)), "The room ID is too long: 129 of at most 128 bytes."},
		{call.CheckTitle(strings.Repeat("x", 256)), "The room’s title is too long: 256 of at most 255 bytes."},
	}
	for _, tt := range tests {
		s := b.Error(tt.err, "", call.SourceUnknown, now())
		if s.Text != tt.want {
			t.Errorf("%v: %q, want %q", tt.err, s.Text, tt.want)
		}
		if s.Next == "" {
			t.Errorf("%v: no next step", tt.err)
		}
	}
}

func TestDeviceErrorsNameTheDevice(t *testing.T) {
	err := &call.DeviceError{Source: call.SourceCamera, Device: "HD Webcam", Err: fmt.Errorf("open: %w", call.ErrDeviceBusy)}
	s := English().Error(err, "publish", call.SourceCamera, now())
	want := "Your camera could not be started: The camera “HD Webcam” is in use by another program. Close the other program or choose another camera, then try again."
	if s.String() != want {
		t.Errorf("got  %q\nwant %q", s, want)
	}
	odd := &call.DeviceError{Source: call.SourceMicrophone, Err: errors.New("errno 5")}
	if s := English().Error(odd, "", call.SourceUnknown, now()); s.Text != "The microphone does not work." {
		t.Errorf("got %q", s.Text)
	}
}

func TestUnknownErrorIsStillSaid(t *testing.T) {
	s := English().Error(errors.New("boom"), "no such command", call.SourceUnknown, now())
	if s.String() != "That did not work: Something went wrong: boom. Try again." {
		t.Errorf("got %q", s)
	}
	if s := English().Error(nil, "", call.SourceUnknown, now()); s.Text == "" {
		t.Error("nil error has no sentence")
	}
}

// Contract K4: the others are told why somebody is gone, in words that differ.
func TestGone(t *testing.T) {
	b := English()
	seen := map[string]call.LeaveReason{}
	for _, r := range append(call.Reasons(), call.ReasonOther(8), call.ReasonOther(99)) {
		text := b.Gone("Grace", r)
		if other, ok := seen[text]; ok {
			t.Errorf("%s and %s say the same: %q", r, other, text)
		}
		if !strings.Contains(text, "Grace") || strings.Contains(text, "{") {
			t.Errorf("%s: %q", r, text)
		}
		seen[text] = r
	}
}

func TestTimes(t *testing.T) {
	b := English()
	for d, want := range map[time.Duration]string{45 * time.Second: "45 s", 12*time.Minute + time.Second: "12 min", 65 * time.Minute: "1 h 5 min", 2 * time.Hour: "2 h"} {
		if got := b.Duration(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
	for d, want := range map[time.Duration]string{0: "<1 ms", 12300 * time.Microsecond: "12 ms", 1999 * time.Millisecond: "1999 ms"} {
		if got := Milliseconds(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
	for d, want := range map[time.Duration]string{-time.Second: "0:00", 724 * time.Second: "12:04", 3723 * time.Second: "1:02:03"} {
		if got := Clock(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
	for days, want := range map[int]string{0: "today", -1: "yesterday", -5: "Monday", -6: "2026-11-15"} {
		if got := b.Day(now().AddDate(0, 0, days), now()); got != want {
			t.Errorf("%d days: %q, want %q", days, got, want)
		}
	}
}

func TestRoomWarning(t *testing.T) {
	b := English()
	if b.RoomWarning("50%") == "" || b.RoomWarning("fifty") != "" {
		t.Error("only % warns")
	}
}

func TestUnknownLanguage(t *testing.T) {
	if _, err := Open("xx"); err == nil {
		t.Error("opened a language that is not there")
	}
}
