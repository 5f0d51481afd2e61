package engine_test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/engine/enginetest"
)

// traced is a line of a trace.
type traced struct {
	MS                            float64
	Kind, Name, Op, Source, Error string
	TookMS                        float64 `json:"took_ms"`
	Value                         map[string]any
}

// What happened with a real server and real workers happens again in virtual time:
// the same commands and session events come at the same moments, each step of a
// worker takes as long and ends alike, and the engine reports the same.
func TestReplay(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "*.trace"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no traces (%v)", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".trace"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			lines := enginetest.ReadTrace[traced](t, text)
			want := reported(lines)
			var got []string
			synctest.Test(t, func(t *testing.T) { got = reported(replay(t, lines)) })
			if !slices.Equal(got, want) {
				t.Errorf("the engine reports something else:\n%s", difference(strings.Join(want, "\n"), strings.Join(got, "\n")))
			}
		})
	}
}

// reported are the events of a trace, one after the other for each device, for each
// track of ours and for everything else: two workers that end in the same microsecond
// have no order.
func reported(lines []traced) []string {
	var events []traced
	for _, l := range lines {
		if l.Kind == "event" {
			events = append(events, l)
		}
	}
	slices.SortStableFunc(events, func(a, b traced) int { return strings.Compare(a.subject(), b.subject()) })
	keys := make([]string, len(events))
	for i, l := range events {
		keys[i] = l.key()
	}
	return keys
}

// subject is the device or track of ours that an event is about.
func (l traced) subject() string {
	if d, ok := l.Value["Device"].(map[string]any); ok {
		return fmt.Sprint("device ", d["Source"])
	}
	if t, ok := l.Value["Track"].(map[string]any); ok && l.Value["Local"] == true {
		return fmt.Sprint("track ", t["Source"])
	}
	return ""
}

// key is what must be the same of an event: times and the server's ids are not.
func (l traced) key() string {
	words := []string{l.Name}
	for _, path := range []string{"State", "Reason", "Command", "Device.Source", "Track.Source", "Participant.Identity", "Err"} {
		var v any = l.Value
		for part := range strings.SplitSeq(path, ".") {
			fields, _ := v.(map[string]any)
			v = fields[part]
		}
		if v != nil {
			words = append(words, fmt.Sprint(v))
		}
	}
	return strings.Join(words, " ")
}

// replayer answers the engine's workers as the trace says.
type replayer struct {
	mu     sync.Mutex
	steps  map[string][]enginetest.Step
	said   int
	tracks map[call.SID]call.RemoteTrack
}

// step is how an operation went, in the order in which it was done.
func (p *replayer) step(op string) (s enginetest.Step) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch op {
	case "leave":
		op = "end" // that of Leave and Close together
	case "close":
		return s
	}
	if all := p.steps[op]; len(all) > 0 {
		s, p.steps[op] = all[0], all[1:]
	}
	return s
}

func newReplayer(lines []traced) *replayer {
	p := &replayer{steps: map[string][]enginetest.Step{}, tracks: map[call.SID]call.RemoteTrack{}}
	for _, l := range lines {
		if l.Kind != "result" {
			continue
		}
		op := strings.TrimSpace(l.Op + " " + l.Source)
		step := enginetest.Step{Delay: time.Duration(l.TookMS * float64(time.Millisecond)), Err: errorOf(l.Error)}
		p.steps[op] = append(p.steps[op], step)
	}
	return p
}

// same makes an event speak of the very same things as those before it: what we said
// has the id of the stand-in's session, and a track that goes is one that came.
func (p *replayer) same(r *rig, ev call.SessionEvent) call.SessionEvent {
	switch ev := ev.(type) {
	case call.ChatReceived:
		if ev.Message.From == r.dialer.Last().Request.Identity {
			p.said++
			ev.Message.ID = fmt.Sprintf("own_%d_%d", len(r.dialer.Sessions()), p.said)
		}
		return ev
	case call.RemoteTrackReady:
		p.tracks[ev.Track.Info().SID] = ev.Track
	case call.RemoteTrackGone:
		if t := p.tracks[ev.Track.Info().SID]; t != nil {
			return call.RemoteTrackGone{Track: t}
		}
	default:
	}
	return ev
}

func replay(t *testing.T, lines []traced) []traced {
	p := newReplayer(lines)
	var out notes
	r := newRig(t, func(r *rig, cfg *engine.Config) {
		cfg.Trace = traceTo(t, &out)
		r.answerAs(p.step)
		r.dialer.First = func(call.JoinRequest) *call.RosterReplaced { return nil } // the trace has it
	})
	began := time.Now()
	for _, l := range lines {
		at := began.Add(time.Duration(l.MS * float64(time.Millisecond)))
		switch {
		case l.Kind == "command":
			pass(time.Until(at))
			_ = r.try(decode[engine.Command](t, l))
		case l.Kind == "session":
			pass(time.Until(at))
			r.dialer.Last().Tell(p.same(r, decode[call.SessionEvent](t, l)))
		case l.Kind == "happened" && l.Op == "device_gone":
			pass(time.Until(at))
			src, _ := call.ParseSource(l.Source)
			r.devices.Lose(src)
		case l.Kind == "happened" && l.Op == "quit":
			pass(time.Until(at))
			r.cancel()
		}
	}
	pass(5 * time.Second)
	r.end()
	return enginetest.ReadTrace[traced](t, []byte(strings.Join(out.take(), "\n")))
}

// kinds are the types that a trace names.
func kinds() map[string]reflect.Type {
	types := map[string]reflect.Type{}
	for _, v := range []any{
		engine.Join{}, engine.Leave{}, engine.SwitchRoom{}, engine.Publish{}, engine.Unpublish{}, engine.Mute{},
		engine.Unmute{}, engine.SelectDevice{}, engine.StartPreview{}, engine.StopPreview{}, engine.SetTrackView{},
		engine.Stats{}, engine.SendChat{}, engine.RefreshDevices{}, engine.SetVoice{},
		call.RosterReplaced{}, call.RemoteTrackReady{}, call.RemoteTrackGone{}, call.SessionReconnecting{},
		call.SessionReconnected{}, call.LocalTrackMuted{}, call.LocalTrackGone{}, call.SessionEnded{},
		call.ParticipantJoined{}, call.ParticipantUpdated{}, call.ParticipantLeft{}, call.TrackPublished{},
		call.TrackUnpublished{}, call.TrackMuted{}, call.TrackUnmuted{}, call.SpeakersChanged{}, call.QualityChanged{},
		call.DataReceived{}, call.ChatReceived{}, call.ChatMissed{}, call.RulesChanged{},
	} {
		types[reflect.TypeOf(v).Name()] = reflect.TypeOf(v)
	}
	return types
}

// decode makes the value of a line again, as far as a trace has it.
func decode[T any](t *testing.T, l traced) T {
	t.Helper()
	typ, known := kinds()[l.Name]
	if !known {
		t.Fatalf("a trace with %s cannot happen again yet", l.Name)
	}
	v := reflect.New(typ).Elem()
	fill(v, l.Value)
	made, ok := v.Interface().(T)
	if !ok {
		t.Fatalf("%s is no %v", l.Name, reflect.TypeFor[T]())
	}
	return made
}

// fill sets what v has in common with what JSON had.
func fill(v reflect.Value, from any) {
	if special(v, from) {
		return
	}
	switch from := from.(type) {
	case map[string]any:
		for name, value := range from {
			if f := v.FieldByName(name); f.IsValid() {
				fill(f, value)
			}
		}
	case []any:
		v.Set(reflect.MakeSlice(v.Type(), len(from), len(from)))
		for i, value := range from {
			fill(v.Index(i), value)
		}
	case string:
		if v.Kind() == reflect.String {
			v.SetString(from)
		}
	case bool:
		v.SetBool(from)
	case float64:
		switch {
		case v.CanInt():
			v.SetInt(int64(from))
		case v.CanFloat():
			v.SetFloat(from)
		}
	}
}

// special are the types that a trace writes as a word.
func special(v reflect.Value, from any) bool {
	text, _ := from.(string)
	fields, _ := from.(map[string]any)
	switch to := v.Addr().Interface().(type) {
	case *call.Source:
		*to, _ = call.ParseSource(text)
	case *call.LeaveReason:
		*to, _ = call.ParseReason(text)
	case *time.Duration:
		*to, _ = time.ParseDuration(text)
	case *time.Time:
		*to, _ = time.Parse(time.RFC3339Nano, text)
	case *error:
		*to = errorOf(text)
	case *call.Link:
		to.Secret = "s" // a trace has none
		return false
	case *call.Track:
		fill(reflect.ValueOf(&to.Source).Elem(), fields["Source"])
		to.Kind = to.Source.Kind()
		return false
	case *call.RemoteTrack:
		var info call.Track
		fill(reflect.ValueOf(&info).Elem(), fields["Info"])
		owner, _ := fields["Owner"].(string)
		sid, _ := fields["OwnerSID"].(string)
		*to = enginetest.NewRemoteTrack(call.Identity(owner), call.SID(sid), info)
	default:
		return false
	}
	return true
}
