//go:build linux

package e2e

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"foyer/internal/drive"
	"foyer/internal/drive/fangate"
	"foyer/internal/matrix"
	"foyer/internal/testenv"
)

// slowCamera is a camera whose opening takes as long as its gate is shut.
func slowCamera(t *testing.T) (file string, gate *fangate.Gate) {
	t.Helper()
	file = smallFilm(t)
	gate, err := fangate.New(file, fangate.OnOpen, true)
	if err != nil {
		t.Skipf("a camera that opens slowly needs fanotify's permission events; runs as root: %v", err)
	}
	t.Cleanup(func() { must(t, gate.Close()) })
	return file, gate
}

func (s *stage) holdsFile(file string) func() bool { return holdsFile(s.p.PID, file) }

func holdsFile(pid int, file string) func() bool {
	return func() bool {
		files, _ := drive.Files(pid) // gone: holds nothing
		return slices.Contains(files, file)
	}
}

// A camera that is still opening when the stay ends: its driver, here the kernel
// before a gate, does not come back. The end must not wait for it, and when it
// opens at last it must be closed at once.
func TestL2_EveryWayOutWhileTheCameraOpens(t *testing.T) {
	whileTheCameraOpens(t, "exit-matrix-opening.json", false)
}

func TestALostConnectionWhileTheCameraOpens(t *testing.T) {
	t.Parallel()
	whileTheCameraOpens(t, "exit-matrix-opening-lost.json", true)
}

func whileTheCameraOpens(t *testing.T, file string, slow bool) {
	t.Helper()
	everyExit(t, file, slow, func(t *testing.T, e exit, table *matrix.Table) {
		camera, gate := slowCamera(t)
		s := enter(t, e, nil, "--camera", camera)
		held(t, device{"the camera's gate", func() bool { return gate.Came(s.p.PID) }}, true, testenv.Limit)
		limit := releaseLimit
		if e.slow {
			limit = lostLimit
		}
		start := s.begin(t, e)
		row := matrix.Row{Exit: e.name, Reason: e.reason, Status: e.status}
		took := awaitEnd(t, e, s, limit, start)
		if took > limit {
			t.Errorf("the end waited %v for the camera", took)
		}
		gate.Open()
		// It may not have come through the gate yet, so this waits until it
		// is seen free for a while, not once.
		free := staysFree(t, s.holdsFile(camera))
		if !free {
			t.Error("the camera that opened late stays open")
		}
		row.Cells = []matrix.Cell{{Device: "opening", Free: free, MS: ms(took)}}
		table.Add(row)
	})
}

// awaitEnd waits for the word that the stay has ended, or where nobody is left to
// say it, for the end of the process, and tells how long after start that was.
func awaitEnd(t *testing.T, e exit, s *stage, limit time.Duration, start time.Time) time.Duration {
	t.Helper()
	if e.reason == "" {
		s.p.Ended()
		return time.Since(start)
	}
	left := s.p.AwaitFor(limit+testenv.Limit, "left")
	if left.Text("reason") != e.reason {
		t.Errorf("left says %s, want %s", left.Raw, e.reason)
	}
	return left.Seen.Sub(start)
}

// staysFree reports whether something is not held at the end of a time in which
// whatever comes late has come.
func staysFree(t *testing.T, holds func() bool) bool {
	t.Helper()
	const late = 300 * time.Millisecond
	for end := time.Now().Add(late); time.Now().Before(end); {
		held(t, device{"late camera", holds}, false, releaseLimit)
	}
	return held(t, device{"late camera", holds}, false, releaseLimit)
}

// Two hundred stays that end at random moments while camera and microphone are
// opening, the camera coming up before, while or after: nothing may stay open
// after any of them.
func TestL6_LeavingAtTwoHundredMoments(t *testing.T) {
	const rounds = 200
	random := rand.New(rand.NewPCG(2, 200)) // the same moments in every run
	moment := func() time.Duration { return time.Duration(random.IntN(40_000)) * time.Microsecond }
	pulse := testenv.Pulse(t)
	f := testenv.Foyer(t)
	server := testenv.Serve(t, f, drive.ServeOptions{})
	link := server.Invite("moments")
	camera, gate := slowCamera(t)
	p := testenv.Join(t, f, drive.JoinOptions{Link: link, Name: "Ada", ID: "ada", Env: pulse.Env(), Args: []string{"--stay", "--speaker", "default"}})
	p.Await("joined")
	audio := device{"sound", func() bool {
		return slices.ContainsFunc(append(pulse.SourceOutputs(), pulse.SinkInputs()...), func(o testenv.Stream) bool { return o.PID == p.PID })
	}}
	for i := range rounds {
		mark := p.Mark()
		gate.Shut()
		opens := time.AfterFunc(moment(), gate.Open)
		p.Say(map[string]any{"cmd": "publish", "source": "camera", "device": camera})
		p.Say(map[string]any{"cmd": "publish", "source": "microphone", "device": "default"})
		<-time.After(moment())
		p.Say(map[string]any{"cmd": "leave"})
		left := p.AwaitAfter(mark, "left", nil)
		if left.Text("reason") != "left" {
			t.Fatalf("round %d: %s", i, left.Raw)
		}
		// Our side has closed its connection; the sound server reads the end of
		// it a moment later.
		if !held(t, audio, false, soundServerLag) {
			t.Fatalf("round %d: sound is still open %v after left", i, soundServerLag)
		}
		if opens.Stop() {
			gate.Open()
		}
		if !held(t, device{"camera", holdsFile(p.PID, camera)}, false, releaseLimit) {
			t.Fatalf("round %d: the camera is still open %v after left", i, releaseLimit)
		}
		mark = p.Mark()
		p.Say(map[string]any{"cmd": "join", "link": link})
		p.AwaitAfter(mark, "joined", nil)
	}
	if !staysFree(t, holdsFile(p.PID, camera)) {
		t.Error("a camera that opened late stays open")
	}
}
