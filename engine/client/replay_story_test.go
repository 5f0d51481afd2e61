package client

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/encoding/protojson"

	"foyer/engine/call"
	"foyer/engine/client/roster"
	"foyer/engine/enginetest"
)

// traced is a line of a trace (engine/trace).
type traced struct {
	Kind, Name string
	Value      map[string]any
}

// TestReplay: what a real server has said over the signal connection gives a session the
// same events again, in the same order. Media and data channels do not happen again: a
// trace has neither their secrets nor their packets.
func TestReplay(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "testdata", "*.trace"))
	if err != nil {
		t.Fatal(err)
	}
	frames := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(text, []byte(`"kind":"received"`)) {
			continue
		}
		t.Run(strings.TrimSuffix(filepath.Base(file), ".trace"), func(t *testing.T) {
			var want, got []string
			var s *session
			lines := enginetest.ReadTrace[traced](t, text)
			for _, l := range lines {
				switch {
				case l.Kind == "session" && signalled(l.Name):
					want = append(want, l.Name+key(l.Value))
				case l.Kind == "received" && l.Name == "join":
					s = replaySession(l.frame(t).GetJoin(), &got)
					frames++
				case l.Kind == "received" && s != nil && !ofMedia(l.Name):
					tellRemovals(s, lines)
					s.onMessage(nil, l.frame(t))
					frames++
				}
			}
			s.Close()
			for i, line := range want {
				if i == len(got) || got[i] != line {
					t.Fatalf("event %d is not\n%s\nbut\n%s", i, line, strings.Join(got[i:], "\n"))
				}
			}
			if len(got) > len(want) {
				t.Errorf("it also reports\n%s", strings.Join(got[len(want):], "\n"))
			}
		})
	}
	if frames < 20 {
		t.Errorf("%d frames have happened again", frames)
	}
}

// tellRemovals says who will be removed, as the door's notices did just before: they came
// by a data channel.
func tellRemovals(s *session, lines []traced) {
	for _, l := range lines {
		if l.Kind != "session" || l.Name != "ParticipantLeft" || l.Value["Reason"] != "removed" {
			continue
		}
		who, _ := l.Value["Participant"].(map[string]any)
		id, _ := who["Identity"].(string)
		s.departures.Tell(call.Identity(id), call.Removal{Reason: call.ReasonRemoved}, time.Now())
	}
}

// replaySession is a session behind a Foyer door that writes down what it reports.
func replaySession(join *livekit.JoinResponse, got *[]string) *session {
	s := bareSession(New(Config{}), join)
	s.roster = roster.New(join, false, true)
	s.sink = func(e call.SessionEvent) {
		if name := reflect.TypeOf(e).Name(); signalled(name) {
			*got = append(*got, name+key(fields(reflect.ValueOf(e))))
		}
	}
	s.announce(false)
	return s
}

// signalled reports whether events of a type come from the signal connection alone.
func signalled(name string) bool {
	switch name {
	case "RosterReplaced", "ParticipantJoined", "ParticipantUpdated", "ParticipantLeft", "TrackPublished",
		"TrackUnpublished", "TrackMuted", "TrackUnmuted", "SpeakersChanged", "QualityChanged", "SessionEnded":
		return true
	}
	return false
}

// ofMedia reports whether a frame is about PeerConnections.
func ofMedia(name string) bool {
	switch name {
	case "offer", "answer", "trickle", "media_sections_requirement", "track_published", "subscribed_quality_update":
		return true
	}
	return false
}

// frame is what the server sent, without what a trace hides.
func (l traced) frame(t *testing.T) *livekit.SignalResponse {
	t.Helper()
	shown(l.Value)
	text, err := json.Marshal(l.Value)
	if err != nil {
		t.Fatal(err)
	}
	m := &livekit.SignalResponse{}
	if err := protojson.Unmarshal(text, m); err != nil {
		t.Fatalf("%s: %v", l.Name, err)
	}
	return m
}

// shown takes away what is hidden.
func shown(v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			if value == "(hidden)" {
				delete(v, name)
			}
			shown(value)
		}
	case []any:
		for _, value := range v {
			shown(value)
		}
	}
}

// fields has a value as a trace writes it, as far as key reads it.
func fields(v reflect.Value) map[string]any {
	all := map[string]any{}
	for i := range v.NumField() {
		switch f := v.Field(i); {
		case f.IsZero():
		case f.Kind() == reflect.Struct:
			all[v.Type().Field(i).Name] = fields(f)
		case f.Kind() == reflect.Slice && f.Type().Elem().Kind() == reflect.Struct:
			list := make([]any, f.Len())
			for j := range list {
				list[j] = fields(f.Index(j))
			}
			all[v.Type().Field(i).Name] = list
		case v.Type().Field(i).IsExported():
			all[v.Type().Field(i).Name] = f.Interface()
		}
	}
	return all
}

// key is what must be the same of an event: who it is about, and what it says of them.
func key(v map[string]any) (words string) {
	for _, name := range []string{
		"Identity", "ID", "SID", "Name", "Source", "Muted", "Role", "Quality", "Reason", "Level", "Self", "Participant", "Track",
		"Participants", "Tracks", "Speakers",
	} {
		switch f := v[name].(type) {
		case nil:
		case map[string]any:
			words += " " + name + "(" + key(f) + " )"
		case []any:
			for _, one := range f {
				inner, _ := one.(map[string]any)
				words += " " + name + "[" + key(inner) + " ]"
			}
		default:
			words += " " + fmt.Sprint(f)
		}
	}
	return words
}
