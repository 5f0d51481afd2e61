package demux

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/stun/v3"
)

// pipeListener accepts what is dialled.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error   { close(l.closed); return nil }
func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{} }

// place is a listener with a media server behind it.
type place struct {
	*Listener
	inner   *pipeListener
	media   chan net.Conn // what it was given
	names   chan string
	working atomic.Int32
}

func newPlace(alone bool) *place {
	p := &place{
		inner: &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}, media: make(chan net.Conn, 8), names: make(chan string, 8),
	}
	p.Listener = New(p.inner, Config{
		Alone: alone,
		Media: func(_ context.Context, name string, conn net.Conn, keep func()) error {
			if name == "nobody" {
				return errors.New("nobody")
			}
			if name != "one of many" {
				keep()
			}
			p.names <- name
			p.media <- conn
			return nil
		},
		Watch: func(_ net.Conn, state http.ConnState) {
			if state == http.StateActive {
				p.working.Add(1)
			}
		},
	})
	return p
}

func (p *place) dial() net.Conn {
	ours, theirs := net.Pipe()
	p.inner.conns <- theirs
	return ours
}

// binding is a check of ICE, framed for TCP.
func binding() []byte { return bindingFor("anna:client") }

func bindingFor(username string) []byte {
	m := stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.NewUsername(username))
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(m.Raw))), m.Raw...)
}

// ends reports whether nothing more can be read, and what could.
func ends(c net.Conn, within time.Duration) (read []byte, ended bool) {
	_ = c.SetReadDeadline(time.Now().Add(within))
	read, err := io.ReadAll(c)
	return read, err == nil || errors.Is(err, io.ErrClosedPipe)
}

func TestTLSIsHandedOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(false)
		c := p.dial()
		go func() { _, _ = c.Write([]byte("\x16\x03\x01hello")) }()
		got, err := p.Accept()
		if err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 8)
		if _, err := io.ReadFull(got, b); err != nil || string(b) != "\x16\x03\x01hello" {
			t.Errorf("read %q, %v", b, err)
		}
		if _, ok := got.(interface{ NetConn() net.Conn }); !ok {
			t.Error("nobody can see the connection below")
		}
		_ = c.Close()
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		if _, err := p.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("after the end: %v", err)
		}
	})
}

// TestMediaIsGiven: what is said reaches the media server whole, with the name, its
// answer comes back, and only then the connection counts as somebody's.
func TestMediaIsGiven(t *testing.T) {
	for _, alone := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) { mediaIsGiven(t, alone, "anna") })
		synctest.Test(t, func(t *testing.T) { mediaIsGiven(t, alone, "one of many") })
	}
}

func mediaIsGiven(t *testing.T, alone bool, name string) {
	p := newPlace(alone)
	defer p.Close()
	c := p.dial()
	said := bindingFor(name + ":client")
	go func() { // in pieces, as it may come
		for _, part := range [][]byte{said[:1], said[1:5], said[5:30], said[30:]} {
			_, _ = c.Write(part)
		}
	}()
	media := <-p.media
	_ = media.SetDeadline(time.Now().Add(time.Second)) // it has no say in that
	heard := make([]byte, len(said))
	if _, err := io.ReadFull(media, heard); err != nil || !bytes.Equal(heard, said) || <-p.names != name {
		t.Fatalf("heard %q, %v", heard, err)
	}
	if p.working.Load() != 0 {
		t.Error("it counts before it has proved anything")
	}
	go func() { _, _ = media.Write([]byte("answer")) }()
	answer := make([]byte, 6)
	_, err := io.ReadFull(c, answer)
	if works := p.working.Load() == 1; err != nil || string(answer) != "answer" || works != (name == "anna") {
		t.Errorf("read %q, %v; %d work", answer, err, p.working.Load())
	}
	// Longer than the time to prove oneself, and more than may come before.
	for range 30 {
		time.Sleep(time.Second)
		go func() { _, _ = c.Write(make([]byte, 1000)) }()
		if _, err := io.ReadFull(media, make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
	}
	_ = media.Close()
	if _, ended := ends(c, time.Second); !ended {
		t.Error("the guest's side stays open")
	}
}

// TestStuckMediaIsClosed: a guest who does not read, and one who says nothing more.
func TestStuckMediaIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(false)
		defer p.Close()
		c, began := p.dial(), time.Now()
		go func() { _, _ = c.Write(binding()) }()
		media := <-p.media
		if _, err := media.Write([]byte("nobody reads this")); err == nil || time.Since(began) > stuckTimeout+time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		if _, ended := ends(c, time.Second); !ended {
			t.Error("it is open")
		}
	})
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(false)
		defer p.Close()
		c, began := p.dial(), time.Now()
		go func() { _, _ = c.Write(binding()) }()
		media := <-p.media
		go func() { _, _ = io.ReadFull(c, make([]byte, 6)) }()
		_, _ = media.Write([]byte("answer"))
		if _, err := io.Copy(io.Discard, media); err == nil || time.Since(began) > idleTimeout+time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

// TestStrangersGetNothing: who does not begin as media does never reaches the media
// server, and who is not answered by it is closed.
func TestStrangersGetNothing(t *testing.T) {
	other := binding()
	other[6] ^= 0xff
	long := binding()
	binary.BigEndian.PutUint16(long, maxFirstFrame+1)
	short := binding()
	binary.BigEndian.PutUint16(short, 19)
	indication := binding()
	indication[3] = 0x11
	for name, says := range map[string][]byte{
		"no cookie": other, "nobody": bindingFor("nobody:x"), "no name": bindingFor(":x"), "half a name": bindingFor("anna"), "too long": long, "too short": short, "no request": indication, "zeros": make([]byte, 4096),
	} {
		synctest.Test(t, func(t *testing.T) {
			p := newPlace(false)
			defer p.Close()
			c := p.dial()
			go func() { _, _ = c.Write(says) }()
			if read, ended := ends(c, time.Second); !ended || len(read) > 0 || len(p.media) > 0 {
				t.Errorf("%s: ended %v, read %q, %d connections", name, ended, read, len(p.media))
			}
		})
	}
	for name, says := range map[string][]byte{"silent": nil, "half a head": binding()[:10]} {
		synctest.Test(t, func(t *testing.T) {
			p := newPlace(false)
			defer p.Close()
			c := p.dial()
			go func() { _, _ = c.Write(says) }()
			if read, ended := ends(c, headTimeout+time.Second); !ended || len(read) > 0 || len(p.media) > 0 {
				t.Errorf("%s: ended %v, read %q, %d connections", name, ended, read, len(p.media))
			}
		})
	}
}

// TestUnansweredMediaIsClosed: a check that the media server does not answer, and a
// flood after it.
func TestUnansweredMediaIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(false)
		defer p.Close()
		c, began := p.dial(), time.Now()
		go func() { _, _ = c.Write(binding()) }()
		go serveMedia(<-p.media)
		if _, ended := ends(c, time.Minute); !ended || time.Since(began) > proofTimeout+headTimeout {
			t.Errorf("open for %v", time.Since(began))
		}
		if p.working.Load() != 0 {
			t.Error("it counts as somebody's")
		}
	})
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(false)
		defer p.Close()
		c := p.dial()
		passed := make(chan int64, 1)
		go func() { passed <- serveMedia(<-p.media) }()
		_, _ = c.Write(binding())
		for {
			if _, err := c.Write(make([]byte, 1000)); err != nil {
				break
			}
		}
		if n := <-passed; n > maxUnproved {
			t.Errorf("%d bytes are passed on", n)
		}
	})
}

// serveMedia reads, answers nothing, and closes, as pion does.
func serveMedia(conn net.Conn) int64 {
	n, _ := io.Copy(io.Discard, conn)
	_ = conn.Close()
	return n
}

// TestPortForMediaAlone: nothing else has a place there.
func TestPortForMediaAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(true)
		defer p.Close()
		c := p.dial()
		go func() { _, _ = c.Write([]byte("\x16\x03\x01hello")) }()
		if read, ended := ends(c, time.Second); !ended || len(read) > 0 {
			t.Errorf("ended %v, read %q", ended, read)
		}
	})
}

// TestCloseEndsEverything: nothing that is open keeps Close waiting. What the media
// server has is the media server's to end.
func TestCloseEndsEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(false)
		silent, half, tls := p.dial(), p.dial(), p.dial()
		go func() { _, _ = half.Write(binding()[:30]) }()
		go func() { _, _ = tls.Write([]byte{0x16}) }() // and nobody accepts
		synctest.Wait()
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		for _, c := range []net.Conn{silent, half, tls} {
			if _, ended := ends(c, time.Second); !ended {
				t.Error("a connection stays open")
			}
		}
	})
}
