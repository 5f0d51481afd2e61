package engine_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/engine/enginetest"
	"foyer/engine/trace"
)

var update = flag.Bool("update", false, "write what the scripts in testdata bring now; commit it only if you understand it")

// Scripts tell what the engine does as text. A block is commands, a line with ----,
// and the trace that they bring up to the empty line: milliseconds of virtual time,
// what kind of note, its name, and its value. A line that begins with # explains.
//
//	join, leave, switch, publish, unpublish, mute, unmute, select, preview,
//	stop_preview, chat, close     commands, their arguments as NAME=VALUE
//	tell EVENT ...                the server says something
//	lose SOURCE                   somebody pulls the cable
//	on STEP delay=D|error=E|hang  how "open camera", "publish screen", "dial" ... go from now on
//	release                       what hangs comes to an end
//	wait D                        time goes by
//	show KIND ...                 which notes are written; event and refused at first
func TestScripts(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts (%v)", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			before, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var after string
			synctest.Test(t, func(t *testing.T) { after = runScript(t, string(before)) })
			if *update {
				if err := os.WriteFile(file, []byte(after), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if after != string(before) {
				t.Errorf("the script brings something else now:\n%s", difference(string(before), after))
			}
		})
	}
}

// script is one while it runs.
type script struct {
	*rig
	out   notes
	begun time.Time
	show  []string

	mu    sync.Mutex
	steps map[string]enginetest.Step
	hang  chan struct{}
}

// notes are what a trace has written and nobody has read.
type notes struct {
	mu sync.Mutex
	bytes.Buffer
}

func (n *notes) Write(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.Buffer.Write(p)
}

func (n *notes) Close() error { return nil }

// traceTo lets an engine write its trace to out, until the test ends.
func traceTo(t *testing.T, out *notes) func(engine.Note) {
	w := trace.New(out)
	t.Cleanup(func() {
		if err := w.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return w.Note
}

// answerAs lets the engine's workers do each of their steps as step says.
func (r *rig) answerAs(step func(name string) enginetest.Step) {
	r.devices.OnOpen = func(q call.DeviceRequest) enginetest.Step { return step("open " + q.Source.String()) }
	r.devices.OnClose = func(d call.Device) enginetest.Step { return step("close " + d.Source.String()) }
	r.dialer.OnDial = func(call.JoinRequest) enginetest.Step { return step("dial") }
	r.dialer.OnAdmit = func(call.JoinRequest) enginetest.Step { return step("admit") }
	r.dialer.OnPublish = func(s call.TrackSpec) enginetest.Step { return step("publish " + s.Source.String()) }
	r.dialer.On = step
}

func (n *notes) take() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	lines := strings.Split(strings.TrimRight(n.String(), "\n"), "\n")
	n.Reset()
	return lines
}

func runScript(t *testing.T, text string) string {
	s := &script{
		begun: time.Now(), show: []string{"event", "refused"}, hang: make(chan struct{}),
		// Each takes another time, so that their order is always the same.
		steps: map[string]enginetest.Step{
			"open camera": {Delay: 40 * time.Millisecond}, "open microphone": {Delay: 30 * time.Millisecond},
			"open speaker": {Delay: 20 * time.Millisecond}, "open screen": {Delay: 50 * time.Millisecond},
			"close camera": {Delay: 12 * time.Millisecond}, "close microphone": {Delay: 11 * time.Millisecond},
			"close speaker": {Delay: 10 * time.Millisecond}, "close screen": {Delay: 13 * time.Millisecond},
			"publish camera": {Delay: 7 * time.Millisecond}, "publish microphone": {Delay: 5 * time.Millisecond},
			"publish screen": {Delay: 8 * time.Millisecond}, "dial": {Delay: 100 * time.Millisecond},
			"history": {Delay: 2 * time.Millisecond}, "subscribe": {Delay: time.Millisecond},
			"mute": {Delay: 4 * time.Millisecond}, "leave": {Delay: 3 * time.Millisecond},
		},
	}
	s.rig = newRig(t, func(r *rig, cfg *engine.Config) {
		cfg.Trace = traceTo(t, &s.out)
		r.answerAs(s.step)
	})
	var out strings.Builder
	reading := true // not the expectation
	for line := range strings.Lines(strings.TrimRight(text, "\n") + "\n\n") {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case line == "----":
			reading = false
			synctest.Wait()
			fmt.Fprintf(&out, "----\n%s\n", s.told())
		case line == "" && !reading:
			reading = true
		case reading:
			out.WriteString(line + "\n")
			if line != "" && !strings.HasPrefix(line, "#") {
				s.do(strings.Fields(line))
			}
		}
	}
	s.letGo()
	s.end()
	return strings.TrimRight(out.String(), "\n") + "\n"
}

// told are the notes since the last time that are to be shown.
func (s *script) told() string {
	var out strings.Builder
	for _, text := range s.out.take() {
		var n struct {
			MS                            float64
			Kind, Name, Op, Source, Error string
			Value                         json.RawMessage
		}
		if text == "" || json.Unmarshal([]byte(text), &n) != nil || !slices.Contains(s.show, n.Kind) {
			continue
		}
		words := []string{fmt.Sprintf("%g", n.MS), n.Kind}
		for _, w := range []string{n.Name, n.Op, n.Source, string(n.Value), n.Error} {
			if w != "" {
				words = append(words, w)
			}
		}
		out.WriteString(strings.Join(words, " ") + "\n")
	}
	return out.String()
}

func (s *script) step(name string) enginetest.Step {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.steps[name]
}

// letGo ends what hangs.
func (s *script) letGo() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.hang)
	s.hang = make(chan struct{})
	for name, step := range s.steps {
		step.Block = nil
		s.steps[name] = step
	}
}

// do does one line.
func (s *script) do(words []string) {
	s.t.Helper()
	args := map[string]string{}
	var rest []string
	for _, w := range words[1:] {
		if name, value, named := strings.Cut(w, "="); named {
			args[name] = value
		} else {
			rest = append(rest, w)
		}
	}
	first := ""
	if len(rest) > 0 {
		first = rest[0]
	}
	switch words[0] {
	case "wait":
		pass(s.duration(first))
	case "on":
		s.on(strings.Join(rest, " "), args)
	case "release":
		s.letGo()
		synctest.Wait()
	case "lose":
		s.devices.Lose(s.source(first))
		synctest.Wait()
	case "tell":
		s.dialer.Last().Tell(s.sessionEvent(first, rest[1:], args))
		synctest.Wait()
	case "show":
		s.show = rest
	case "close":
		if err := s.engine.Close(s.t.Context()); err != nil {
			s.t.Error(err)
		}
	default:
		_ = s.try(s.command(words[0], first, args)) // what is refused is a note
		synctest.Wait()
	}
}

func (s *script) on(step string, args map[string]string) {
	var now enginetest.Step
	if d, ok := args["delay"]; ok {
		now.Delay = s.duration(d)
	}
	now.Err = errorOf(args["error"])
	name, hangs := strings.CutSuffix(step, " hang")
	s.mu.Lock()
	defer s.mu.Unlock()
	if hangs {
		now.Block = s.hang
	}
	s.steps[name] = now
}

func (s *script) duration(text string) time.Duration {
	d, err := time.ParseDuration(text)
	if err != nil {
		s.t.Fatal(err)
	}
	return d
}

func (s *script) source(text string) call.Source {
	src, err := call.ParseSource(text)
	if err != nil {
		s.t.Fatal(err)
	}
	return src
}

func (s *script) command(word, first string, args map[string]string) engine.Command {
	link := call.Link{Hosts: []string{"127.0.0.1:7443"}, Room: call.RoomID(args["room"]), Secret: "s"}
	switch word {
	case "join":
		return engine.Join{Link: link, Name: args["name"], Identity: call.Identity(strings.ToLower(args["name"])),
			Devices: engine.Choice{Camera: args["camera"], Microphone: args["mic"], Speaker: args["speaker"]}}
	case "leave":
		return engine.Leave{Room: link.Room}
	case "switch":
		return engine.SwitchRoom{Link: link}
	case "chat":
		return engine.SendChat{Text: args["text"]}
	}
	src := s.source(first)
	switch word {
	case "publish":
		return engine.Publish{Source: src, Device: args["device"]}
	case "unpublish":
		return engine.Unpublish{Source: src}
	case "mute":
		return engine.Mute{Source: src}
	case "unmute":
		return engine.Unmute{Source: src}
	case "select":
		return engine.SelectDevice{Source: src, Device: args["device"]}
	case "preview":
		return engine.StartPreview{Source: src, Device: args["device"]}
	case "stop_preview":
		return engine.StopPreview{Source: src}
	}
	s.t.Fatalf("unknown command %q", word)
	return nil
}

func (s *script) sessionEvent(name string, rest []string, args map[string]string) call.SessionEvent {
	who := person(args["id"], call.SID("PA_"+args["id"]))
	reason, _ := call.ParseReason(args["reason"])
	switch name {
	case "ended":
		return call.SessionEnded{Reason: reason, By: args["by"], Text: args["text"], Err: errorOf(args["error"])}
	case "reconnecting":
		return call.SessionReconnecting{}
	case "reconnected":
		return call.SessionReconnected{}
	case "joined":
		return call.ParticipantJoined{Participant: who}
	case "left":
		return call.ParticipantLeft{Participant: who, Reason: reason}
	case "track":
		return call.RemoteTrackReady{Track: enginetest.NewRemoteTrack(who.Identity, who.SID, videoTrack("TR_"+call.SID(args["id"])))}
	case "muted":
		return call.LocalTrackMuted{SID: s.dialer.Last().Track(s.source(rest[0])).SID()}
	case "taken":
		return call.LocalTrackGone{SID: s.dialer.Last().Track(s.source(rest[0])).SID()}
	}
	s.t.Fatalf("unknown event %q", name)
	return nil
}

// errorOf is the error that a text is, or ends with; nil for none.
func errorOf(text string) error {
	for _, err := range []error{
		call.ErrDeviceBusy, call.ErrDeviceMissing, call.ErrDeviceLost, call.ErrDeviceForbidden, call.ErrDeviceFailed,
		call.ErrUnreachable, call.ErrServerSilent, call.ErrNoSuchRoom, call.ErrRefused, call.ErrConnectionLost,
		call.ErrCancelled, call.ErrJoinTimeout, call.ErrChatTooFast, call.ErrNoDoor,
	} {
		if text != "" && strings.HasSuffix(strings.ReplaceAll(text, "_", " "), err.Error()) {
			return err
		}
	}
	if text != "" {
		return fmt.Errorf("%s", text)
	}
	return nil
}

// difference is where two texts part.
func difference(before, after string) string {
	a, b := strings.Split(before, "\n"), strings.Split(after, "\n")
	for i := 0; ; i++ {
		if i >= len(a) || i >= len(b) || a[i] != b[i] {
			return fmt.Sprintf("line %d\n- %s\n+ %s", i+1,
				strings.Join(a[min(i, len(a)):min(i+6, len(a))], "\n- "), strings.Join(b[min(i, len(b)):min(i+6, len(b))], "\n+ "))
		}
	}
}
