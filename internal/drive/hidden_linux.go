package drive

import (
	"context"
	"fmt"
	"os"
	"strconv"
)

// Hidden is a namespace that is joined to our own network as a host behind a router that
// lets nobody in: what the host begins comes through, and nothing else does.
type Hidden struct {
	*NetNS
	// Outside is our own address, as the host sees it.
	Outside string
}

const hiddenRules = `
table inet hidden {
	chain incoming {
		type filter hook input priority 0; policy drop
		iifname "lo" accept
		ct state established,related accept
	}
}
`

// NewHidden makes the namespace. It needs root.
func NewHidden(ctx context.Context) (*Hidden, error) {
	if err := Need("ip", "nft"); err != nil {
		return nil, err
	}
	n := int(cables.Add(1))
	id := strconv.Itoa(os.Getpid()) + "x" + strconv.Itoa(n)
	// A private network, as at home.
	at := func(host int) string { return fmt.Sprintf("10.91.%d.%d", os.Getpid()%256, n%64*4+host) }
	h := &Hidden{NetNS: &NetNS{Name: "fyi" + id, Addr: at(2), Device: "fi" + id}, Outside: at(1)}
	err := h.lay(ctx, "fo"+id)
	if err != nil {
		h.Close()
		return nil, err
	}
	return h, nil
}

func (h *Hidden) lay(ctx context.Context, ours string) error {
	in := "-n " + h.Name + " "
	for _, s := range []string{
		"netns add " + h.Name, in + "link set lo up",
		fmt.Sprintf("link add %s type veth peer name %s netns %s", ours, h.Device, h.Name),
		fmt.Sprintf("addr add %s/30 dev %s", h.Outside, ours), fmt.Sprintf("%saddr add %s/30 dev %s", in, h.Addr, h.Device),
		"link set " + ours + " up", in + "link set " + h.Device + " up",
	} {
		if err := ip(ctx, s); err != nil {
			return err
		}
	}
	if err := h.run(ctx, "", "nft", "list", "ruleset"); err != nil {
		return fmt.Errorf("%w: %w", ErrNoRules, err)
	}
	return h.nft(ctx, hiddenRules)
}

// DropUDP lets no UDP out of the namespace any more, nor in.
func (h *Hidden) DropUDP(ctx context.Context) error {
	return h.nft(ctx, `
insert rule inet hidden incoming iifname != "lo" meta l4proto udp drop
add chain inet hidden outgoing { type filter hook output priority 0; oifname != "lo" meta l4proto udp drop; }`)
}

// Close removes the namespace; processes in it keep running without a network.
func (h *Hidden) Close() {
	_ = ip(context.Background(), "netns del "+h.Name) // not there after a failed start
}
