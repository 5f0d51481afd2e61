//go:build linux

package attack_test

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"foyer/internal/attack"
	"foyer/internal/drive"
	"foyer/internal/testenv"
)

var (
	long  = flag.Bool("attacks.long", false, "attack with all that an attacker has, not for a moment only")
	table = flag.String("attacks.table", "", "write what was measured to this document")
)

func TestMain(m *testing.M) {
	status := m.Run()
	testenv.RemoveFoyer()
	os.Exit(status)
}

// who attacks.
type who string

// From the outside to the inside.
const (
	outsider    who = "outsider"
	participant who = "participant"
	listener    who = "listener"
	muted       who = "muted"
	banned      who = "banned"
	keyHolder   who = "API key"
	relayKey    who = "relay key"
	relayOwner  who = "relay"
	hostile     who = "server"
	local       who = "local user"
)

// attempt is one attack.
type attempt struct {
	name  string
	by    who
	tries string // what it wants
	// run attacks and tells what became of it, or fails with what it reached.
	run func(s *stage) (string, error)
}

// patient are attacks that wait for most of a minute, also in their short form.
var patient = []string{
	"streams of five identities", "coming and going with streams", "coming and going with sections",
	"joins that use up an address", "nobody reads at a relay", "sealed bytes changed", "a relay killed in a call",
}

// crowds are attacks in whose long form hundreds come within seconds: see crowdLimit.
var crowds = []string{"banned, racing", "User-Agents of 100 kB"}

// cuts reports whether the relay is killed, and with it everybody's connection for a while.
// What is measured then is the room server.
func (at attempt) cuts() bool { return at.by == relayOwner }

// group is what attacks have in common.
type group struct {
	name  string
	arena int // of those that are attacked side by side; all take about as long
	all   []attempt
	// open makes an arena for this group alone; nil: it is in the usual one.
	open func(*testing.T) *arena
}

// arenas is how many are attacked side by side: most of the time is spent waiting
// for a server to give up on somebody. The long form shows what an attack costs,
// so there each has the machine to itself.
func arenas() int {
	if *long {
		return 1
	}
	return 2
}

func groups() []group {
	return []group{
		{name: "stream", arena: 0, all: streamAttacks()},
		{name: "signal", arena: 0, all: signalAttacks()},
		{name: "data", arena: 0, all: dataAttacks()},
		{name: "tracks", arena: 1, all: trackAttacks()},
		{name: "loose media", arena: 1, all: looseAttacks()},
		{name: "rights", arena: 0, all: rightsAttacks()},
		{name: "door", arena: 1, all: outsideAttacks()},
		{name: "join", arena: 0, all: joinAttacks()},
		{name: "waiting", arena: 1, all: waitingAttacks()},
		{name: "media port", arena: 0, all: mediaPortAttacks()},
		{name: "media connections", arena: 0, all: mediaTCPAttacks()},
		{name: "local", arena: 0, all: localAttacks()},
		{name: "server", arena: 1, all: serverAttacks()},
		{name: "relay", arena: 1, all: relayAttacks(), open: openRelayArena},
	}
}

// tries is how often an attack is repeated that did nothing but silence
// somebody: what a busy machine does, it does not do each time. A repetition has
// the machine to itself, so that the silence is not another attack's.
const tries = 3

// attackLimit bounds one attack.
func attackLimit() time.Duration {
	if *long {
		return 3 * time.Minute
	}
	return time.Minute
}

// row is what was measured of one attack.
type row struct {
	attempt
	said              string
	bad               []string
	server, bystander *course
	silence           time.Duration
	took              time.Duration
}

// TestAttacks lets every attack happen beside two people who talk to each other.
// Whatever it is, the server and their programs stay within their limits, they
// go on hearing each other, and all is as before once the attacker is gone.
func TestAttacks(t *testing.T) {
	var machine sync.RWMutex
	var side sync.WaitGroup
	doc := document{name: *table}
	for k := range arenas() {
		side.Go(func() {
			f := field{t: t, machine: &machine, open: openArena}
			for _, g := range groups() {
				if g.arena%arenas() != k {
					continue
				}
				if err := doc.write(f.attack(g)); err != nil {
					t.Error(err)
				}
			}
			f.rest()
		})
	}
	side.Wait()
}

// field is where attacks happen one after the other.
type field struct {
	t       *testing.T
	machine *sync.RWMutex // shared with other fields, unless an attack is to be alone
	open    func(*testing.T) *arena
	arena   *arena // nil: to be opened
	n       int    // attacks, each from another address
}

// attack lets a group's attacks happen and returns what was measured.
func (f *field) attack(g group) (rows []row) {
	f.t.Run(g.name, func(sub *testing.T) {
		f := f
		if g.open != nil {
			f = &field{t: sub, machine: f.machine, open: g.open, arena: g.open(sub)}
			f.arena.warmUp(sub)
		}
		for _, at := range g.all {
			sub.Run(at.name, func(one *testing.T) {
				if !*long && slices.Contains(patient, at.name) {
					one.Skip("it waits for most of a minute; runs in make attack, every night")
				}
				for try := 1; ; try++ {
					r := f.endure(one, at, try > 1)
					if len(r.bad) == 0 && r.silence >= mostSilence && try < tries {
						continue
					}
					for _, bad := range r.verdict() {
						one.Error(bad)
					}
					rows = append(rows, r)
					return
				}
			})
		}
	})
	return rows
}

// rest waits until those who were attacked are as before any attack.
func (f *field) rest() {
	if f.arena == nil {
		return
	}
	for _, s := range []subject{f.arena.serving, f.arena.ada.subject} {
		began := time.Now()
		if err := s.rests(f.t.Context()); err != nil {
			f.t.Error(err)
		}
		f.t.Logf("%s rests after %v", s.name, time.Since(began).Round(time.Millisecond))
	}
}

// endure lets one attack happen, beside those in other fields or alone.
func (f *field) endure(t *testing.T, at attempt, alone bool) row {
	t.Helper()
	turn := f.machine.RLocker()
	if alone {
		turn = f.machine
	}
	turn.Lock()
	defer turn.Unlock()
	if f.arena == nil {
		f.arena = f.open(f.t)
		f.arena.warmUp(t)
	}
	f.n++
	r := f.arena.endure(t, f.n, at)
	t.Log(r)
	if !r.server.back || !r.bystander.back {
		f.arena.close() // the next one is measured against a server that is well
		f.arena = nil
	}
	return r
}

// String is what was measured, in a line.
func (r row) String() string {
	text := fmt.Sprintf("%s (%v), silence %v", r.said, r.took.Round(time.Millisecond), r.silence)
	for _, c := range []*course{r.server, r.bystander} {
		text += fmt.Sprintf("; %s %d, %d, %d MB, %d, %d, %d files, %d, %d, %d goroutines, back after %v, %d bytes of log", c.name,
			c.before.rss>>20, c.peak.rss>>20, c.after.rss>>20, c.before.files, c.peak.files, c.after.files,
			c.before.goroutines, c.peak.goroutines, c.after.goroutines, c.took.Round(time.Millisecond), c.written)
	}
	return text
}

// endure lets one attack happen and measures.
func (a *arena) endure(t *testing.T, n int, at attempt) row {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), attackLimit()+2*crowdLimit)
	defer cancel()
	s := &stage{arena: a, ctx: ctx, mark: a.ada.Mark()}
	s.door = attack.Door{URL: a.server.Drive.URL, From: net.IPv4(127, 0, byte(1+n/250), byte(1+n%250))}
	r := row{attempt: at}
	var err error
	on := a.serving
	if at.cuts() {
		on = a.between.hosting
	}
	if r.server, err = on.begin(ctx); err != nil {
		t.Fatal(err)
	}
	if r.bystander, err = a.ada.begin(ctx); err != nil {
		t.Fatal(err)
	}
	marks := [2]int{a.ada.Mark(), a.grace.Mark()}
	watching, enough := context.WithCancel(ctx)
	go r.server.watch(watching)
	go r.bystander.watch(watching)
	began := time.Now()
	if r.said, err = at.run(s); err != nil {
		r.bad = append(r.bad, fmt.Sprintf("%v (%s)", err, r.said))
	}
	r.took = time.Since(began)
	s.over()
	all := []*course{r.server, r.bystander}
	if s.victim != nil {
		all = append(all, s.victim)
	}
	for _, c := range all {
		c.limit = backLimit
		if *long && slices.Contains(crowds, at.name) {
			c.limit = crowdLimit
		}
		if err := c.settle(ctx); err != nil {
			r.bad = append(r.bad, err.Error())
		}
	}
	enough()
	<-r.server.done
	<-r.bystander.done
	for _, c := range all {
		r.bad = append(r.bad, c.verdict()...)
	}
	r.bystander = all[len(all)-1] // the table shows whom it was on
	if err := s.reported(marks); err != nil {
		r.bad = append(r.bad, err.Error())
	}
	r.bad = append(r.bad, a.talk(&r, marks)...)
	return r
}

// reported waits until both have reported what they hear often enough.
func (s *stage) reported(marks [2]int) error {
	const enough = 3
	for i, b := range []*bystander{s.ada, s.grace} {
		n := 0
		if _, err := b.Wait(s.ctx, "stats", marks[i], func(drive.Event) bool { n++; return n >= enough }); err != nil {
			return err
		}
	}
	return nil
}

// talk checks that the two have heard each other all the while and that their
// stays go on.
func (a *arena) talk(r *row, marks [2]int) (bad []string) {
	pairs := [][2]*bystander{{a.ada, a.grace}, {a.grace, a.ada}}
	for i, pair := range pairs {
		silence, err := pair[0].silence(marks[i], pair[1].id)
		if err != nil {
			bad = append(bad, err.Error())
		}
		if !r.cuts() {
			r.silence = max(r.silence, silence)
		}
		for _, e := range pair[0].Events()[marks[i]:] {
			if e.Name == "left" || e.Name == "state" && !r.cuts() {
				bad = append(bad, fmt.Sprintf("%s: %s", pair[0].id, e.Raw))
			}
		}
	}
	return bad
}

// verdict lists what the attack did that it must not.
func (r row) verdict() []string {
	if r.silence >= mostSilence {
		return append(r.bad, fmt.Sprintf("somebody heard nothing for %v", r.silence))
	}
	return r.bad
}
