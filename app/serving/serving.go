// Package serving is what `foyer serve` says of the network: its flags, and the lines by
// which it tells how it is reached.
package serving

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"foyer/app/argv"
	"foyer/engine/call"
	"foyer/engine/call/reach"
	"foyer/engine/host"
	"foyer/engine/host/acmecert"
	"foyer/engine/roomserver"
	"foyer/ui/words"
)

// Flags say how people elsewhere reach a server.
type Flags struct {
	acme   bool
	obtain host.ACME
	relay  string
}

// NewFlags adds them to a set; Complete has to follow.
func NewFlags(set *flag.FlagSet, conf *host.Config) *Flags {
	f := &Flags{}
	set.IntVar(&conf.MediaPort, "media-port", 0, "port of audio and video, to open in a firewall: UDP and, "+
		"unless --listen names one address, TCP (default: a free port, different each time)")
	set.Func("public", "name or address, HOST or HOST:PORT, at which people on the internet reach this server; links "+
		"list it first; may be repeated", func(host string) error {
		conf.Public = append(conf.Public, host)
		return nil
	})
	set.StringVar(&conf.CertFile, "cert", "", "file with a certificate (PEM, with its chain) for the --public name, for "+
		"links without a pin and for browsers; read again when it changes")
	set.StringVar(&conf.KeyFile, "key", "", "file with the private key (PEM) of --cert")
	set.StringVar(&f.obtain.Domain, "domain", "", "public name, HOST or HOST:PORT, for which --acme obtains a "+
		"certificate; links list it before every --public")
	set.BoolVar(&f.acme, "acme", false, "obtain and renew a certificate for --domain, and accept the authority's "+
		"terms; port 443 of the name must lead to this server")
	set.StringVar(&f.obtain.HTTP, "acme-http", "",
		"address and port, such as :80, to which port 80 of the name leads: the "+
			"authority then checks port 80 instead of 443")
	set.StringVar(&f.obtain.Directory, "acme-directory", "", "https:// address of the authority's directory (default: "+
		"Let's Encrypt's, "+acmecert.DefaultDirectory+")")
	set.StringVar(&f.obtain.RootsFile, "acme-roots", "",
		"file with CA certificates (PEM) to trust for --acme-directory, if the "+
			"authority is your own")
	set.StringVar(&f.relay, "relay", "",
		"relay link from foyer relay, for guests who cannot reach this server "+
			"(default: $"+roomserver.RelayVariable+", where only you can see it)")
	set.BoolVar(&conf.NoPortMapping, "no-port-mapping", false, "do not ask the router (PCP, NAT-PMP, UPnP) to let people "+
		"on the internet in while the server runs")
	return f
}

// Complete moves what the flags say of a certificate into the configuration.
func (f *Flags) Complete(conf *host.Config) error {
	if f.acme != (f.obtain.Domain != "") {
		return fmt.Errorf("%w: %w", call.ErrServerConfig, errors.New("--acme and --domain need each other"))
	}
	conf.ACME = f.obtain
	if conf.Relay = argv.Hide(f.relay); conf.Relay == "" {
		conf.Relay = os.Getenv(roomserver.RelayVariable)
	}
	return nil
}

// Run runs a server until ctx ends, and prints when people may join, and how.
func Run(ctx context.Context, conf host.Config, out io.Writer) error {
	// What is printed here, the log says, too.
	conf.Came = func(id call.Identity, name string) {
		_ = roomserver.WriteCame(out, id, name, words.English().Reach("", "", name))
	}
	conf.Reached = func(r host.Reach) { _ = roomserver.WriteReach(out, reached(r)) }
	conf.Certified = func(c reach.Certificate) {
		_ = roomserver.WriteCertificate(out, c, words.Certificate(words.English(), c))
	}
	server, err := host.New(conf)
	if err != nil {
		return err
	}
	return server.Run(ctx, func(r host.Ready) {
		line := reached(r.Reach)
		line.URL, line.AdminKeyFile, line.LiveKitKeyFile = r.URL, r.AdminKeyFile, r.LiveKitKeyFile
		_ = roomserver.WriteReady(out, line)
	})
}

// reached is what is printed of how a server is reached.
func reached(r host.Reach) roomserver.Ready {
	kind, _ := reach.Of(r.Hosts)
	return roomserver.Ready{
		Hosts: r.Hosts, Reach: kind, Router: r.Router, Who: words.English().ReachByRouter(r.Hosts, r.Router),
	}
}
