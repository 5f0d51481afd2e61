package host

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"sync"
	"time"

	"foyer/engine/call"
	"foyer/engine/host/acmecert"
	"foyer/engine/host/certs"
	"foyer/engine/host/door"
	"foyer/engine/host/page"
	"foyer/engine/host/register"
	"foyer/engine/host/roomservice"
	"foyer/engine/host/sfu"
)

// Timeouts of stopping. With lingerTimeout they stay below 3 s.
const (
	stopTimeout   = 2400 * time.Millisecond // of which:
	settleTimeout = 500 * time.Millisecond  // guests who are coming in come in
	drainTimeout  = time.Second             // the last word reaches the clients
)

// Server is a room server.
type Server struct{ settings }

// New checks the settings; nothing is opened before Run. Errors wrap
// [call.ErrServerConfig].
func New(conf Config) (*Server, error) {
	s, err := conf.check()
	if err != nil {
		return nil, err
	}
	return &Server{s}, nil
}

// Run serves until ctx ends, then tells everybody that the server stops, and
// returns within 3 s. ready is called once, when people may join. The error is
// nil after a clean stop, and otherwise wraps one of this package or
// sfu.ErrFailed.
func (s *Server) Run(ctx context.Context, ready func(Ready)) error {
	var cluster *roomservice.Key
	if s.upstream != nil {
		cluster = &roomservice.Key{Key: s.APIKey, Secret: s.APISecret}
	}
	data, err := openFolder(s.Data)
	if err != nil {
		return err
	}
	defer func() { s.logError("close the data folder", data.dir.Close()) }()
	lock, err := s.own(ctx, data)
	if err != nil {
		return err
	}
	defer func() { s.logError("give the data folder back", lock.Close()) }()
	if err := data.load(cluster); err != nil {
		return err
	}
	public := certs.Pair{Cert: s.CertFile, Key: s.KeyFile}
	shown, err := certs.New(data.certificate, public, s.Log.WithField("part", "door"))
	if err != nil {
		return fmt.Errorf("%w: certificate: %w", call.ErrServerConfig, err)
	}
	where := s.Database
	if where == "" {
		where = data.file(databaseFile)
	}
	reg, err := register.Open(ctx, where)
	if err != nil {
		return s.explainRegister(err)
	}
	defer func() { s.logError("close the register", reg.Close()) }()
	for _, file := range data.dir.Repaired() {
		s.Log.WithField("file", file).Warn("other users could read or write this file until now")
	}
	return s.serve(ctx, data, reg, shown, ready)
}

// serve is Run with everything that is stored open.
func (s *Server) serve(
	ctx context.Context, data *folder, reg *register.Register, shown *certs.Set, ready func(Ready),
) error {
	inner, err := s.openPort(data)
	if err != nil {
		return err
	}
	listening := s.addresses() // before: an address that comes meanwhile is new
	media, upstream, err := s.openMedia(ctx, data)
	if err != nil {
		return errors.Join(err, inner.Close())
	}
	var open []call.RoomID
	if media != nil && s.Database == "" {
		open = s.unfinished(ctx, reg, time.Now())
		s.logError("forget who was there before", reg.StartAlone(ctx, time.Now()))
	}
	c := newControl(s.settings, data.api, reg, upstream)
	defer c.close()
	var watching sync.WaitGroup
	watched, stop := context.WithCancel(ctx)
	unwatch := func() { stop(); watching.Wait() }
	defer unwatch()
	renewer := s.newRenewer(data, shown)
	watching.Go(func() { shown.Watch(watched) })
	s.reopen(ctx, c, open)
	port := portOf(inner)
	r := s.newRouter(data, media, port)
	d := s.newDoor(data, c, upstream, media, r, shown)
	serving := d.Serve(inner)
	if s.listen.Addr().IsUnspecified() {
		w := &networkWatch{
			s: s, door: d, control: c, media: media, router: r, listening: listening, seen: listening, settled: listening,
		}
		watching.Go(func() { w.run(watched) })
	}
	ready(Ready{
		URL:          "https://" + join(s.local(), port),
		AdminKeyFile: data.file(adminKeyFile), LiveKitKeyFile: data.apiFile,
		Fingerprint: hex.EncodeToString(data.fingerprint[:]), Reach: r.reach(),
	})
	watching.Go(func() { r.run(watched) })
	if renewer != nil {
		watching.Go(func() { renewer.Run(watched) })
	}
	s.Log.WithField("address", inner.Addr().String()).Info("room server is ready")
	return s.wait(ctx, c, d, media, serving, func() func() { unwatch(); return r.giveBack })
}

// newDoor makes the door in front of LiveKit; media is nil for another computer's.
func (s *Server) newDoor(
	data *folder, c *control, livekit *url.URL, media *mediaServer, r *router, shown *certs.Set,
) *door.Door {
	conf := door.Config{
		Log: s.Log, Certificate: data.certificate, AdminKey: data.admin.Key, APIKey: data.api,
		LiveKit: livekit, Cluster: s.upstream != nil,
		Register: c.register, Rooms: c.rooms, Moderator: c.moderator, Enforcer: c.enforcer, Keep: c.keepers.Want,
		Hosts: func() []string { return r.reach().Hosts }, Limits: *s.limits, Now: s.now,
		Show: shown.Certificate, Came: r.noteOutside,
	}
	if shown.Challenge != nil {
		conf.Protocols = []string{acmecert.ALPN}
	}
	if len(s.Page) > 0 {
		conf.Page = page.New(s.Page, *s.limits, s.now)
	}
	for _, h := range s.public {
		conf.Public = append(conf.Public, h.At(r.port))
	}
	conf.Trusted = func(host string) bool {
		name, _, err := net.SplitHostPort(host)
		return err == nil && shown.Names(name, s.now())
	}
	if r.relay != nil {
		conf.Relay = r.relay
	}
	if media != nil {
		conf.Media = media.ports()
		if media.tcp != nil {
			conf.MediaListener, conf.TakeMedia = media.tcp, media.take
		}
	}
	return door.New(conf)
}

// wait waits for the end and stops what is left, after unwatch: nothing may start the
// media server anew any more. What unwatch returns is done when everybody was told.
func (s *Server) wait(
	ctx context.Context, c *control, d *door.Door, media *mediaServer, serving <-chan error, unwatch func() (last func()),
) error {
	var mediaDone <-chan struct{} // nil for a cluster: never
	if media != nil {
		mediaDone = media.done
	}
	var err error
	select {
	case <-ctx.Done():
	case <-mediaDone:
		if ctx.Err() != nil { // it was being renewed
			break
		}
		err = errors.Join(sfu.ErrFailed, media.Err())
	case err = <-serving:
		serving = nil
	}
	d.Refuse()
	last := unwatch()
	if media != nil {
		s.stopSFU(context.WithoutCancel(ctx), c, d, media)
	}
	var group sync.WaitGroup
	group.Go(last)
	d.Close()
	group.Wait()
	if serving != nil {
		<-serving
	}
	return err
}

// stopSFU tells everybody, waits until they know, and ends LiveKit. Somebody who
// is on the way in would miss the word, in a room that LiveKit makes anew after
// it: so that comes first.
func (s *Server) stopSFU(ctx context.Context, c *control, d *door.Door, media *mediaServer) {
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	d.Settle(ctx, settleTimeout)
	if media.over() { // by itself, or while it was renewed: nobody is in a room
		d.Drain(ctx, drainTimeout)
		return
	}
	names, err := c.rooms.List(ctx)
	s.logError("tell the rooms that the server stops", err)
	media.closeRooms(ctx, names)
	d.Drain(ctx, drainTimeout)
	s.logError("stop the media server", media.stop(ctx))
}

func (s *Server) logError(what string, err error) {
	if err != nil {
		s.Log.WithError(err).Warn(what)
	}
}

// openPort listens: with port 0 on the last port, if that is free.
func (s *Server) openPort(data *folder) (net.Listener, error) {
	port := s.listen.Port()
	if port == 0 {
		if last := data.lastPort(); last != 0 {
			if l, err := net.Listen("tcp", s.bind(last)); err == nil {
				return l, nil
			}
		}
	}
	l, err := net.Listen("tcp", s.bind(port))
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", s.bind(port), explainListen(err))
	}
	if port == 0 {
		if err := data.keepPort(portOf(l)); err != nil {
			return nil, errors.Join(err, l.Close())
		}
	}
	return l, nil
}

// local is the address at which this computer reaches the server.
func (s *Server) local() netip.Addr {
	if a := s.listen.Addr(); !a.IsUnspecified() {
		return a
	}
	return loopback4()
}

func portOf(l net.Listener) uint16 {
	_, port, _ := net.SplitHostPort(l.Addr().String())
	n, _ := strconv.ParseUint(port, 10, 16)
	return uint16(n)
}
