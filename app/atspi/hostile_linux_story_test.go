package atspi

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"net"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"fyne.io/fyne/v2/test"
	"github.com/godbus/dbus/v5"
	"github.com/sirupsen/logrus"
	logtest "github.com/sirupsen/logrus/hooks/test"

	"foyer/internal/drive"
	"foyer/internal/testenv"
	"foyer/ui/access"
)

// liar is a message bus that is none.
type liar struct {
	address string
	met     atomic.Int32 // connections
}

// newLiar serves each connection with talk, which ends it.
func newLiar(t *testing.T, talk func(net.Conn)) *liar {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "bus")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	l := &liar{address: "unix:path=" + socket}
	over := make(chan struct{})
	go func() {
		defer close(over)
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			l.met.Add(1)
			talk(c)
			_ = c.Close()
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		<-over
	})
	return l
}

// greet lets somebody in, as a bus does.
func greet(c net.Conn) (*bufio.Reader, bool) {
	in := bufio.NewReader(c)
	for {
		line, err := in.ReadString('\n')
		switch {
		case err != nil:
			return nil, false
		case strings.HasPrefix(line, "BEGIN"):
			return in, true
		case strings.HasPrefix(line, "AUTH EXTERNAL"):
			_, err = c.Write([]byte("OK 0123456789abcdef0123456789abcdef\r\n"))
		default:
			_, err = c.Write([]byte("REJECTED EXTERNAL DBUS_COOKIE_SHA1\r\n"))
		}
		if err != nil {
			return nil, false
		}
	}
}

// answers sends a message instead of an answer to the first call, and goes on reading.
func answers(message func(serial uint32) []byte) func(net.Conn) {
	return func(c net.Conn) {
		in, ok := greet(c)
		if !ok {
			return
		}
		call, err := dbus.DecodeMessage(in)
		if err != nil {
			return
		}
		if _, err := c.Write(message(call.Serial())); err == nil {
			_, _ = in.ReadByte() // until the far end hangs up
		}
	}
}

// raw is a message whose lengths are what they are said to be.
func raw(kind byte, body, fields uint32, rest ...byte) []byte {
	b := []byte{'l', kind, 0, 1}
	b = binary.LittleEndian.AppendUint32(b, body)
	b = binary.LittleEndian.AppendUint32(b, 1)
	b = binary.LittleEndian.AppendUint32(b, fields)
	return append(b, rest...)
}

// encoded is a message as godbus writes it.
func encoded(t testing.TB, m *dbus.Message) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := m.EncodeTo(&b, binary.LittleEndian); err != nil {
		t.Fatal(err)
	}
	out := b.Bytes()
	binary.LittleEndian.PutUint32(out[8:], 1) // a serial
	return out
}

func signal(t testing.TB, member string, body ...any) []byte {
	t.Helper()
	m := &dbus.Message{Type: dbus.TypeSignal, Body: body, Headers: map[dbus.HeaderField]dbus.Variant{
		dbus.FieldPath: dbus.MakeVariant(dbus.ObjectPath("/org/freedesktop/DBus")), dbus.FieldMember: dbus.MakeVariant(member),
		dbus.FieldInterface: dbus.MakeVariant("org.freedesktop.DBus"), dbus.FieldSender: dbus.MakeVariant("org.freedesktop.DBus"),
	}}
	if len(body) > 0 {
		m.Headers[dbus.FieldSignature] = dbus.MakeVariant(dbus.SignatureOf(body...))
	}
	return encoded(t, m)
}

// lies are what no bus should say.
func lies(t testing.TB) map[string]func(net.Conn) {
	send := func(b []byte) func(net.Conn) { return answers(func(uint32) []byte { return b }) }
	noise := make([]byte, 1<<20)
	random := rand.NewChaCha8([32]byte{1})
	_, _ = random.Read(noise)
	array := signal(t, "Changed", []byte("0123456789"))
	// The body is an array of bytes: its length is at the end but for those.
	binary.LittleEndian.PutUint32(array[len(array)-14:], 0xFFFF_FFF0)
	structs := signal(t, "Changed", []struct{ A, B byte }{{1, 2}})
	binary.LittleEndian.PutUint32(structs[len(structs)-10:], 0xFFFF_FFF0)
	return map[string]func(net.Conn){
		"never answers":                    func(c net.Conn) { _, _ = c.Read(make([]byte, 1)); _, _ = bufio.NewReader(c).ReadString(0xFF) },
		"hangs up":                         func(net.Conn) {},
		"greets for ever":                  func(c net.Conn) { pour(c, []byte(strings.Repeat("REJECTED ", 1000))) },
		"refuses for ever":                 func(c net.Conn) { pour(c, []byte("REJECTED EXTERNAL\r\nERROR\r\n")) },
		"noise":                            send(noise),
		"answers nothing":                  answers(func(uint32) []byte { return nil }),
		"a body of 4 GiB":                  send(raw(2, 0xFFFF_FFE0, 0)),
		"fields of 4 GiB":                  send(raw(2, 0, 0xFFFF_FFF0)),
		"sums that turn":                   send(raw(2, 0xFFFF_FFFF, 0xFFFF_FFFF)),
		"an array of 4 GiB":                send(array),
		"structures of 100 GiB":            send(structs),
		"a name lost that has none":        send(signal(t, "NameLost")),
		"a name acquired that is a number": send(signal(t, "NameAcquired", uint32(7))),
	}
}

// pour writes without end.
func pour(c net.Conn, what []byte) {
	for {
		if _, err := c.Write(what); err != nil {
			return
		}
	}
}

// A bus that is none is not believed, takes no memory, and is given up within the limit.
func TestBusesThatLie(t *testing.T) {
	for name, talk := range lies(t) {
		t.Run(name, func(t *testing.T) {
			l := newLiar(t, talk)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			began := time.Now()
			b, err := dial(t.Context(), l.address)
			if err == nil {
				b.Close()
				t.Error("it passes for a bus")
			}
			if took := time.Since(began); took > 2*answerLimit {
				t.Errorf("it was believed for %v", took)
			}
			runtime.ReadMemStats(&after)
			if took := after.TotalAlloc - before.TotalAlloc; took > 64<<20 {
				t.Errorf("%d bytes were taken", took)
			}
		})
	}
}

// The same for a Reader: it goes on, says so once in the log, and ends at once.
func TestReaderAndASessionThatLies(t *testing.T) {
	for name, talk := range lies(t) {
		t.Run(name, func(t *testing.T) {
			l := newLiar(t, talk)
			t.Setenv("DBUS_SESSION_BUS_ADDRESS", l.address)
			log, hook := logtest.NewNullLogger()
			reader := New(Config{App: test.NewApp(), Voice: &access.Voice{}, Log: log, Dispatch: func(func()) { t.Error("the window is asked") }})
			ctx, cancel := context.WithTimeout(t.Context(), testenv.Limit)
			defer cancel()
			if err := drive.Until(ctx, func() bool { return l.met.Load() > 0 }); err != nil {
				t.Error(err)
			}
			closes(t, reader)
			if n := len(hook.AllEntries()); n > 1 {
				t.Errorf("%d lines in the log", n)
			}
		})
	}
}

// closes ends a Reader, within a moment.
func closes(t *testing.T, r *Reader) {
	t.Helper()
	began := time.Now()
	r.Close()
	if took := time.Since(began); took > time.Second {
		t.Errorf("closing took %v", took)
	}
}

// launcher is the service that says whether somebody listens, and where.
type launcher struct {
	address string
	asked   atomic.Int32
}

func (*launcher) Get(string, string) (dbus.Variant, *dbus.Error) { return dbus.MakeVariant(true), nil }

func (l *launcher) GetAddress() (string, *dbus.Error) {
	l.asked.Add(1)
	return l.address, nil
}

func newLauncher(t *testing.T, address string) *launcher {
	t.Helper()
	bus := testenv.UseBus(t)
	c, err := dbus.Connect(bus.Address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	l := &launcher{address: address}
	err = errors.Join(
		c.Export(l, busPath, "org.freedesktop.DBus.Properties"), c.Export(l, busPath, busName),
	)
	if err == nil {
		_, err = c.RequestName(busName, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// Somebody listens, and the bus that readers are on cannot be reached, or lies: the log
// has one line, and what cannot be had is asked for less and less often.
func TestBusThatCannotBeReached(t *testing.T) {
	for name, address := range map[string]func(t *testing.T) string{
		"nobody": func(t *testing.T) string { return "unix:path=" + filepath.Join(t.TempDir(), "nobody") },
		"liar":   func(t *testing.T) string { return newLiar(t, func(net.Conn) {}).address },
	} {
		t.Run(name, func(t *testing.T) {
			l := newLauncher(t, address(t))
			log, hook := logtest.NewNullLogger()
			log.SetLevel(logrus.InfoLevel)
			reader := New(Config{App: test.NewApp(), Voice: &access.Voice{}, Log: log, Dispatch: func(f func()) { f() }})
			t.Cleanup(reader.Close)
			ctx, cancel := context.WithTimeout(t.Context(), testenv.Limit)
			defer cancel()
			began := time.Now()
			if err := drive.Until(ctx, func() bool { return l.asked.Load() == 3 }); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(began); took < 3*firstWait { // one second, and two
				t.Errorf("it was asked three times within %v", took)
			}
			if n := len(hook.AllEntries()); n != 1 {
				t.Errorf("%d lines in the log", n)
			}
			closes(t, reader)
		})
	}
}

func TestRetryWaitsLongerAndLonger(t *testing.T) {
	r := &Reader{conf: Config{Log: logrus.New()}}
	var again retry
	for _, want := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
		if again.failed(r, errGone); again.wait != want*time.Second {
			t.Errorf("it waits %v, want %v", again.wait, want*time.Second)
		}
	}
	again.worked(time.Second)
	if again.wait != lastWait {
		t.Error("a moment that it worked counts as well")
	}
	again.worked(lastWait)
	if again.wait != 0 {
		t.Error("it is not well again")
	}
}

// Whatever comes over the wire, godbus gets messages that it can read, or nothing.
func FuzzMessages(f *testing.F) {
	f.Add(signal(f, "NameLost", "x"))
	f.Add(signal(f, "Changed", "org.a11y.Status", map[string]dbus.Variant{"IsEnabled": dbus.MakeVariant(true)}, []string{"a", "b"}))
	f.Add(signal(f, "Changed", []any{"x", 1.5, []struct{ A, B byte }{{1, 2}}}, dbus.MakeVariant([][]int64{{1}, {}})))
	f.Add(raw(1, 4, 16, 1, 1, 'o', 0, 1, 0, 0, 0, '/', 0))
	f.Fuzz(func(t *testing.T, message []byte) {
		here, there := net.Pipe()
		go func() {
			_, _ = there.Write(message)
			_ = there.Close()
		}()
		defer here.Close()
		w := &wire{Conn: here, greeted: true}
		got := make([]byte, 1)
		if _, err := w.Read(got); err != nil {
			return
		}
		whole := append(got, w.message...)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		m, err := dbus.DecodeMessage(bytes.NewReader(whole))
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > 64<<20 {
			t.Errorf("%d bytes were taken for %d", took, len(whole))
		}
		if err == nil && m.Type == dbus.TypeSignal && len(m.Body) == 0 {
			if member, _ := m.Headers[dbus.FieldMember].Value().(string); member == "NameLost" || member == "NameAcquired" {
				t.Error("godbus panics at that")
			}
		}
	})
}

// What a bus really sends passes.
func TestTrueMessagesPass(t *testing.T) {
	for _, b := range [][]byte{
		signal(t, "NameAcquired", ":1.5"), signal(t, "Nothing"),
		signal(t, "Changed", "org.a11y.Status", map[string]dbus.Variant{"IsEnabled": dbus.MakeVariant(true)}, []string{}),
		signal(t, "Changed", byte(1), int16(2), uint32(3), 4.5, int64(6), dbus.ObjectPath("/a"), dbus.SignatureOf("x"),
			[]struct {
				Name string
				Path dbus.ObjectPath
			}{{"a", "/b"}, {"cde", "/f"}}, []float64{}, map[uint16]string{7: "x"}, dbus.MakeVariant([]any{"a", true})),
	} {
		c, length, ok := newChecker(b)
		if !ok || length != uint64(len(b)) || !c.message() {
			t.Errorf("%q of %d bytes does not pass at %d of %d", b, len(b), c.at, length)
		}
		for i := headLength; i < len(b); i++ { // cut off
			if c, _, _ := newChecker(b[:i]); c.message() {
				t.Errorf("%d bytes of %d pass", i, len(b))
			}
		}
	}
}
