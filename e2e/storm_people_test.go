//go:build linux

package e2e

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/engine/client"
	"foyer/engine/enginetest"
	"foyer/internal/testenv"
)

// stormDevice is one installation of the program without camera, microphone and
// window: the real engine and the real client, behind a line that can be cut.
type stormDevice struct {
	engine *engine.Engine
	line   *line
	read   chan struct{} // the reader has ended

	mu     sync.Mutex
	state  call.State
	self   call.SID
	roster map[call.Identity]call.SID
	// Since the last calm:
	story     []string                             // "joined" and the reasons of exits, in order
	errs      []error                              // of exits
	gone      map[call.Identity][]call.LeaveReason // whom it was told to have gone
	disturbed bool                                 // it was reconnecting: it may have missed something
	// Since ever:
	joins, lefts int
}

func newStormDevice(t *testing.T, key ed25519.PrivateKey, server string) *stormDevice {
	t.Helper()
	ledger := &enginetest.Ledger{}
	d := &stormDevice{line: newLine(t, server), read: make(chan struct{}), roster: map[call.Identity]call.SID{}, gone: map[call.Identity][]call.LeaveReason{}}
	dialer := client.New(client.Config{})
	d.engine = engine.New(engine.Config{
		Devices: &enginetest.Devices{Ledger: ledger}, Media: &enginetest.Media{Ledger: ledger}, Dialer: dialer, Key: key,
	})
	ran := make(chan error, 1)
	go func() { ran <- d.engine.Run(context.Background()) }()
	go d.follow()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), testenv.Limit)
		defer cancel()
		if err := d.engine.Close(ctx); err != nil {
			t.Error(err)
		}
		<-d.read
		if err := <-ran; err != nil {
			t.Error(err)
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.joins != d.lefts {
			t.Errorf("%d joins were accepted and %d exits told", d.joins, d.lefts)
		}
	})
	return d
}

func (d *stormDevice) follow() {
	defer close(d.read)
	for {
		<-d.engine.Events().Ready()
		events, open := d.engine.Events().Take()
		d.mu.Lock()
		for _, e := range events {
			d.take(e.Event)
		}
		d.mu.Unlock()
		if !open {
			return
		}
	}
}

func (d *stormDevice) take(e call.Event) {
	switch e := e.(type) {
	case call.StateChanged:
		d.state = e.State
		d.disturbed = d.disturbed || e.State == call.StateReconnecting
	case call.Joined:
		d.story = append(d.story, "joined")
		d.replace(e.Self, e.Participants)
	case call.RoomUpdated:
		d.replace(e.Self, e.Participants)
	case call.ParticipantJoined:
		d.roster[e.Participant.Identity] = e.Participant.SID
	case call.ParticipantLeft:
		id := e.Participant.Identity
		d.gone[id] = append(d.gone[id], e.Reason)
		if d.roster[id] == e.Participant.SID {
			delete(d.roster, id)
		}
	case call.Left:
		d.story = append(d.story, e.Reason.String())
		d.errs = append(d.errs, e.Err)
		d.lefts++
		clear(d.roster)
	}
}

func (d *stormDevice) replace(self call.Participant, all []call.Participant) {
	d.self = self.SID
	clear(d.roster)
	for _, p := range all {
		d.roster[p.Identity] = p.SID
	}
}

// stormView is what a device knows at one moment.
type stormView struct {
	state     call.State
	story     string
	disturbed bool
	roster    []call.Identity
	gone      map[call.Identity][]call.LeaveReason
	errs      []error
}

func (d *stormDevice) view() stormView {
	d.mu.Lock()
	defer d.mu.Unlock()
	return stormView{
		state: d.state, story: strings.Join(d.story, " "), disturbed: d.disturbed,
		roster: slices.Sorted(maps.Keys(d.roster)), gone: maps.Clone(d.gone), errs: slices.Clone(d.errs),
	}
}

// calm forgets what has happened.
func (d *stormDevice) calm() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.story, d.errs, d.disturbed = nil, nil, false
	d.gone = map[call.Identity][]call.LeaveReason{}
}

func (d *stormDevice) join(link call.Link, id call.Identity) error {
	link.Hosts = []string{d.line.listener.Addr().String()}
	d.mu.Lock()
	d.joins++
	d.mu.Unlock()
	none := engine.Choice{Camera: call.DeviceNone, Microphone: call.DeviceNone, Speaker: call.DeviceNone}
	err := d.engine.Do(engine.Join{Link: link, Name: "Guest " + string(id), Identity: id, Devices: none})
	if err != nil {
		d.mu.Lock()
		d.joins--
		d.mu.Unlock()
	}
	return err
}

// line is a way to the server's port that can be cut; media goes its own way.
type line struct {
	server   string
	listener net.Listener

	mu      sync.Mutex
	refuses bool
	conns   map[net.Conn]bool
	group   sync.WaitGroup
}

func newLine(t *testing.T, server string) *line {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	c := &line{server: server, listener: l, conns: map[net.Conn]bool{}}
	c.group.Go(c.accept)
	t.Cleanup(func() {
		_ = c.listener.Close()
		c.cut(true)
		c.group.Wait()
	})
	return c
}

func (l *line) accept() {
	for {
		near, err := l.listener.Accept()
		if err != nil {
			return
		}
		l.group.Go(func() { l.carry(near) })
	}
}

func (l *line) carry(near net.Conn) {
	defer near.Close()
	if !l.hold(near) {
		return
	}
	defer l.drop(near)
	far, err := net.DialTimeout("tcp", l.server, time.Second)
	if err != nil {
		return
	}
	defer far.Close()
	if !l.hold(far) {
		return
	}
	defer l.drop(far)
	var both sync.WaitGroup
	for _, way := range [][2]net.Conn{{near, far}, {far, near}} {
		both.Go(func() {
			_, _ = io.Copy(way[1], way[0]) // its end is what counts
			_ = way[0].Close()
			_ = way[1].Close()
		})
	}
	both.Wait()
}

func (l *line) hold(c net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refuses {
		return false
	}
	l.conns[c] = true
	return true
}

func (l *line) drop(c net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.conns, c)
}

// cut ends what is open; refuse says whether new connections are ended, too.
func (l *line) cut(refuse bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refuses = refuse
	for c := range l.conns {
		_ = c.Close()
	}
}

// person of the storm: one key, and two devices to join with.
type stormPerson struct {
	id      call.Identity
	devices []*stormDevice
	in      int // which device is in the room; -1: none
	banned  bool
}

func newStormPerson(t *testing.T, n int, server string) *stormPerson {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	must(t, err)
	p := &stormPerson{id: call.Identity(fmt.Sprint("guest", n)), in: -1}
	for range 2 {
		p.devices = append(p.devices, newStormDevice(t, key, server))
	}
	return p
}
