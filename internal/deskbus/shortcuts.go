//go:build linux

package deskbus

import (
	"errors"
	"strings"
	"sync/atomic"

	"github.com/godbus/dbus/v5"
)

// Portal is the name of the desktop's portal.
const Portal = "org.freedesktop.portal.Desktop"

const portalPath = dbus.ObjectPath("/org/freedesktop/portal/desktop")

// Shortcuts is a portal that gives programs keys.
type Shortcuts struct {
	*Services
	denies atomic.Bool // the user says no to keys
	unset  atomic.Bool // the user gives a program's shortcuts no key

	session dbus.ObjectPath // that has a key; empty: none
	wanted  string          // the key that a program has proposed
	says    string          // what it does
}

// OfferShortcuts offers such a portal on the bus of that address.
func OfferShortcuts(address string) (*Shortcuts, error) {
	conn, err := dbus.Connect(address)
	if err != nil {
		return nil, err
	}
	p := &Shortcuts{Services: &Services{conn: conn, changed: make(chan struct{})}}
	err = conn.Export(shortcutCalls{p}, portalPath, "org.freedesktop.portal.GlobalShortcuts")
	if err == nil {
		err = p.watchSessions()
	}
	if err == nil {
		err = p.Begin(Portal)
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return p, nil
}

// Deny has the user say no to every key from now on.
func (p *Shortcuts) Deny() { p.denies.Store(true) }

// Unset has the user give no key to a shortcut from now on, which the portal binds
// all the same.
func (p *Shortcuts) Unset() { p.unset.Store(true) }

// watchSessions forgets the key of a program that has gone.
func (p *Shortcuts) watchSessions() error {
	return watchGone(p.conn, func(name string) {
		p.change(func() {
			if strings.Contains(string(p.session), "/"+pathOf(name)+"/") {
				p.session = ""
			}
		})
	})
}

// pathOf is what a portal's paths have of a client's name.
func pathOf(sender string) string {
	return strings.ReplaceAll(strings.TrimPrefix(sender, ":"), ".", "_")
}

// Given is the key that a program has, and what it does; empty without one.
func (p *Shortcuts) Given() (key, says string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.session == "" {
		return "", ""
	}
	return p.wanted, p.says
}

// Press presses the key, or releases it.
func (p *Shortcuts) Press(down bool) error {
	p.mu.Lock()
	session := p.session
	p.mu.Unlock()
	member := "Deactivated"
	if down {
		member = "Activated"
	}
	const now = uint64(0)
	return p.conn.Emit(
		portalPath, "org.freedesktop.portal.GlobalShortcuts."+member, session, "talk", now, map[string]dbus.Variant{},
	)
}

// End ends the session, as the portal may at any time.
func (p *Shortcuts) End() error {
	p.mu.Lock()
	session := p.session
	p.mu.Unlock()
	return p.conn.Emit(session, "org.freedesktop.portal.Session.Closed", map[string]dbus.Variant{})
}

// shortcutCalls are the calls of org.freedesktop.portal.GlobalShortcuts.
type shortcutCalls struct{ p *Shortcuts }

// CreateSession makes a session.
func (c shortcutCalls) CreateSession(
	sender dbus.Sender, o map[string]dbus.Variant,
) (dbus.ObjectPath, *dbus.Error) {
	token, _ := o["session_handle_token"].Value().(string)
	session := portalPath + dbus.ObjectPath("/session/"+pathOf(string(sender))+"/"+token)
	if err := c.p.conn.Export(sessionCalls(c), session, "org.freedesktop.portal.Session"); err != nil {
		return "", dbus.MakeFailedError(err)
	}
	return c.answer(sender, o, 0, map[string]dbus.Variant{"session_handle": dbus.MakeVariant(string(session))})
}

// wantedShortcut is a shortcut as a program asks for it, or gets it.
type wantedShortcut struct {
	ID         string
	Properties map[string]dbus.Variant
}

// BindShortcuts asks the user for keys.
func (c shortcutCalls) BindShortcuts(
	sender dbus.Sender, session dbus.ObjectPath, all []wantedShortcut, _ string, o map[string]dbus.Variant,
) (dbus.ObjectPath, *dbus.Error) {
	if c.p.denies.Load() || len(all) == 0 {
		const cancelled = uint32(1)
		return c.answer(sender, o, cancelled, map[string]dbus.Variant{})
	}
	c.p.change(func() {
		c.p.session = session
		c.p.wanted, _ = all[0].Properties["preferred_trigger"].Value().(string)
		c.p.says, _ = all[0].Properties["description"].Value().(string)
	})
	trigger := "Press <F9>"
	if c.p.unset.Load() {
		trigger = ""
	}
	given := []wantedShortcut{{all[0].ID, map[string]dbus.Variant{
		"description": all[0].Properties["description"], "trigger_description": dbus.MakeVariant(trigger),
	}}}
	return c.answer(sender, o, 0, map[string]dbus.Variant{"shortcuts": dbus.MakeVariant(given)})
}

// answer sends the answer of a request, which is on its way before the request's own.
func (c shortcutCalls) answer(
	sender dbus.Sender, o map[string]dbus.Variant, code uint32, results map[string]dbus.Variant,
) (dbus.ObjectPath, *dbus.Error) {
	token, _ := o["handle_token"].Value().(string)
	path := portalPath + dbus.ObjectPath("/request/"+pathOf(string(sender))+"/"+token)
	if err := c.p.conn.Emit(path, "org.freedesktop.portal.Request.Response", code, results); err != nil {
		return "", dbus.MakeFailedError(err)
	}
	return path, nil
}

// sessionCalls are the calls of org.freedesktop.portal.Session.
type sessionCalls struct{ p *Shortcuts }

// Close ends a session.
func (c sessionCalls) Close() *dbus.Error {
	c.p.change(func() { c.p.session = "" })
	return nil
}
