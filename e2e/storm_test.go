//go:build linux

package e2e

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/internal/drive"
	"foyer/internal/testenv"
)

var (
	stormSeed = flag.Uint64("storm.seed", 0, "of the storm against the real server; 0: another each time")
	stormLong = flag.Bool("storm.long", false, "let the storm last ten minutes")
)

const (
	stormRoom   = "storm"
	stormPeople = 6
	stormShort  = 40 * time.Second
	stormLasts  = 10 * time.Minute
	// calmWithin is how long everything may take to be as the model says: the
	// longest is a client that finds the server killed and started again.
	calmWithin = 40 * time.Second
	// lookEvery keeps below the door's rate of API calls, 50 a second.
	lookEvery = 100 * time.Millisecond
)

// TestJ4_J5_K4_StormAgainstTheServer lets people join, leave, be removed,
// banned and pardoned, come with a second device, lose their connection, and
// sees rooms dismissed and servers stopped and killed, at random and at the
// same time. A model says who must be in, and which reasons may be told. When
// it is calm, the model, the door's members, LiveKit's participants and
// everybody's own roster must agree, every exit must have had a true reason,
// and everybody else must have been told the same.
func TestJ4_J5_K4_StormAgainstTheServer(t *testing.T) {
	t.Parallel()
	seed := *stormSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("go test ./e2e -run StormAgainst -storm.seed %d", seed)
	s := newServerStorm(t, seed)
	lasts := stormShort
	if *stormLong {
		lasts = stormLasts
	}
	rounds := 0
	for end := time.Now().Add(lasts); time.Now().Before(end); rounds++ {
		s.round()
	}
	t.Logf("%d rounds: %v", rounds, s.did)
}

// serverStorm is the model and the real thing.
type serverStorm struct {
	t      *testing.T
	random *rand.Rand
	foyer  drive.Foyer
	server *testenv.Server
	link   call.Link
	key    string // admin's
	client *http.Client
	people []*stormPerson
	did    map[string]int
	log    []string
}

func newServerStorm(t *testing.T, seed uint64) *serverStorm {
	t.Helper()
	s := &serverStorm{t: t, random: rand.New(rand.NewPCG(seed, 0x5707)), foyer: testenv.Foyer(t), did: map[string]int{}}
	s.server = testenv.Serve(t, s.foyer, drive.ServeOptions{})
	var err error
	s.link, err = call.ParseLink(s.server.Invite(stormRoom))
	must(t, err)
	raw, err := os.ReadFile(s.server.Drive.AdminKeyFile)
	must(t, err)
	var key struct{ Key string }
	must(t, json.Unmarshal(raw, &key))
	s.key = key.Key
	// The certificate is of the server's own making.
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} //nolint:gosec // see above
	t.Cleanup(transport.CloseIdleConnections)
	s.client = &http.Client{Transport: transport, Timeout: testenv.Limit}
	address, err := url.Parse(s.server.Drive.URL)
	must(t, err)
	for n := range stormPeople {
		s.people = append(s.people, newStormPerson(t, n, address.Host))
	}
	return s
}

// plan is what happens to one person in a round, and the stories that their
// two devices may tell of it.
type plan struct {
	name  string
	do    []func() error // at the same time
	may   [2][]string
	cause bool // nobody else may have another reason than the first exit's
}

// round lets something happen, waits for calm and compares.
func (s *serverStorm) round() {
	plans := make([]plan, len(s.people))
	quiet := [2][]string{{""}, {""}}
	for i := range plans {
		plans[i] = plan{name: "rests", may: quiet}
	}
	everybody := ""
	switch n := s.random.IntN(24); {
	case n == 0:
		everybody = "dismissed"
		s.all(plans, "dismissed")
		must(s.t, s.dismiss())
	case n == 1:
		everybody = "server stopped"
		s.all(plans, "server_stopped")
		s.restart(false)
	case n == 2:
		everybody = "server killed"
		// A client that joins anew by itself opens no room: it ended with the server.
		s.all(plans, "room_closed", "connection_lost", "server_stopped")
		s.restart(true)
	default:
		for i, p := range s.people {
			if s.random.IntN(2) == 0 {
				plans[i] = s.plan(p)
			}
		}
	}
	s.note(plans, everybody)
	s.run(plans)
	s.settle(plans)
	s.reasons(plans)
	for _, p := range s.people {
		for _, d := range p.devices {
			d.calm()
		}
	}
}

func (s *serverStorm) note(plans []plan, everybody string) {
	if everybody != "" {
		s.did[everybody]++
		s.log = append(s.log, everybody)
		return
	}
	line := ""
	for i, p := range plans {
		if p.name != "rests" {
			s.did[p.name]++
			line += fmt.Sprintf("%s %s; ", s.people[i].id, p.name)
		}
	}
	s.log = append(s.log, line)
}

// all sets the stories of whoever is in.
func (s *serverStorm) all(plans []plan, stories ...string) {
	for i, p := range s.people {
		if p.in >= 0 {
			plans[i].may[p.in] = stories
		}
	}
}

// plan picks what happens to one person.
func (s *serverStorm) plan(p *stormPerson) plan {
	one := s.random.IntN(2)
	if p.in >= 0 {
		return s.planInside(p, p.in)
	}
	join := func() error { return p.devices[one].join(s.link, p.id) }
	pl := plan{may: [2][]string{{""}, {""}}}
	switch {
	case p.banned && s.random.IntN(2) == 0:
		pl.name, pl.do = "is pardoned", []func() error{func() error { return s.people1(call.OpUnban, p.id) }}
		p.banned = false
	case p.banned:
		pl.name, pl.do, pl.may[one] = "tries although banned", []func() error{join}, []string{"banned"}
	default:
		switch s.random.IntN(6) {
		case 0:
			pl.name, pl.do = "joins while being removed", []func() error{join, s.later(s.removal(p.id))}
			pl.may[one] = []string{"joined", "joined removed", "removed"}
		default:
			pl.name, pl.do, pl.may[one] = "joins", []func() error{join}, []string{"joined"}
		}
	}
	return pl
}

func (s *serverStorm) planInside(p *stormPerson, in int) plan {
	d, pl := p.devices[in], plan{may: [2][]string{{""}, {""}}}
	leave := func() error { return d.engine.Do(engine.Leave{}) }
	remove := s.removal(p.id)
	ban := func() error { return s.people1(call.OpBan, p.id) }
	cut := s.cut(d)
	switch s.random.IntN(9) {
	case 0:
		pl.name, pl.do, pl.may[in], pl.cause = "leaves", []func() error{leave}, []string{"left"}, true
	case 1:
		pl.name, pl.do, pl.may[in], pl.cause = "is removed", []func() error{remove}, []string{"removed"}, true
	case 2:
		pl.name, pl.do, pl.may[in], pl.cause = "is banned", []func() error{ban}, []string{"banned"}, true
		p.banned = true
	case 3, 4:
		pl.name, pl.do = "is cut off", []func() error{cut}
	case 5:
		pl.name, pl.do, pl.may[in] = "is cut off and removed", []func() error{cut, s.later(remove)}, []string{"removed"}
	case 6:
		pl.name, pl.do, pl.may[in] = "is cut off and banned", []func() error{cut, s.later(ban)}, []string{"banned"}
		p.banned = true
	case 7:
		pl.name, pl.do, pl.may[in] = "leaves while being removed", []func() error{leave, s.later(remove)}, []string{"left", "removed"}
	default:
		other := 1 - in
		pl.name, pl.do = "joins with another device", []func() error{func() error { return p.devices[other].join(s.link, p.id) }}
		pl.may[in], pl.may[other] = []string{"duplicate"}, []string{"joined"}
	}
	return pl
}

// later delays something by a random moment, which is what races are made of.
func (s *serverStorm) later(f func() error) func() error {
	d := time.Duration(s.random.IntN(150)) * time.Millisecond
	return func() error { <-time.After(d); return f() }
}

// cut ends somebody's connections, and keeps new ones out for a moment.
func (s *serverStorm) cut(d *stormDevice) func() error {
	away := time.Duration(s.random.IntN(1500)) * time.Millisecond
	return func() error {
		d.line.cut(true)
		<-time.After(away) // the length of the cut
		d.line.cut(false)
		return nil
	}
}

// run does everything at the same time.
func (s *serverStorm) run(plans []plan) {
	var all sync.WaitGroup
	for _, p := range plans {
		for _, f := range p.do {
			all.Go(func() {
				if err := f(); err != nil {
					s.t.Errorf("%s: %v", p.name, err)
				}
			})
		}
	}
	all.Wait()
}

// settle waits until everything agrees with the model, and takes over what
// could have come out in several ways.
func (s *serverStorm) settle(plans []plan) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), calmWithin)
	defer cancel()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	differs := s.compare(plans)
	for differs != nil && ctx.Err() == nil {
		<-look.C // nobody tells when all agree
		differs = s.compare(plans)
	}
	if differs != nil {
		s.t.Fatalf("the model and the world differ:\n%v\nwhat happened:\n%s", differs, strings.Join(s.log[max(0, len(s.log)-4):], "\n"))
	}
}

// compare tells what differs at this moment.
func (s *serverStorm) compare(plans []plan) error {
	var in []call.Identity
	where := make([]int, len(s.people))
	for i, p := range s.people {
		where[i] = -1
		for n, d := range p.devices {
			v := d.view()
			if !slices.Contains(plans[i].may[n], v.story) {
				return fmt.Errorf("%s %s: device %d tells %q (%v), not one of %q", p.id, plans[i].name, n, v.story, v.errs, plans[i].may[n])
			}
			switch v.state {
			case call.StateJoined:
				where[i] = n
			case call.StateIdle, call.StateUnknown:
			default:
				return fmt.Errorf("%s: device %d is %v", p.id, n, v.state)
			}
		}
		if where[i] >= 0 {
			in = append(in, p.id)
		}
	}
	slices.Sort(in)
	if err := s.compareRosters(where, in); err != nil {
		return err
	}
	if err := s.compareServer(in); err != nil {
		return err
	}
	for i, p := range s.people {
		p.in = where[i]
	}
	return nil
}

// compareRosters: everybody's own list is the model's (contract J5).
func (s *serverStorm) compareRosters(where []int, in []call.Identity) error {
	for i, p := range s.people {
		if where[i] < 0 {
			continue
		}
		others := slices.DeleteFunc(slices.Clone(in), func(id call.Identity) bool { return id == p.id })
		if got := p.devices[where[i]].view().roster; !slices.Equal(got, others) {
			return fmt.Errorf("%s sees %q, in are %q", p.id, got, others)
		}
	}
	return nil
}

// compareServer: LiveKit's list and the door's are the model's.
func (s *serverStorm) compareServer(in []call.Identity) error {
	var list struct {
		Participants []struct{ Identity call.Identity }
	}
	err := s.server.Call(s.t.Context(), "ListParticipants", map[string]any{"room": stormRoom}, &list)
	if err != nil {
		return err
	}
	var there []call.Identity
	for _, p := range list.Participants {
		if !strings.HasPrefix(string(p.Identity), "foyer-") { // the keeper
			there = append(there, p.Identity)
		}
	}
	slices.Sort(there)
	if !slices.Equal(there, in) {
		return fmt.Errorf("LiveKit has %q, in are %q", there, in)
	}
	var members doorapi.MembersAnswer
	if err := s.door(call.OpMembers, doorapi.RoomRequest{Room: stormRoom}, &members); err != nil {
		return err
	}
	var online []call.Identity
	for _, m := range members.Members {
		if m.Presence != call.PresenceOnline {
			return fmt.Errorf("the door has %s %s", m.ID, m.Presence)
		}
		online = append(online, m.ID)
	}
	slices.Sort(online)
	if !slices.Equal(online, in) {
		return fmt.Errorf("the door has %q, in are %q", online, in)
	}
	return nil
}

// reasons: who was there all the time was told once of each exit, with the
// reason that the person was told (contract K4), and every refusal was a ban or
// a removal (contract J6).
func (s *serverStorm) reasons(plans []plan) {
	s.t.Helper()
	for i, p := range s.people {
		for _, d := range p.devices {
			for _, err := range d.view().errs {
				var banned *call.BannedError
				var out *call.PutOutError
				if err != nil && !errors.As(err, &banned) && !errors.As(err, &out) && plans[i].name != "rests" {
					s.t.Errorf("%s %s: %v", p.id, plans[i].name, err)
				}
			}
		}
		for j, other := range s.people {
			if i == j || !plans[i].cause || other.in < 0 {
				continue
			}
			v := other.devices[other.in].view()
			if v.disturbed || v.story != "" {
				continue // it has come since, or may have missed it
			}
			told := v.gone[p.id]
			if want := plans[i].may; len(told) != 1 || !slices.Contains(append(want[0], want[1]...), told[0].String()) {
				s.t.Errorf("%s %s: %s is told %v", p.id, plans[i].name, other.id, told)
			}
		}
	}
}

// removal removes somebody as the host's tools do, or as another server with
// LiveKit's API does: both have the same effects.
func (s *serverStorm) removal(id call.Identity) func() error {
	if s.random.IntN(2) == 0 {
		return func() error { return s.people1(call.OpRemove, id) }
	}
	return func() error { return unlessMissing(s.server.Remove(s.t.Context(), stormRoom, string(id))) }
}

// unlessMissing lets LiveKit not know the room or the person, who may have left
// or not have come yet.
func unlessMissing(err error) error {
	if api := (*drive.APIError)(nil); errors.As(err, &api) && api.Status == http.StatusNotFound {
		return nil
	}
	return err
}

// people1 is an operation on one person.
func (s *serverStorm) people1(op call.Operation, id call.Identity) error {
	var answer doorapi.PeopleAnswer
	err := s.door(op, doorapi.PeopleRequest{Room: stormRoom, IDs: []call.Identity{id}}, &answer)
	if err == nil && (len(answer.Results) != 1 || answer.Results[0].Result == call.ResultFailed) {
		err = fmt.Errorf("%s %s: %v", op, id, answer)
	}
	if code := (*refusalError)(nil); op == call.OpRemove && errors.As(err, &code) && code.door.Code == doorapi.CodeNoSuchRoom {
		return nil // the join that opens it has not come yet
	}
	return err
}

// dismiss ends the room in one of the same two ways.
func (s *serverStorm) dismiss() error {
	if s.random.IntN(2) == 0 {
		return unlessMissing(s.server.Dismiss(s.t.Context(), stormRoom))
	}
	err := s.door(call.OpDismiss, doorapi.DismissRequest{Room: stormRoom}, &struct{}{})
	if code := (*refusalError)(nil); errors.As(err, &code) && code.door.Code == doorapi.CodeNoSuchRoom {
		return nil // it is not open
	}
	return err
}

// refusalError is a refusal of the door's API.
type refusalError struct{ door doorapi.Error }

func (e *refusalError) Error() string { return string(e.door.Code) + ": " + e.door.Message }

// door calls an operation of the door's with the admin key.
func (s *serverStorm) door(op call.Operation, request, answer any) error {
	body, err := json.Marshal(request)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.server.Drive.URL+doorapi.APIPath+string(op), bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+s.key)
	res, err := s.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		refusal := &refusalError{}
		_ = json.Unmarshal(raw, &refusal.door) // the status says that it is one
		return refusal
	}
	return json.Unmarshal(raw, answer)
}

// restart stops the server politely, or kills it, and starts it again with what
// it has stored.
func (s *serverStorm) restart(kill bool) {
	ctx, cancel := context.WithTimeout(s.t.Context(), testenv.Limit)
	defer cancel()
	if kill {
		must(s.t, s.server.Signal(syscall.SIGKILL))
		_, err := s.server.Exit(ctx)
		must(s.t, err)
	} else {
		_, err := s.server.Drive.Stop(ctx)
		must(s.t, err)
	}
	s.client.CloseIdleConnections()
	listen := strings.TrimPrefix(s.server.Drive.URL, "https://")
	s.server = testenv.Serve(s.t, s.foyer, drive.ServeOptions{Listen: listen, Data: s.server.Drive.Data})
}
