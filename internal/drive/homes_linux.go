package drive

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// Addresses of [Homes]. 203.0.113.0/24 is kept for documentation (RFC 5737).
const (
	homesHost       = "192.168.1.10"
	homesHostRouter = "192.168.1.1"
	homesPublic     = "203.0.113.1"
	homesGuestsWAN  = "203.0.113.2"
	homesGuest      = "192.168.2.10"
	homesGuestLAN   = "192.168.2.1"
	homesBeyond     = "198.51.100.10"
	homesBeyondWAN  = "198.51.100.1"
)

// namedNetworks has the files of the namespaces that take the place of those in /etc.
const namedNetworks = "/etc/netns"

// Homes are two homes with a router each, which translates addresses, and between
// them a network that knows only the routers.
type Homes struct {
	Host, Guest *NetNS
	// Public is the address of the host's router, from outside.
	Public string

	hostRouter, guestRouter *NetNS
	beyond                  *NetNS // nil: nobody has asked for it
}

// ErrNoRules says that the kernel has no rules for a router's packets.
var ErrNoRules = errors.New("no nf_tables in the kernel")

// NewHomes makes both; from outside nothing reaches the host yet. It needs root.
func NewHomes(ctx context.Context) (*Homes, error) {
	if err := Need("ip", "nft"); err != nil {
		return nil, err
	}
	id := strconv.Itoa(os.Getpid()) + "x" + strconv.Itoa(int(cables.Add(1)))
	h := &Homes{
		Host: &NetNS{Name: "fyh" + id, Addr: homesHost}, Guest: &NetNS{Name: "fyg" + id, Addr: homesGuest},
		hostRouter: &NetNS{Name: "fyr" + id}, guestRouter: &NetNS{Name: "fyq" + id}, Public: homesPublic,
	}
	err := h.build(ctx)
	if err != nil {
		h.Close()
		return nil, err
	}
	return h, nil
}

func (h *Homes) all() []*NetNS {
	list := []*NetNS{h.Host, h.Guest, h.hostRouter, h.guestRouter}
	if h.beyond != nil {
		list = append(list, h.beyond)
	}
	return list
}

// Beyond makes a machine on the internet that both homes reach. It is joined to the
// guest's router, as if that were the internet: what that drops, the host does not get
// there either.
func (h *Homes) Beyond(ctx context.Context) (*NetNS, error) {
	n, r := &NetNS{Name: strings.Replace(h.Host.Name, "fyh", "fyb", 1), Addr: homesBeyond}, h.guestRouter
	h.beyond = n
	for _, s := range []string{
		"netns add " + n.Name, "-n " + n.Name + " link set lo up",
		fmt.Sprintf("link add eth0 netns %s type veth peer name net netns %s", n.Name, r.Name),
		fmt.Sprintf("-n %s addr add %s/24 dev eth0", n.Name, homesBeyond),
		fmt.Sprintf("-n %s addr add %s/24 dev net", r.Name, homesBeyondWAN),
		"-n " + n.Name + " link set eth0 up", "-n " + r.Name + " link set net up",
		"-n " + n.Name + " route add default via " + homesBeyondWAN,
		"-n " + h.hostRouter.Name + " route add " + homesBeyond + " via " + homesGuestsWAN,
	} {
		if err := ip(ctx, s); err != nil {
			return nil, err
		}
	}
	return n, r.nft(ctx, `
add rule inet router passing iifname { "lan", "wan" } oifname "net" accept
add rule inet router post iifname "lan" oifname "net" masquerade`)
}

func (h *Homes) build(ctx context.Context) error {
	var steps []string
	for _, n := range h.all() {
		steps = append(steps, "netns add "+n.Name, "-n "+n.Name+" link set lo up")
	}
	wire := func(a *NetNS, devA, addrA string, b *NetNS, devB, addrB string) {
		steps = append(steps,
			fmt.Sprintf("link add %s netns %s type veth peer name %s netns %s", devA, a.Name, devB, b.Name),
			fmt.Sprintf("-n %s addr add %s/24 dev %s", a.Name, addrA, devA),
			fmt.Sprintf("-n %s addr add %s/24 dev %s", b.Name, addrB, devB),
			fmt.Sprintf("-n %s link set %s up", a.Name, devA), fmt.Sprintf("-n %s link set %s up", b.Name, devB))
	}
	wire(h.Host, "eth0", homesHost, h.hostRouter, "lan", homesHostRouter)
	wire(h.Guest, "eth0", homesGuest, h.guestRouter, "lan", homesGuestLAN)
	wire(h.hostRouter, "wan", homesPublic, h.guestRouter, "wan", homesGuestsWAN)
	steps = append(steps,
		"-n "+h.Host.Name+" route add default via "+homesHostRouter,
		"-n "+h.Guest.Name+" route add default via "+homesGuestLAN)
	for _, s := range steps {
		if err := ip(ctx, s); err != nil {
			return err
		}
	}
	for _, r := range []*NetNS{h.hostRouter, h.guestRouter} {
		if err := r.run(ctx, "", "sysctl", "-qw", "net.ipv4.ip_forward=1"); err != nil {
			return err
		}
		if err := r.run(ctx, "", "nft", "list", "ruleset"); err != nil {
			return fmt.Errorf("%w: %w", ErrNoRules, err)
		}
		if err := r.run(ctx, routerRules, "nft", "-f", "-"); err != nil {
			return err
		}
	}
	return nil
}

// routerRules are those of a home router: it translates what goes out, and lets in
// what belongs to that, and what it was told to forward.
const routerRules = `
table inet router {
	set dropped { type inet_proto; }
	set refused { type inet_proto . inet_service; flags interval; }
	chain pre { type nat hook prerouting priority -100; policy accept; }
	chain post { type nat hook postrouting priority 100; policy accept; oifname "wan" masquerade; }
	chain passing {
		type filter hook forward priority 0; policy drop;
		meta l4proto @dropped drop
		meta l4proto . th dport @refused drop
		ct state established,related accept
		ct status dnat accept
		iifname "lan" oifname "wan" accept
	}
	chain incoming { type filter hook input priority 0; policy accept; iifname "wan" ct state new drop; }
}
`

// Forward lets one port of the host be reached at its router's public address, by
// "tcp" or "udp".
func (h *Homes) Forward(ctx context.Context, protocol string, port int) error {
	return h.hostRouter.nft(ctx, fmt.Sprintf(
		`add rule inet router pre iifname "wan" meta l4proto %s th dport %d dnat ip to %s`, protocol, port, homesHost))
}

// DropUDP makes the guest's router let no UDP through.
func (h *Homes) DropUDP(ctx context.Context) error {
	return h.guestRouter.nft(ctx, "add element inet router dropped { udp }")
}

// DropUDPBeyond lets no UDP through between one of the homes and the machine that Beyond
// made, also of those who have talked by it already.
func (h *Homes) DropUDPBeyond(ctx context.Context, home *NetNS) error {
	side := "lan"
	if home == h.Host {
		side = "wan"
	}
	return h.guestRouter.nft(ctx, fmt.Sprintf(`
insert rule inet router passing iifname %[1]q oifname "net" meta l4proto udp drop
insert rule inet router passing iifname "net" oifname %[1]q meta l4proto udp drop`, side))
}

// DropTCP makes it let no TCP to these ports through.
func (h *Homes) DropTCP(ctx context.Context, ports ...int) error {
	for _, p := range ports {
		if err := h.guestRouter.nft(ctx, fmt.Sprintf("add element inet router refused { tcp . %d }", p)); err != nil {
			return err
		}
	}
	return nil
}

// Name makes the host's public address known to the guest by a name.
func (h *Homes) Name(name string) error {
	dir := filepath.Join(namedNetworks, h.Guest.Name) // see ip-netns(8)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "hosts"), []byte("127.0.0.1 localhost\n"+h.Public+" "+name+"\n"), 0o644)
}

// Close removes the namespaces; processes in them keep running without a network.
func (h *Homes) Close() {
	_ = os.RemoveAll(filepath.Join(namedNetworks, h.Guest.Name))
	for _, n := range h.all() {
		_ = ip(context.Background(), "netns del "+n.Name) // not there after a failed start
	}
}

func (n *NetNS) nft(ctx context.Context, rule string) error {
	return n.run(ctx, rule+"\n", "nft", "-f", "-")
}

// Output runs a command in the namespace and returns what it prints.
func (n *NetNS) Output(ctx context.Context, program string, args ...string) (string, error) {
	return n.exec(ctx, "", program, args)
}

func (n *NetNS) run(ctx context.Context, stdin, program string, args ...string) error {
	_, err := n.exec(ctx, stdin, program, args)
	return err
}

func (n *NetNS) exec(ctx context.Context, stdin, program string, args []string) (string, error) {
	path, args := n.enter(program, args)
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s in %s: %w: %s", program, n.Name, err, strings.TrimSpace(string(out)))
	}
	return string(out), nil
}
