package badline

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"foyer/internal/drive"
)

const (
	// lateMTU is that of the cable.
	lateMTU = 1500
	// mostUnderway limits what is delayed at a time.
	mostUnderway = 4096
	// netnsFolder is where ip keeps the namespaces that it has named (ip-netns(8)).
	netnsFolder = "/run/netns"
)

// Late carries the packets of a cable in this process, and delays those from A to B,
// each for a time of its own, so that they overtake each other. The kernels that
// Foyer is tested on have no netem.
type Late struct {
	most atomic.Int64 // nanoseconds
	ends [2]*os.File  // of A and of B
	busy sync.WaitGroup
}

// NewLate takes the addresses of the cable, for devices of its own. Close ends it; the
// cable is of no use then.
func NewLate(ctx context.Context, c *drive.Cable) (l *Late, err error) {
	l = &Late{}
	for i, n := range []*drive.NetNS{c.A, c.B} {
		if err = n.Readdress(ctx, ""); err == nil {
			l.ends[i], err = openTUN(ctx, n)
		}
		if err != nil {
			l.Close()
			return nil, err
		}
	}
	l.busy.Go(func() { l.carry(l.ends[0], l.ends[1], true) })
	l.busy.Go(func() { l.carry(l.ends[1], l.ends[0], false) })
	return l, nil
}

// Delay delays each packet from A to B by something between nothing and most.
func (l *Late) Delay(most time.Duration) { l.most.Store(int64(most)) }

// Close waits until every packet is delivered.
func (l *Late) Close() {
	for _, f := range l.ends {
		if f != nil {
			_ = f.Close() // ends the reads
		}
	}
	l.busy.Wait()
}

// carry passes packets on until an end is closed.
func (l *Late) carry(from, to *os.File, delayed bool) {
	var underway atomic.Int32
	buf := make([]byte, lateMTU)
	for {
		n, err := from.Read(buf)
		if err != nil { // closed, or gone with its namespace
			return
		}
		most := time.Duration(l.most.Load())
		if !delayed || most == 0 || underway.Load() >= mostUnderway {
			_, _ = to.Write(buf[:n]) // lost, as on any line
			continue
		}
		packet := append([]byte(nil), buf[:n]...)
		underway.Add(1)
		l.busy.Add(1)
		time.AfterFunc(rand.N(most), func() { //nolint:gosec // a test's dice
			defer l.busy.Done()
			_, _ = to.Write(packet)
			underway.Add(-1)
		})
	}
}

// openTUN makes a device of IP packets in the namespace, with its address.
func openTUN(ctx context.Context, n *drive.NetNS) (*os.File, error) {
	name := "t" + n.Device
	fd, err := tunIn(n.Name, name)
	if err != nil {
		return nil, fmt.Errorf("device %s: %w", name, err)
	}
	f := os.NewFile(uintptr(fd), name)
	for _, step := range []string{"addr add " + n.Addr + "/24 dev " + name, "link set " + name + " up"} {
		if _, err := n.Output(ctx, "ip", strings.Fields(step)...); err != nil {
			_ = f.Close()
			return nil, err
		}
	}
	return f, nil
}

// tunIn opens it with a thread that enters the namespace, which ends with the thread.
func tunIn(netns, name string) (fd int, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		fd, err = tunHere(filepath.Join(netnsFolder, netns), name)
	}()
	<-done
	return fd, err
}

func tunHere(netns, name string) (int, error) {
	ns, err := os.Open(netns)
	if err != nil {
		return -1, err
	}
	defer ns.Close()
	if err := unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET); err != nil {
		return -1, fmt.Errorf("enter %s: %w", netns, err)
	}
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("open the tunnel device: %w", err)
	}
	request, err := unix.NewIfreq(name)
	if err == nil {
		request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, request)
	}
	if err != nil {
		_ = unix.Close(fd)
		return -1, err
	}
	return fd, nil
}
