//go:build linux

package attack_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/internal/attack"
	"foyer/internal/drive"
	"foyer/internal/testenv"
)

// hall is the room that everybody is in.
const hall = "hall"

// arena is a server, two people who talk to each other in one of its rooms, and
// what is needed to come there.
type arena struct {
	t          *testing.T
	foyer      drive.Foyer
	server     *testenv.Server
	serving    subject
	media      int // the server's port for media
	ada, grace *bystander
	guest      *bystander // vera, once she is needed
	visits     int        // of hers
	admin      string     // key
	links      map[call.Role]call.Link
	people     int    // who has come to attack, all
	enough     func() // ends asking
	asking     sync.WaitGroup

	between *between // nil: there is no relay
	// warm lets everything happen once that an attacker makes happen.
	warm func(*stage) error
}

// openArena starts everything. What belongs to it ends with t.
func openArena(t *testing.T) *arena {
	t.Helper()
	a := &arena{t: t, foyer: testenv.Foyer(t), media: testenv.FreePort(t), links: map[call.Role]call.Link{}, warm: warmServer}
	at := a.pprof()
	a.server = testenv.Serve(t, a.foyer, drive.ServeOptions{
		Listen: ":0", // as servers do: with media over TCP, which one address alone has not
		Args:   []string{"--media-port", strconv.Itoa(a.media), "--pprof", at},
	})
	a.serving = watched("server", mostServer, a.server.Process.Process, at)
	a.meet()
	return a
}

// meet lets two people talk to each other in the hall.
func (a *arena) meet() {
	t := a.t
	t.Helper()
	a.admin = adminKey(t, a.server.Drive)
	for _, role := range []call.Role{call.RoleHost, call.RoleParticipant, call.RoleListener} {
		a.links[role] = a.invite(hall, role)
	}
	a.ada, a.grace = a.enter("ada"), a.enter("grace")
	ctx, cancel := context.WithTimeout(t.Context(), testenv.Limit)
	defer cancel()
	for _, pair := range [][2]*bystander{{a.ada, a.grace}, {a.grace, a.ada}} {
		if _, err := pair[0].Wait(ctx, "stats", 0, func(e drive.Event) bool { return trackOf(e, pair[1].id).Level > audible }); err != nil {
			t.Fatal(err)
		}
	}
	asking, enough := context.WithCancel(context.WithoutCancel(t.Context()))
	a.enough = enough
	a.asking.Go(func() { askOften(asking, a.ada, a.grace) })
	t.Cleanup(a.close)
}

// close ends everything, before the test does.
func (a *arena) close() {
	a.enough()
	a.asking.Wait()
	for _, b := range []*bystander{a.ada, a.grace, a.guest} {
		if b != nil {
			b.Close(drive.CloseGrace)
		}
	}
	a.server.Close(drive.CloseGrace)
}

// warmUp lets people come, talk, write and go, one of them with a browser, so that what a
// server allocates once is there: LiveKit's parser of User-Agents alone has 11 MB. What it
// has then, it has to have after every attack.
func (a *arena) warmUp(t *testing.T) {
	t.Helper()
	s := &stage{arena: a, ctx: t.Context(), mark: a.ada.Mark(), door: attack.Door{URL: a.server.Drive.URL}}
	err := a.warm(s)
	s.over()
	givenBack := 11 // seconds: the program looks every 5 s for what it can give back
	if a.between != nil {
		givenBack = 1 // a relay has little, see leastBack
	}
	if err = errors.Join(err, s.stats(givenBack)); err != nil {
		t.Fatal(err)
	}
	all := []*subject{&a.serving, &a.ada.subject}
	if a.between != nil {
		all = append(all, &a.between.hosting)
	}
	for _, one := range all {
		if one.rest, err = one.look(s.ctx); err != nil {
			t.Fatal(err)
		}
	}
}

func warmServer(s *stage) error {
	p, err := s.somebody()
	if err != nil {
		return err
	}
	a, err := s.door.Admit(s.ctx, p, s.links[call.RoleParticipant])
	if err != nil {
		return err
	}
	if _, err := s.asBrowser(a.Token, "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"); err != nil {
		return err
	}
	for range 3 {
		g, _, err := s.sender()
		if err != nil {
			return err
		}
		if _, _, err := s.speaks(g, audioTrack("warm", livekit.TrackSource_MICROPHONE)); err != nil {
			return err
		}
		for _, p := range text("warm", doorapi.TopicChat, "warm") {
			if err := write(g.Channel(attack.Reliable), p); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *arena) pprof() string {
	a.t.Helper()
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(testenv.FreePort(a.t)))
}

func adminKey(t *testing.T, s *drive.Server) string {
	t.Helper()
	raw, err := os.ReadFile(s.AdminKeyFile)
	if err != nil {
		t.Fatal(err)
	}
	var k struct{ Key string }
	if err := json.Unmarshal(raw, &k); err != nil {
		t.Fatal(err)
	}
	return k.Key
}

// invite makes an invitation to a room.
func (a *arena) invite(room string, role call.Role) call.Link {
	a.t.Helper()
	text, err := a.server.Drive.InviteWith(a.t.Context(), room, "--role", string(role))
	if err != nil {
		a.t.Fatal(err)
	}
	link, err := call.ParseLink(text)
	if err != nil {
		a.t.Fatal(err)
	}
	return link
}

// enter lets an honest person with a microphone come into the hall.
func (a *arena) enter(id string) *bystander {
	a.t.Helper()
	at := a.pprof()
	p := testenv.Join(a.t, a.foyer, drive.JoinOptions{
		Link: a.links[call.RoleParticipant].String(), Name: id, ID: id,
		Args: []string{"--mic", "test", "--pprof", at},
	})
	p.Await("joined")
	p.AwaitWhere("track_published", func(e drive.Event) bool { return e.Get("local") == true })
	return &bystander{p, id, watched(id, mostBystander, p.Process, at)}
}

// stage is where one attack happens.
type stage struct {
	*arena
	ctx  context.Context //nolint:containedctx // of this attack
	door attack.Door     // from an address that nobody else has
	mark int             // ada's events from here on are this attack's

	mu      sync.Mutex
	cleanup []func()
	victim  *course // of whom the attack is on, if that is not ada
}

// measure begins to watch whom the attack is on.
func (s *stage) measure(b *bystander) error {
	c, err := b.begin(s.ctx)
	if err != nil {
		return err
	}
	s.victim = c
	watching, enough := context.WithCancel(s.ctx)
	go c.watch(watching)
	s.later(func() {
		enough()
		<-c.done
	})
	return nil
}

// later does f when the attack is over: the attacker goes.
func (s *stage) later(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cleanup = append(s.cleanup, f)
}

// over lets the attacker go, in the reverse order of coming.
func (s *stage) over() {
	for {
		s.mu.Lock()
		n := len(s.cleanup)
		if n == 0 {
			s.mu.Unlock()
			return
		}
		last := s.cleanup[n-1]
		s.cleanup = s.cleanup[:n-1]
		s.mu.Unlock()
		last()
	}
}

// many is how often something is done: few times in CI, and often with
// -attacks.long.
func many(few, often int) int {
	if *long {
		return often
	}
	return few
}

// somebody is a person who was never here.
func (s *stage) somebody() (attack.Person, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.people++
	return attack.NewPerson(fmt.Sprintf("mallory-%d", s.people))
}

// guest lets somebody new come by an invitation; they leave with the attack.
func (s *stage) guest(role call.Role) (*attack.Guest, attack.Person, error) {
	p, err := s.somebody()
	if err != nil {
		return nil, p, err
	}
	g, err := s.come(p, role)
	return g, p, err
}

func (s *stage) come(p attack.Person, role call.Role) (*attack.Guest, error) {
	g, err := s.door.Come(s.ctx, p, s.links[role])
	if err == nil {
		s.later(g.Leave)
	}
	return g, err
}

// sender is a participant with a connection for media.
func (s *stage) sender() (*attack.Guest, attack.Person, error) {
	g, p, err := s.guest(call.RoleParticipant)
	if err == nil {
		err = g.Media(s.ctx)
	}
	return g, p, err
}

// muted is one whom the host has muted.
func (s *stage) muted() (*attack.Guest, attack.Person, error) {
	g, p, err := s.guest(call.RoleParticipant)
	if err == nil {
		err = s.mute(p.ID)
	}
	return g, p, err
}

// host is the door as the host's tools see it, from their own address.
func (s *stage) host() attack.Door { return attack.Door{URL: s.server.Drive.URL} }

// asHost calls an operation with the admin key.
func (s *stage) asHost(op call.Operation, request, answer any) error {
	return s.host().Do(s.ctx, s.admin, op, request, answer)
}

func (s *stage) mute(id call.Identity) error {
	var answer doorapi.PeopleAnswer
	if err := s.asHost(call.OpMute, doorapi.MuteRequest{Room: hall, IDs: []call.Identity{id}}, &answer); err != nil {
		return err
	}
	if len(answer.Results) != 1 || answer.Results[0].Result != call.ResultDone {
		return fmt.Errorf("mute: %v", answer.Results)
	}
	return nil
}

// stats waits until ada has reported n times more: what was sent by now has come
// to her, or never will.
func (s *stage) stats(n int) error {
	mark := s.ada.Mark()
	for range n {
		e, err := s.ada.Wait(s.ctx, "stats", mark, nil)
		if err != nil {
			return err
		}
		mark = e.Index + 1
	}
	return nil
}

// reached says what an attack has reached. Its word tells .ci/run not to try again, which
// it does with what only took too long: an attack that comes through one time in two
// comes through.
func reached(format string, a ...any) error { return fmt.Errorf("reached: "+format, a...) }

// refused turns a refusal into its text, and everything else into an error.
func refused(err error) (string, error) {
	var r *attack.RefusedError
	switch {
	case err == nil:
		return "", errors.New("reached: it was not refused")
	case errors.As(err, &r):
		return r.Answer.String(), nil
	default:
		return "", err
	}
}

// every does f many times in a row, and as long as it may.
func every(ctx context.Context, d time.Duration, times int, f func(n int) error) error {
	tick := time.NewTicker(d)
	defer tick.Stop()
	for n := range times {
		if err := f(n); err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
