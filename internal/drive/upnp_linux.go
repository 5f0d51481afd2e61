package drive

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Addresses of routers that open ports when they are asked. miniupnpd opens nothing
// behind an address that is kept for documentation; these belong to somebody, who is
// not in these networks.
const (
	homesOpenPublic = "203.0.112.1"
	homesOpenGuest  = "203.0.112.2"
	homesPrivate    = "10.9.0.1" // of a router behind another one
	homesPrivateFar = "10.9.0.2"
)

// Protocols by which a home router is asked to open ports.
const (
	PCP    = "pcp"
	NATPMP = "nat-pmp"
	UPnP   = "upnp"
)

// Opener is Debian's miniupnpd on the router of the host's home.
type Opener struct {
	homes  *Homes
	dir    string
	speaks []string
	cmd    *exec.Cmd
	began  time.Time
}

// Age is for how long it has been running.
func (o *Opener) Age() time.Duration { return time.Since(o.began) }

// NewOpener starts it, with only these protocols; the homes have other public
// addresses from now on. dir is an empty folder. Behind another router it has a
// private address outside.
func (h *Homes) NewOpener(ctx context.Context, dir string, behind bool, speaks ...string) (*Opener, error) {
	if err := Need("miniupnpd"); err != nil {
		return nil, err
	}
	public, guest := homesOpenPublic, homesOpenGuest
	if behind {
		public, guest = homesPrivate, homesPrivateFar
	}
	for n, address := range map[*NetNS]string{h.hostRouter: public, h.guestRouter: guest} {
		for _, step := range []string{"addr flush dev wan", "addr add " + address + "/24 dev wan"} {
			if err := ip(ctx, "-n "+n.Name+" "+step); err != nil {
				return nil, err
			}
		}
	}
	h.Public = public
	o := &Opener{homes: h, dir: dir, speaks: speaks}
	err := h.hostRouter.nft(ctx, openerRules)
	// Both protocols have one port, and miniupnpd has no switch of their own.
	for version, protocol := range []string{0: NATPMP, 2: PCP} {
		if err == nil && protocol != "" && !o.has(protocol) {
			err = h.hostRouter.nft(ctx, fmt.Sprintf(`insert rule inet router incoming udp dport 5351 @th,64,8 %d drop`, version))
		}
	}
	if err == nil {
		err = o.Start()
	}
	return o, err
}

// openerRules are the chains that miniupnpd fills.
const openerRules = `
table inet router {
	chain miniupnpd { }
	chain prerouting_miniupnpd { }
	chain postrouting_miniupnpd { }
}
insert rule inet router pre jump prerouting_miniupnpd
insert rule inet router post jump postrouting_miniupnpd
insert rule inet router passing jump miniupnpd
`

func (o *Opener) has(protocol string) bool {
	return slices.Contains(o.speaks, protocol)
}

func yesNo(on bool) string {
	if on {
		return "yes"
	}
	return "no"
}

func (o *Opener) leases() string { return filepath.Join(o.dir, "leases") }

// Start starts it again after Stop: it has forgotten everything.
func (o *Opener) Start() error {
	conf := filepath.Join(o.dir, "miniupnpd.conf")
	err := os.WriteFile(conf, []byte(strings.Join([]string{
		"ext_ifname=wan", "listening_ip=lan", "http_port=0", "secure_mode=yes", "system_uptime=no",
		"enable_natpmp=" + yesNo(o.has(PCP) || o.has(NATPMP)), "enable_upnp=" + yesNo(o.has(UPnP)),
		"upnp_table_name=router", "upnp_nat_table_name=router", "lease_file=" + o.leases(),
		"allow 1024-65535 " + homesHost + "/32 1024-65535", "deny 0-65535 0.0.0.0/0 0-65535", "",
	}, "\n")), 0o600)
	if err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(o.dir, "miniupnpd.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	path, args := o.homes.hostRouter.enter("miniupnpd", []string{"-d", "-f", conf, "-P", filepath.Join(o.dir, "pid")})
	o.cmd = exec.Command(path, args...)
	o.cmd.Stdout, o.cmd.Stderr = log, log
	o.began = time.Now()
	return o.cmd.Start()
}

// AwaitListening waits until it can be asked.
func (o *Opener) AwaitListening(ctx context.Context) error {
	port := ":1900 "
	if o.has(PCP) || o.has(NATPMP) {
		port = ":5351 "
	}
	return UntilEvery(ctx, 20*time.Millisecond, func() bool {
		out, err := o.homes.hostRouter.Output(ctx, "ss", "-Huln")
		return err == nil && strings.Contains(out, port)
	})
}

// Stop ends it, and what it has opened.
func (o *Opener) Stop(ctx context.Context) error {
	if o.cmd == nil {
		return nil
	}
	_ = o.cmd.Process.Kill() // or it has ended
	_ = o.cmd.Wait()
	o.cmd = nil
	err := o.homes.hostRouter.nft(ctx, `
flush chain inet router miniupnpd
flush chain inet router prerouting_miniupnpd
flush chain inet router postrouting_miniupnpd`)
	if gone := os.Remove(o.leases()); gone != nil && !errors.Is(gone, os.ErrNotExist) {
		err = errors.Join(err, gone)
	}
	return err
}

// Lease is one port that is open.
type Lease struct {
	Protocol        string // TCP or UDP
	Outside, Inside int
	Client          string
	Until           time.Time
	Name            string // what the client has called it
}

// Leases are those that it has now.
func (o *Opener) Leases() ([]Lease, error) {
	raw, err := os.ReadFile(o.leases())
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var list []Lease
	for line := range strings.Lines(string(raw)) {
		f := strings.SplitN(strings.TrimSpace(line), ":", 6)
		if len(f) != 6 {
			return nil, fmt.Errorf("lease %q", line)
		}
		var n [3]int
		for i, at := range []int{1, 3, 4} {
			if n[i], err = strconv.Atoi(f[at]); err != nil {
				return nil, fmt.Errorf("lease %q: %w", line, err)
			}
		}
		list = append(list, Lease{
			Protocol: f[0], Outside: n[0], Client: f[2], Inside: n[1], Until: time.Unix(int64(n[2]), 0), Name: f[5],
		})
	}
	return list, nil
}
