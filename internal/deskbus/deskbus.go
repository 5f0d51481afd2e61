//go:build linux

// Package deskbus is the far side of what the program asks of a desktop over
// D-Bus: notifications, a tray, and what lets a computer sleep. It keeps what it
// was asked for and does what a user does there. Any goroutine may use it.
package deskbus

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/godbus/dbus/v5"
)

// Limit is how long something may take that is waited for here.
const Limit = 15 * time.Second

// Note is a notification that was shown.
type Note struct {
	ID, Replaces uint32
	Title, Text  string
	Actions      []string
	At           time.Time
}

// Services are the services of a desktop.
type Services struct {
	conn *dbus.Conn

	mu        sync.Mutex
	notes     []Note
	closed    []uint32
	lastID    uint32
	cookies   map[uint32]keeper
	blocks    map[int]string  // by our end of the file
	items     map[string]bool // names that icons were registered by
	abilities []string
	changed   chan struct{}
	stalls    int // requests of login1 that wait for stalled
	stalled   chan struct{}
}

// keeper is somebody who keeps the computer awake.
type keeper struct {
	service, sender, reason string
}

// names of the services.
var names = []string{
	"org.freedesktop.Notifications", "org.freedesktop.ScreenSaver", "org.freedesktop.PowerManagement",
	"org.freedesktop.login1", "org.kde.StatusNotifierWatcher",
}

// Tray is the name of the service that shows icons.
const Tray = "org.kde.StatusNotifierWatcher"

// Offer offers all services on the bus of that address, except those named.
func Offer(address string, except ...string) (*Services, error) {
	conn, err := dbus.Connect(address)
	if err != nil {
		return nil, err
	}
	s := &Services{
		conn: conn, cookies: map[uint32]keeper{}, blocks: map[int]string{}, items: map[string]bool{},
		abilities: []string{"actions", "body", "body-markup"}, changed: make(chan struct{}),
	}
	for _, e := range []struct {
		v           any
		path, iface string
	}{
		{notifications{s}, "/org/freedesktop/Notifications", "org.freedesktop.Notifications"},
		{inhibit{s, "ScreenSaver"}, "/org/freedesktop/ScreenSaver", "org.freedesktop.ScreenSaver"},
		{
			inhibit{s, "PowerManagement"}, "/org/freedesktop/PowerManagement/Inhibit",
			"org.freedesktop.PowerManagement.Inhibit",
		},
		{login{s}, "/org/freedesktop/login1", "org.freedesktop.login1.Manager"},
		{watcher{s}, "/StatusNotifierWatcher", "org.kde.StatusNotifierWatcher"},
	} {
		if err := conn.Export(e.v, dbus.ObjectPath(e.path), e.iface); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
	}
	if err := s.watchClients(); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	for _, name := range names {
		if slices.Contains(except, name) {
			continue
		}
		if err := s.Begin(name); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
	}
	return s, nil
}

// Begin offers a service from now on.
func (s *Services) Begin(name string) error {
	reply, err := s.conn.RequestName(name, dbus.NameFlagDoNotQueue)
	if err == nil && reply != dbus.RequestNameReplyPrimaryOwner {
		err = fmt.Errorf("%s is taken", name)
	}
	return err
}

// Close takes all of them away.
func (s *Services) Close() { _ = s.conn.Close() }

// watchClients forgets what clients have asked for when they go, as the services
// of desktops do.
func (s *Services) watchClients() error { return watchGone(s.conn, s.gone) }

// watchGone calls gone with the name of each client that goes.
func watchGone(conn *dbus.Conn, gone func(name string)) error {
	err := conn.AddMatchSignal(
		dbus.WithMatchSender("org.freedesktop.DBus"), dbus.WithMatchInterface("org.freedesktop.DBus"),
		dbus.WithMatchMember("NameOwnerChanged"),
	)
	if err != nil {
		return err
	}
	signals := make(chan *dbus.Signal, 100)
	conn.Signal(signals)
	go func() { // until the connection is closed
		for sig := range signals {
			var name, before, now string
			if dbus.Store(sig.Body, &name, &before, &now) == nil && now == "" {
				gone(name)
			}
		}
	}()
	return nil
}

func (s *Services) gone(name string) {
	s.change(func() {
		for cookie, k := range s.cookies {
			if k.sender == name {
				delete(s.cookies, cookie)
			}
		}
		delete(s.items, name)
	})
}

// change changes what is kept, and wakes who waits for it.
func (s *Services) change(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
	close(s.changed)
	s.changed = make(chan struct{})
}

// Until waits until cond holds of what was asked for.
func (s *Services) Until(ctx context.Context, cond func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, Limit)
	defer cancel()
	for {
		s.mu.Lock()
		changed := s.changed
		s.mu.Unlock()
		if cond() {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}

// Notes lists the notifications that were shown, Closed those that were taken
// back.
func (s *Services) Notes() []Note {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.notes)
}

// Closed lists the notifications that were taken back.
func (s *Services) Closed() []uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.closed)
}

// Awake lists why the computer is kept awake, by service.
func (s *Services) Awake() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for _, k := range s.cookies {
		all = append(all, k.service+": "+k.reason)
	}
	for _, why := range s.blocks {
		all = append(all, "login1: "+why)
	}
	slices.Sort(all)
	return all
}

// Items lists the icons of the tray.
func (s *Services) Items() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for name := range s.items {
		all = append(all, name)
	}
	return all
}

// Click clicks on a notification.
func (s *Services) Click(id uint32) error {
	return s.conn.Emit("/org/freedesktop/Notifications", "org.freedesktop.Notifications.ActionInvoked", id, "default")
}

// Sleep says that the computer is about to sleep, or awake again.
func (s *Services) Sleep(begins bool) error {
	return s.conn.Emit("/org/freedesktop/login1", "org.freedesktop.login1.Manager.PrepareForSleep", begins)
}

// Lock says that the screen is locked, or unlocked.
func (s *Services) Lock(on bool) error {
	return s.conn.Emit("/org/freedesktop/ScreenSaver", "org.freedesktop.ScreenSaver.ActiveChanged", on)
}
