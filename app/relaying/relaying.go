// Package relaying is `foyer relay`: its flags, its files, and what it prints.
package relaying

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"

	"github.com/sirupsen/logrus"

	"foyer/engine/call"
	"foyer/engine/call/reach"
	"foyer/engine/relay"
)

const (
	defaultPorts = "7850-7899"
	mbit         = 1e6 / 8 // bytes
)

// Flags are those of the command.
type Flags struct {
	conf           relay.Config
	public, ports  string
	Data           string // folder; empty: the default one
	megabits, size int
}

// NewFlags adds them to a set.
func NewFlags(set *flag.FlagSet) *Flags {
	f := &Flags{}
	most := relay.DefaultLimits()
	set.StringVar(&f.conf.Listen, "listen", relay.DefaultListen,
		"address and port where room servers dial, by TCP and UDP")
	set.StringVar(&f.ports, "ports", defaultPorts, "ports for guests, by TCP and UDP: one for each room server")
	set.StringVar(&f.public, "public", "", "name or address, HOST or HOST:PORT, by which everybody reaches this relay "+
		"(default: the address of this computer)")
	set.StringVar(&f.Data, "data", "", "folder for the keys (default: relay in your data folder)")
	set.IntVar(&f.megabits, "mbit", most.Bytes/mbit,
		"how much passes for each room server, in Mbit/s, both ways together")
	set.IntVar(&f.size, "guests", most.Connections, "how many connections the guests of each room server may have")
	return f
}

// Run relays until ctx ends, and prints the relay link.
func (f *Flags) Run(ctx context.Context, folder string, log logrus.FieldLogger, out io.Writer) error {
	conf := f.conf
	conf.Log = log
	if err := f.complete(&conf); err != nil {
		return err
	}
	link, err := f.link(conf.Listen)
	if err != nil {
		return err
	}
	if err := conf.Load(folder, &link); err != nil {
		return err
	}
	server, err := relay.New(conf)
	if err != nil {
		return misused(err)
	}
	err = server.Run(ctx, func() {
		encoder := json.NewEncoder(out)
		encoder.SetEscapeHTML(false) // links are to be copied
		_ = encoder.Encode(struct {  // whoever reads it is gone if it fails
			Event string `json:"event"`
			Link  string `json:"link"`
			Ports string `json:"ports"`
		}{"ready", link.String(), f.ports})
	})
	return explain(err)
}

func misused(err error) error { return fmt.Errorf("%w: %w", call.ErrServerConfig, err) }

// complete reads the numbers.
func (f *Flags) complete(conf *relay.Config) error {
	first, last, ok := strings.Cut(f.ports, "-")
	if !ok {
		last = first
	}
	var err, bad error
	conf.First, err = strconv.Atoi(first)
	conf.Last, bad = strconv.Atoi(last)
	if errors.Join(err, bad) != nil {
		return misused(fmt.Errorf("--ports takes FIRST-LAST, such as %s", defaultPorts))
	}
	const maxMegabits, maxConnections = 100_000, 1000 // a room server takes few more at a time
	if f.megabits < 1 || f.megabits > maxMegabits {
		return misused(fmt.Errorf("--mbit is not within 1..%d", maxMegabits))
	}
	if f.size < 1 || f.size > maxConnections {
		return misused(fmt.Errorf("--guests is not within 1..%d", maxConnections))
	}
	conf.Limits = relay.DefaultLimits()
	conf.Limits.Bytes, conf.Limits.Connections = f.megabits*mbit, f.size
	return nil
}

// link is the relay's, without its keys.
func (f *Flags) link(listen string) (reach.RelayLink, error) {
	on, port, err := net.SplitHostPort(listen)
	if err != nil {
		return reach.RelayLink{}, misused(fmt.Errorf("%.80q is not ADDRESS:PORT", listen))
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return reach.RelayLink{}, misused(fmt.Errorf("port %.20q is not within 1..65535", port))
	}
	host := reach.PublicHost{Name: on}
	switch {
	case f.public != "":
		if host, err = reach.ParsePublic(f.public); err != nil {
			return reach.RelayLink{}, misused(fmt.Errorf("public address %.80q %w", f.public, err))
		}
	case on == "":
		host.Name = ownAddress().String()
	}
	return reach.RelayLink{Host: host.At(uint16(number))}, nil
}

// ownAddress is the address of this computer that leads furthest.
func ownAddress() netip.Addr {
	addresses, _ := net.InterfaceAddrs() // without one it is loopback
	best := netip.AddrFrom4([4]byte{127, 0, 0, 1})
	worth := func(a netip.Addr) int {
		switch {
		case !a.IsGlobalUnicast():
			return 0
		case reach.Outside(a, nil) && a.Is4():
			return 3
		case reach.Outside(a, nil):
			return 2
		default:
			return 1
		}
	}
	for _, a := range addresses {
		if p, err := netip.ParsePrefix(a.String()); err == nil && worth(p.Addr()) > worth(best) {
			best = p.Addr()
		}
	}
	return best
}

// explain says why nothing listens.
func explain(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("%w (ports below 1024 need rights): %w", call.ErrAddress, err)
	default:
		return fmt.Errorf("%w: %w", call.ErrPortInUse, err)
	}
}
