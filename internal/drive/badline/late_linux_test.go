package badline

import (
	"net"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"foyer/internal/drive"
)

// TestLate sends packets through the cable: all come, as they were sent while nothing is
// delayed, and in another order then.
func TestLate(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can make network namespaces; runs as root")
	}
	cable, err := drive.NewCable(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer cable.Close()
	late, err := NewLate(t.Context(), cable)
	if err != nil {
		t.Fatal(err)
	}
	defer late.Close()
	receiver := listenIn(t, cable.B)
	sender := listenIn(t, cable.A)
	const packets = 64
	exchange := func() (order []byte) {
		for i := range byte(packets) {
			if _, err := sender.WriteTo([]byte{i}, receiver.LocalAddr()); err != nil {
				t.Fatal(err)
			}
		}
		buf := make([]byte, 16)
		for range packets {
			_ = receiver.SetReadDeadline(time.Now().Add(5 * time.Second))
			n, _, err := receiver.ReadFrom(buf)
			if err != nil || n != 1 {
				t.Fatalf("after %d packets: %d bytes, %v", len(order), n, err)
			}
			order = append(order, buf[0])
		}
		return order
	}
	overtaken := func(order []byte) (n int) {
		for i := range order[1:] {
			if order[i+1] < order[i] {
				n++
			}
		}
		return n
	}
	if n := overtaken(exchange()); n > 0 {
		t.Errorf("%d packets overtook others without a delay", n)
	}
	late.Delay(40 * time.Millisecond)
	if n := overtaken(exchange()); n < packets/8 {
		t.Errorf("only %d of %d packets overtook others", n, packets)
	}
}

// listenIn opens a socket in a namespace, on a thread that ends there.
func listenIn(t *testing.T, n *drive.NetNS) (c net.PacketConn) {
	t.Helper()
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		done <- func() error {
			ns, err := os.Open(filepath.Join(netnsFolder, n.Name))
			if err != nil {
				return err
			}
			defer ns.Close()
			if err := unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET); err != nil {
				return err
			}
			c, err = net.ListenPacket("udp4", n.Addr+":0")
			return err
		}()
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}
