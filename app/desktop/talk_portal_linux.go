package desktop

import (
	"context"
	"fmt"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	fynedesktop "fyne.io/fyne/v2/driver/desktop"
	"github.com/godbus/dbus/v5"

	"foyer/ui/desk"
)

// The portal gives programs keys where the compositor lets none take one
// (https://flatpak.github.io/xdg-desktop-portal/docs/doc-org.freedesktop.portal.GlobalShortcuts.html).
const (
	portalName = "org.freedesktop.portal.Desktop"
	portalPath = dbus.ObjectPath("/org/freedesktop/portal/desktop")
	shortcutID = "talk"

	// longestTalk is how long a key counts as held. The portal tells of a release
	// and of nothing else: one that was lost must not keep the microphone open.
	longestTalk = 5 * time.Minute
)

var (
	shortcutPortal = object{portalName, portalPath, "org.freedesktop.portal.GlobalShortcuts"}
	registry       = object{portalName, portalPath, "org.freedesktop.host.portal.Registry"}
)

// shortcut is a key as the portal takes and returns it.
type shortcut struct {
	ID         string
	Properties map[string]dbus.Variant
}

// options are the options of a call.
type options = map[string]dbus.Variant

// trigger names a key as the portal does: by its symbol
// (https://specifications.freedesktop.org/shortcuts-spec/latest/).
func trigger(name fyne.KeyName) string {
	switch name {
	case fynedesktop.KeyControlRight:
		return "Control_R"
	case fynedesktop.KeySuperRight:
		return "Super_R"
	default:
		return string(name)
	}
}

// portal is a session of the portal's.
type portal struct {
	*bus
	session dbus.ObjectPath
	asked   int           // requests
	gone    chan struct{} // the session, or the portal
	keys    chan bool     // down or up
}

// listenPortal listens to a key of the portal's, which may be another than the one
// that is proposed: the user decides there.
func listenPortal(ctx context.Context, b *bus, key desk.TalkKey, t *talk) desk.Obstacle {
	p := &portal{bus: b, gone: make(chan struct{}, 1), keys: make(chan bool, 16)}
	p.call(ctx, answerLimit, registry, "Register", true, appID, options{}) // newer portals want to know
	limited, cancel := context.WithTimeout(ctx, answerLimit)
	created, err := p.request(limited, "CreateSession", func(o options) []any {
		o["session_handle_token"] = dbus.MakeVariant("foyer")
		return []any{o}
	})
	cancel()
	path, _ := created["session_handle"].Value().(string)
	if err != nil || !dbus.ObjectPath(path).IsValid() {
		return desk.ObstacleWayland
	}
	p.session = dbus.ObjectPath(path)
	session := object{portalName, p.session, "org.freedesktop.portal.Session"}
	defer func() {
		p.call(context.WithoutCancel(ctx), endLimit, session, "Close", false)
	}()
	p.watch(ctx, session)
	answer, err := p.request(ctx, "BindShortcuts", func(o options) []any {
		wanted := options{
			"description": dbus.MakeVariant(key.Says), "preferred_trigger": dbus.MakeVariant(trigger(key.Name)),
		}
		const noWindow = ""
		return []any{p.session, []shortcut{{shortcutID, wanted}}, noWindow, o}
	})
	if err != nil {
		return desk.ObstacleDenied
	}
	var given []shortcut
	if v, is := answer["shortcuts"]; !is || v.Store(&given) != nil || len(given) == 0 {
		return desk.ObstacleDenied
	}
	called, _ := given[0].Properties["trigger_description"].Value().(string)
	called = desk.ShortKey(called)
	if called == "" { // bound to no key, but the user may yet give it one
		t.reached(desk.Reach{Stage: desk.ReachHere, Obstacle: desk.ObstacleDenied})
	} else {
		t.everywhere(called)
	}
	return p.follows(ctx, t, called != "")
}

// follows hands on the key until the portal is gone. A key that was not given is
// when it is pressed.
func (p *portal) follows(ctx context.Context, t *talk, given bool) desk.Obstacle {
	var tooLong <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return desk.ObstacleNone
		case <-p.Context().Done():
			return desk.ObstacleLost
		case <-p.gone:
			return desk.ObstacleLost
		case <-tooLong:
			tooLong = nil
			t.set(false)
		case down := <-p.keys:
			tooLong = nil
			if down && !given {
				given = true
				t.everywhere("")
			}
			if down {
				tooLong = time.After(longestTalk)
			}
			t.set(down)
		}
	}
}

// watch follows what the portal says of the session.
func (p *portal) watch(ctx context.Context, session object) {
	p.follow(ctx, shortcutPortal, func(s *dbus.Signal) {
		var path dbus.ObjectPath
		var id string
		if len(s.Body) < 2 || dbus.Store(s.Body[:2], &path, &id) != nil || path != p.session || id != shortcutID {
			return
		}
		select {
		case p.keys <- strings.HasSuffix(s.Name, ".Activated"):
		case <-ctx.Done():
		case <-p.Context().Done():
		}
	}, "Activated", "Deactivated")
	end := func() {
		select {
		case p.gone <- struct{}{}:
		default:
		}
	}
	p.follow(ctx, session, func(*dbus.Signal) { end() }, "Closed")
	p.follow(ctx, busItself, func(s *dbus.Signal) {
		var name, before, now string
		if dbus.Store(s.Body, &name, &before, &now) == nil && name == portalName && now == "" {
			end()
		}
	}, "NameOwnerChanged")
}

// request calls a method that answers later, when the user has decided. args makes
// its arguments around the options.
func (p *portal) request(ctx context.Context, method string, args func(options) []any) (options, error) {
	p.asked++
	token := fmt.Sprintf("foyer%d", p.asked)
	sender := strings.ReplaceAll(strings.TrimPrefix(p.Names()[0], ":"), ".", "_")
	path := portalPath + dbus.ObjectPath("/request/"+sender+"/"+token)
	answers := make(chan *dbus.Signal, 1)
	p.follow(ctx, object{portalName, path, "org.freedesktop.portal.Request"}, func(s *dbus.Signal) {
		select {
		case answers <- s:
		default:
		}
	}, "Response")
	all := args(options{"handle_token": dbus.MakeVariant(token)})
	if err := p.call(ctx, answerLimit, shortcutPortal, method, true, all...).Err; err != nil {
		return nil, err
	}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-p.Context().Done():
		return nil, errNoBus
	case <-p.gone:
		return nil, errNoBus
	case s := <-answers:
		var code uint32
		var results options
		if err := dbus.Store(s.Body, &code, &results); err != nil {
			return nil, err
		}
		if code != 0 {
			return nil, fmt.Errorf("%s: the portal answers %d", method, code)
		}
		return results, nil
	}
}
