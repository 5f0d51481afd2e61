package host

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"sync"
	"time"

	"foyer/engine/call"
	"foyer/engine/call/reach"
	"foyer/engine/host/sfu"
	"foyer/engine/internal/pause"
)

// renewTimeout is how long a media server may take to end, and its successor to begin.
const (
	renewTimeout = 10 * time.Second
	renewPause   = 500 * time.Millisecond // between two tries to begin
)

// mediaServer is our own LiveKit, and its successors: each listens on the addresses
// that this computer had when it began. They have the same ports.
type mediaServer struct {
	conf  sfu.Config
	tcp   net.Listener // the guests that the door accepts; nil if media has none
	done  chan struct{}
	group sync.WaitGroup

	mu      sync.Mutex
	current *sfu.SFU
	leaving *sfu.SFU // that is ended on purpose
	err     error    // set before done is closed
}

// portTries limits how often a port is replaced that is free for TCP and not for UDP.
const portTries = 5

func startMedia(ctx context.Context, conf sfu.Config) (*mediaServer, error) {
	var m *mediaServer
	err := error(nil)
	for range portTries {
		if m, err = tryMedia(ctx, conf); !errors.Is(err, call.ErrPortInUse) || conf.MediaPort != 0 {
			break
		}
	}
	return m, err
}

// tryMedia starts a media server once. Its TCP port is ours, with the door's limits on
// connections: LiveKit's own has none.
func tryMedia(ctx context.Context, conf sfu.Config) (*mediaServer, error) {
	m := &mediaServer{conf: conf, done: make(chan struct{})}
	if sfu.TCP(conf.Address) {
		l, err := net.Listen("tcp", net.JoinHostPort("", strconv.Itoa(conf.MediaPort)))
		if err != nil {
			return nil, fmt.Errorf("listen for media: %w", explainListen(err))
		}
		m.tcp, m.conf.MediaPort = l, int(portOf(l))
	}
	first, err := sfu.Start(ctx, m.conf)
	if err == nil {
		m.conf.Port, err = strconv.Atoi(first.URL().Port())
	}
	if err != nil {
		if m.tcp != nil {
			err = errors.Join(err, m.tcp.Close())
		}
		return nil, err
	}
	m.conf.MediaPort = first.Ports().UDP
	m.follow(first)
	return m, nil
}

// follow makes s the current one.
func (m *mediaServer) follow(s *sfu.SFU) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.current = s
	m.group.Go(func() {
		<-s.Done()
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.leaving != s {
			m.fail(s.Err())
		}
	})
}

// fail says that there is no media server any more. m.mu is held.
func (m *mediaServer) fail(err error) {
	if !m.over() {
		m.err = err
		close(m.done)
	}
}

func (m *mediaServer) now() *sfu.SFU {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.current
}

func (m *mediaServer) url() *url.URL { return m.now().URL() }

func (m *mediaServer) ports() reach.Ports { return m.now().Ports() }

// take takes a connection for media, see demux.Config.
func (m *mediaServer) take(ctx context.Context, name string, conn net.Conn, keep func()) error {
	return m.now().TakeMedia(ctx, name, conn, keep)
}

// over reports whether there is no media server any more.
func (m *mediaServer) over() bool {
	select {
	case <-m.done:
		return true
	default:
		return false
	}
}

// Err says why, after done.
func (m *mediaServer) Err() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.err
}

// start starts a media server, and tries again for as long as ctx lasts: an address that
// is new, or has just gone, cannot be bound.
func (m *mediaServer) start(ctx context.Context) (*sfu.SFU, error) {
	for {
		next, err := sfu.Start(ctx, m.conf)
		if err == nil {
			return next, nil
		}
		if pause.For(ctx, renewPause) != nil {
			return nil, err
		}
	}
}

// renew ends the media server and starts another, unless ctx ends. It must be empty. If
// there is none afterwards, done is closed.
func (m *mediaServer) renew(ctx context.Context) error {
	stopping, stop := context.WithTimeout(context.WithoutCancel(ctx), renewTimeout)
	defer stop() // an end of ours meanwhile finds it ended, and not half of it
	ctx, cancel := context.WithTimeout(ctx, renewTimeout)
	defer cancel()
	old := m.now()
	m.mu.Lock()
	m.leaving = old
	m.mu.Unlock()
	next, err := (*sfu.SFU)(nil), old.Stop(stopping)
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		next, err = m.start(ctx)
	}
	if err != nil {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.fail(err)
		return err
	}
	m.follow(next)
	return nil
}

func (m *mediaServer) closeRooms(ctx context.Context, names []string) { m.now().CloseRooms(ctx, names) }

// stop ends it for good.
func (m *mediaServer) stop(ctx context.Context) error {
	s := m.now()
	m.mu.Lock()
	m.leaving = s
	m.mu.Unlock()
	err := s.Stop(ctx)
	if err == nil {
		m.group.Wait()
	}
	return err
}

// openMedia starts our own LiveKit, or names the cluster.
func (s *Server) openMedia(ctx context.Context, data *folder) (*mediaServer, *url.URL, error) {
	if s.upstream != nil {
		return nil, s.upstream, nil
	}
	media, err := startMedia(ctx, sfu.Config{
		Key: data.api.Key, Secret: data.api.Secret, Address: s.listen.Addr(), MediaPort: s.MediaPort,
		Log: s.Log.WithField("part", "sfu"),
	})
	if err != nil {
		return nil, nil, err
	}
	return media, media.url(), nil
}
