package drive

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
)

// NetNS is one of two network namespaces that a cable joins.
type NetNS struct {
	Name string
	Addr string // IPv4 of its end of the cable
	// Device is its end of the cable.
	Device string
}

// enter is how a program is started in the namespace; nil is our own.
func (n *NetNS) enter(path string, args []string) (string, []string) {
	if n == nil {
		return path, args
	}
	return "ip", append([]string{"netns", "exec", n.Name, path}, args...)
}

// Cable joins two hosts of our own, without any other network. It needs root.
type Cable struct {
	A, B *NetNS
}

// cables numbers the cables of this process: names must differ.
var cables atomic.Int32

// NewCable makes two namespaces and the cable.
func NewCable(ctx context.Context) (*Cable, error) {
	if err := Need("ip"); err != nil {
		return nil, err
	}
	id := strconv.Itoa(os.Getpid()) + "x" + strconv.Itoa(int(cables.Add(1)))
	// 198.18.0.0/15 is kept for tests of networks (RFC 2544).
	c := &Cable{
		A: &NetNS{Name: "fya" + id, Addr: "198.18.0.1", Device: "fa" + id},
		B: &NetNS{Name: "fyb" + id, Addr: "198.18.0.2", Device: "fb" + id},
	}
	err := c.lay(ctx)
	if err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func (c *Cable) lay(ctx context.Context) error {
	steps := []string{
		"netns add " + c.A.Name, "netns add " + c.B.Name,
		fmt.Sprintf("link add %s netns %s type veth peer name %s netns %s", c.A.Device, c.A.Name, c.B.Device, c.B.Name),
	}
	for _, n := range []*NetNS{c.A, c.B} {
		steps = append(steps, "-n "+n.Name+" addr add "+n.Addr+"/24 dev "+n.Device,
			"-n "+n.Name+" link set lo up", "-n "+n.Name+" link set "+n.Device+" up")
	}
	for _, s := range steps {
		if err := ip(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// Cut pulls the cable out so that packets vanish without an error, as behind a
// dead router; Restore puts it back.
func (c *Cable) Cut(ctx context.Context) error {
	return ip(ctx, "-n "+c.A.Name+" link set "+c.A.Device+" down")
}

// Restore undoes Cut.
func (c *Cable) Restore(ctx context.Context) error {
	return ip(ctx, "-n "+c.A.Name+" link set "+c.A.Device+" up")
}

// Readdress takes all addresses from an end of the cable, and gives it this one; none
// if it is empty.
func (n *NetNS) Readdress(ctx context.Context, addr string) error {
	err := ip(ctx, "-n "+n.Name+" addr flush dev "+n.Device)
	if err == nil && addr != "" {
		err = ip(ctx, "-n "+n.Name+" addr add "+addr+"/24 dev "+n.Device)
	}
	return err
}

// CutLoopback takes this machine's loopback away. Do it only on a machine that belongs
// to the test.
func CutLoopback(ctx context.Context) error { return ip(ctx, "link set lo down") }

// RestoreLoopback undoes CutLoopback.
func RestoreLoopback(ctx context.Context) error { return ip(ctx, "link set lo up") }

// Close removes the namespaces; processes in them keep running without a
// network.
func (c *Cable) Close() {
	for _, n := range []*NetNS{c.A, c.B} {
		_ = ip(context.Background(), "netns del "+n.Name) // not there after a failed start
	}
}

func ip(ctx context.Context, args string) error {
	out, err := exec.CommandContext(ctx, "ip", strings.Fields(args)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ip %s: %w: %s", args, err, strings.TrimSpace(string(out)))
	}
	return nil
}
