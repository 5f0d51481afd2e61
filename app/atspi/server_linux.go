package atspi

import (
	"context"
	"errors"
	"math"
	"sync/atomic"

	"github.com/godbus/dbus/v5"

	"foyer/ui/access"
)

// Interfaces of the protocol.
const (
	ifacePrefix      = "org.a11y.atspi."
	ifaceAccessible  = ifacePrefix + "Accessible"
	ifaceApplication = ifacePrefix + "Application"
	ifaceComponent   = ifacePrefix + "Component"
	ifaceAction      = ifacePrefix + "Action"
	ifaceText        = ifacePrefix + "Text"
	ifaceEditable    = ifacePrefix + "EditableText"
	ifaceValue       = ifacePrefix + "Value"
	ifaceCache       = ifacePrefix + "Cache"
	cachePath        = dbus.ObjectPath("/org/a11y/atspi/cache")
)

// version is that of the protocol.
const version = "2.1"

// ref is an object of somebody on the bus.
type ref struct {
	Name string
	Path dbus.ObjectPath
}

// server answers what readers ask, from the newest tree. godbus calls the methods on
// goroutines of its own.
type server struct {
	ctx     context.Context //nolint:containedctx // of the connection: godbus calls the methods without one
	r       *Reader
	bus     *bus
	name    string // ours on the bus
	tree    atomic.Pointer[tree]
	desktop atomic.Pointer[ref] // what we are a part of
	id      atomic.Int32        // that the registry gave us
	ids     numbers             // of the goroutine that looks
	acted   chan struct{}       // something was done: look now
}

func newServer(ctx context.Context, r *Reader, b *bus) *server {
	s := &server{ctx: ctx, r: r, bus: b, acted: make(chan struct{}, 1)}
	s.ids.of = map[any]int{}
	s.name = b.Names()[0]
	s.desktop.Store(&ref{"", nullPath})
	s.tree.Store(build(r.conf.Name, &s.ids, nil))
	return s
}

// export offers all interfaces below one folder: which of them an object has, it says
// itself.
func (s *server) export() error {
	return errors.Join(
		s.bus.ExportSubtree(accessible{s}, folder, ifaceAccessible),
		s.bus.ExportSubtree(application{s}, folder, ifaceApplication),
		s.bus.ExportSubtree(component{s}, folder, ifaceComponent),
		s.bus.ExportSubtree(action{s}, folder, ifaceAction),
		s.bus.ExportSubtree(text{s}, folder, ifaceText),
		s.bus.ExportSubtree(editable{s}, folder, ifaceEditable),
		s.bus.ExportSubtree(properties{s}, folder, "org.freedesktop.DBus.Properties"),
		s.bus.Export(cache{s}, cachePath, ifaceCache),
	)
}

// embed makes us one of the applications of the desktop.
func (s *server) embed() error {
	var desktop ref
	err := s.bus.call(
		s.ctx, registryName, rootPath, ifacePrefix+"Socket.Embed", 0, ref{s.name, rootPath},
	).Store(&desktop)
	if err == nil {
		s.desktop.Store(&desktop)
	}
	return err
}

// look reads the windows anew and tells what has changed.
func (s *server) look() {
	windows, ok := ask(s.ctx, s.r, s.r.looks, s.r.look)
	if !ok {
		return // the window hangs: what was, is told on
	}
	before := s.tree.Load()
	now := build(s.r.conf.Name, &s.ids, windows)
	s.tree.Store(now)
	s.tell(before, now)
	for _, said := range s.r.conf.Voice.Take() {
		s.announce(now, said)
	}
}

// object is the one of a request.
func (s *server) object(m dbus.Message) (*object, *dbus.Error) {
	path, _ := m.Headers[dbus.FieldPath].Value().(dbus.ObjectPath)
	if o := s.tree.Load().byPath[path]; o != nil {
		return o, nil
	}
	return nil, dbus.NewError("org.freedesktop.DBus.Error.UnknownObject", []any{"there is no such object any more"})
}

func (s *server) ref(o *object) ref {
	if o == nil {
		return ref{"", nullPath}
	}
	return ref{s.name, o.path}
}

func (s *server) parent(o *object) ref {
	if o.parent == nil {
		return *s.desktop.Load()
	}
	return s.ref(o.parent)
}

// do has something done with an object, if it can be done still.
func (s *server) do(o *object, act func(n *access.Node) bool) bool {
	done := o.key != nil && s.r.do(s.ctx, o.key, act)
	if done {
		select {
		case s.acted <- struct{}{}:
		default:
		}
	}
	return done
}

func (s *server) press(o *object) bool {
	return s.do(o, func(n *access.Node) bool {
		if n.Press != nil {
			n.Press()
		}
		return n.Press != nil
	})
}

func (s *server) focus(o *object) bool {
	return s.do(o, func(n *access.Node) bool {
		if n.Focus != nil {
			n.Focus()
		}
		return n.Focus != nil
	})
}

func (s *server) write(o *object, change func(before string) string) bool {
	return s.do(o, func(n *access.Node) bool {
		if n.Write != nil {
			n.Write(clean(change(n.Text)))
		}
		return n.Write != nil
	})
}

func (s *server) move(o *object, to float64) bool {
	if math.IsNaN(to) || math.IsInf(to, 0) {
		return false
	}
	return s.do(o, func(n *access.Node) bool {
		if n.Move != nil && n.Value != nil {
			n.Move(max(0, min(to, n.Value.Most)))
		}
		return n.Move != nil
	})
}
