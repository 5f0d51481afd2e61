//go:build linux

package e2e

import (
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"
	"time"

	"foyer/internal/drive"
	"foyer/internal/matrix"
	"foyer/internal/testenv"
)

// stage is a room with one participant whose way out is tested, and what is
// needed to put them out.
type stage struct {
	foyer  drive.Foyer
	server *testenv.Server
	cable  *drive.Cable // nil: everything is on loopback
	cut    func(context.Context) error
	cause  time.Time // when the cause of the end began
	link   string
	room   string
	p      *testenv.Process // the participant
	join   drive.JoinOptions
}

// exit is one way out of a room.
type exit struct {
	name   string
	reason string // of the left event; "": there is none
	status int    // of the process; -1: ended by a signal
	cable  bool   // needs a network that can be cut
	slow   bool   // the connection is tried again first, so devices stay open for long
	act    func(t *testing.T, s *stage)
}

// exits lists the ways out, the slow ones or the others.
func exits(slow bool) []exit {
	return slices.DeleteFunc(allExits(), func(e exit) bool { return e.slow != slow })
}

func allExits() []exit {
	signal := func(sig os.Signal) func(*testing.T, *stage) {
		return func(t *testing.T, s *stage) { must(t, s.p.Signal(sig)) }
	}
	return []exit{
		{name: "leave", reason: "left", act: func(_ *testing.T, s *stage) { s.p.Say(map[string]any{"cmd": "leave"}) }},
		{name: "end of stdin", reason: "left", act: func(t *testing.T, s *stage) { must(t, s.p.CloseInput()) }},
		{name: "removed", reason: "removed", status: 3, act: func(t *testing.T, s *stage) { must(t, s.server.Remove(t.Context(), s.room, "ada")) }},
		{name: "dismissed", reason: "dismissed", act: func(t *testing.T, s *stage) { must(t, s.server.Dismiss(t.Context(), s.room)) }},
		{name: "duplicate", reason: "duplicate", status: 3, act: joinAgain},
		{name: "server stopped", reason: "server_stopped", status: 3, act: func(t *testing.T, s *stage) { must(t, s.server.Signal(syscall.SIGTERM)) }},
		{name: "server killed", reason: "connection_lost", status: 3, slow: true, act: func(t *testing.T, s *stage) { must(t, s.server.Signal(syscall.SIGKILL)) }},
		{name: "network cut", reason: "connection_lost", status: 3, slow: true, cable: true, act: func(t *testing.T, s *stage) { must(t, s.cut(t.Context())) }},
		{name: "SIGTERM", reason: "app_quit", act: signal(syscall.SIGTERM)},
		{name: "SIGINT", reason: "app_quit", act: signal(syscall.SIGINT)},
		{name: "kill -9", status: -1, act: signal(syscall.SIGKILL)},
		{name: "panic in the engine", reason: "internal", status: 3, act: func(_ *testing.T, s *stage) { s.p.Say(map[string]any{"cmd": "fault", "kind": "panic"}) }},
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// joinAgain lets the same user come in on another device.
func joinAgain(t *testing.T, s *stage) {
	again := s.join
	again.Args, again.Name = nil, "Ada elsewhere"
	joining := testenv.Join(t, s.foyer, again).Await("state")
	s.cause = joining.Seen // the program's start is no part of it
}

// device is something that the participant holds, as seen from outside.
type device struct {
	name string
	held func() bool
}

// The bounds of a release. Ways out at once: the contract's 1 s (K1), twice on
// a busy machine with the race detector. With a lost connection the stay itself
// ends only when the retries are used up.
const (
	releaseLimit = 2 * time.Second
	lostLimit    = 100 * time.Second
	// How late a busy sound server may notice that a client has gone.
	soundServerLag = 500 * time.Millisecond
)

// Every way out, with microphone, speaker and screen held by the process.
// Whoever gets out holds nothing afterwards, and the time that takes is written
// down. The camera is a device of the kernel's and has its own test, which runs
// in a virtual machine.
func TestEveryWayOutFreesTheDevices(t *testing.T) {
	freesTheDevices(t, "exit-matrix.json", false)
}

// The same where Foyer first tries for a minute to mend the connection; these
// wait together.
func TestALostConnectionFreesTheDevices(t *testing.T) {
	t.Parallel()
	freesTheDevices(t, "exit-matrix-lost.json", true)
}

func freesTheDevices(t *testing.T, file string, slow bool) {
	t.Helper()
	table := matrix.New("e2e")
	t.Cleanup(func() { must(t, table.Save(artifact(t, file))) })
	for _, e := range exits(slow) {
		t.Run(e.name, func(t *testing.T) {
			if slow {
				t.Parallel()
			}
			pulse := testenv.Pulse(t)
			screen := testenv.Display(t)
			s := enter(t, e, append(pulse.Env(), "DISPLAY="+screen),
				"--camera", "test", "--mic", "default", "--speaker", "default", "--screen")
			pid := s.p.PID
			mine := func(list func() []testenv.Stream) func() bool {
				return func() bool {
					return slices.ContainsFunc(list(), func(o testenv.Stream) bool { return o.PID == pid })
				}
			}
			leaveAndLook(t, e, s, table, []device{
				{"microphone", mine(pulse.SourceOutputs)},
				{"speaker", mine(pulse.SinkInputs)},
				{"screen", func() bool { return drive.HoldsScreen(pid) }},
			})
		})
	}
}

// enter starts a server and a participant with those devices.
func enter(t *testing.T, e exit, env []string, devices ...string) *stage {
	t.Helper()
	s := &stage{foyer: testenv.Foyer(t), room: "way-out"}
	var serve drive.ServeOptions
	switch {
	case e.cable && inVM():
		// Its kernel has no cables, but a loopback that nobody else uses.
		s.cut = drive.CutLoopback
		t.Cleanup(func() { must(t, drive.MendLoopback(context.Background())) })
	case e.cable:
		cable, err := drive.NewCable(t.Context())
		must(t, err)
		t.Cleanup(cable.Close)
		s.cable, s.cut = cable, cable.Cut
		serve = drive.ServeOptions{NS: cable.A, Listen: cable.A.Addr + ":7443"}
	}
	s.server = testenv.Serve(t, s.foyer, serve)
	s.link = s.invite(t)
	s.join = drive.JoinOptions{Link: s.link, Name: "Ada", ID: "ada", Profile: t.TempDir(), Args: devices, Env: append(env, "FOYER_FAULTS=1")}
	if s.cable != nil {
		s.join.NS = s.cable.B
	}
	s.p = testenv.Join(t, s.foyer, s.join)
	s.p.Await("joined")
	return s
}

// begin takes the way out and says when its cause began.
func (s *stage) begin(t *testing.T, e exit) time.Time {
	t.Helper()
	s.cause = time.Now()
	e.act(t, s)
	return s.cause
}

func (s *stage) invite(t *testing.T) string {
	t.Helper()
	if s.cable == nil {
		return s.server.Invite(s.room)
	}
	link, err := s.server.Drive.InviteFrom(t.Context(), s.cable.A, s.room)
	must(t, err)
	return link
}

// leaveAndLook takes the way out and checks, from outside, that every device
// comes free, and that the program says the same.
func leaveAndLook(t *testing.T, e exit, s *stage, table *matrix.Table, devices []device) {
	t.Helper()
	for _, d := range devices {
		held(t, d, true, testenv.Limit)
	}
	limit := releaseLimit
	if e.slow {
		limit = lostLimit
	}
	start := s.begin(t, e)
	row := matrix.Row{Exit: e.name, Reason: e.reason, Status: e.status}
	took := make(chan matrix.Cell, len(devices))
	for _, d := range devices {
		go func() { took <- matrix.Cell{Device: d.name, Free: held(t, d, false, limit), MS: ms(time.Since(start))} }()
	}
	for range devices {
		c := <-took
		row.Cells = append(row.Cells, c)
		if !c.Free {
			t.Errorf("%s is still held %v after %s", c.Device, limit, e.name)
		}
	}
	checkFarewell(t, e, s, &row, devices)
	if n := drive.HoldsDevice(s.p.PID); n {
		t.Error("a device file is still open")
	}
	table.Add(row)
}

// held waits until a device is held, or is not, and tells whether it came to it.
func held(t *testing.T, d device, want bool, limit time.Duration) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	if err := drive.Until(ctx, func() bool { return d.held() == want }); err != nil {
		if want {
			t.Errorf("%s was never held", d.name)
		}
		return false
	}
	return true
}

// checkFarewell checks what the program says about the end.
func checkFarewell(t *testing.T, e exit, s *stage, row *matrix.Row, devices []device) {
	t.Helper()
	if status := s.p.Ended(); status != e.status {
		t.Errorf("the process ended with status %d, want %d", status, e.status)
	}
	var left []drive.Event
	for _, ev := range s.p.Events() {
		if ev.Name == "left" {
			left = append(left, ev)
		}
	}
	if e.reason == "" {
		return
	}
	if len(left) != 1 {
		t.Fatalf("%d left events, want exactly one", len(left))
	}
	var said struct {
		Reason, Message string
		Released        []struct {
			Device string
			MS     float64
		}
		Stuck []string
	}
	must(t, left[0].Decode(&said))
	if said.Reason != e.reason || said.Message == "" || len(said.Stuck) > 0 {
		t.Errorf("left says %s, want reason %s, a message and nothing stuck", left[0].Raw, e.reason)
	}
	for _, d := range devices {
		i := slices.IndexFunc(said.Released, func(r struct {
			Device string
			MS     float64
		}) bool {
			return r.Device == d.name
		})
		if i < 0 {
			t.Errorf("the receipt %s does not name the %s", left[0].Raw, d.name)
			continue
		}
		row.Receipt(d.name, said.Released[i].MS)
	}
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// slowCamera is a camera whose opening takes as long as its gate is shut.
func slowCamera(t *testing.T) (file string, gate *drive.Gate) {
	t.Helper()
	file = writeY4M(t, 320, 180, 30)
	gate, err := drive.NewGate(file, drive.GateOpen, true)
	if err != nil {
		t.Skipf("a camera that opens slowly needs root and fanotify's permission events: %v", err)
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
func TestEveryWayOutWhileTheCameraOpens(t *testing.T) {
	whileTheCameraOpens(t, "exit-matrix-opening.json", false)
}

func TestALostConnectionWhileTheCameraOpens(t *testing.T) {
	t.Parallel()
	whileTheCameraOpens(t, "exit-matrix-opening-lost.json", true)
}

func whileTheCameraOpens(t *testing.T, file string, slow bool) {
	t.Helper()
	table := matrix.New("e2e")
	t.Cleanup(func() { must(t, table.Save(artifact(t, file))) })
	for _, e := range exits(slow) {
		t.Run(e.name, func(t *testing.T) {
			if slow {
				t.Parallel()
			}
			camera, gate := slowCamera(t)
			s := enter(t, e, nil, "--camera", camera, "--stay")
			held(t, device{"the camera's gate", func() bool { return gate.Came(s.p.PID) }}, true, testenv.Limit)
			limit := releaseLimit
			if e.slow {
				limit = lostLimit
			}
			start := s.begin(t, e)
			row := matrix.Row{Exit: e.name, Reason: e.reason, Status: e.status}
			took := time.Since(start)
			if e.reason != "" {
				left := s.p.AwaitFor(limit+testenv.Limit, "left")
				took = left.Seen.Sub(start)
				if took > limit {
					t.Errorf("the end waited %v for the camera", took)
				}
				if left.Text("reason") != e.reason {
					t.Errorf("left says %s, want %s", left.Raw, e.reason)
				}
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
}

// staysFree tells whether something is not held at the end of a time in which
// whatever comes late has come.
func staysFree(t *testing.T, holds func() bool) bool {
	t.Helper()
	const late = 300 * time.Millisecond
	for end := time.Now().Add(late); time.Now().Before(end); {
		held(t, device{"late camera", holds}, false, releaseLimit)
	}
	return !holds()
}

// Two hundred stays that end at random moments while camera and microphone are
// opening, the camera coming up before, while or after: nothing may stay open
// after any of them.
func TestLeavingAtTwoHundredMoments(t *testing.T) {
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
	sound := device{"sound", func() bool {
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
		if !held(t, sound, false, soundServerLag) {
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

func inVM() bool { return os.Getenv("FOYER_VM") != "" }

// The camera is a real V4L2 device here, so this test runs where there is one:
// "make vm-test" starts a virtual machine. Besides what the process holds, a
// second program must be able to record from the camera afterwards.
func TestEveryWayOutFreesTheCamera(t *testing.T) {
	if !inVM() {
		t.Skip("needs a camera of the kernel's: make vm-test runs it in a virtual machine")
	}
	table := matrix.New("vm")
	t.Cleanup(func() { must(t, table.Save(artifact(t, "exit-matrix-vm.json"))) })
	for _, e := range allExits() {
		t.Run(e.name, func(t *testing.T) {
			s := enter(t, e, nil, "--camera", "default")
			pid := s.p.PID
			leaveAndLook(t, e, s, table, []device{{"camera", func() bool { return drive.HoldsDevice(pid) }}})
			out, err := exec.CommandContext(t.Context(), "v4l2-ctl", "-d", "/dev/video0", "--stream-mmap", "--stream-count=1").CombinedOutput()
			if err != nil {
				t.Errorf("a second program cannot record: %v: %s", err, out)
			}
		})
	}
}
