package host

import (
	"crypto/x509"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/sirupsen/logrus"
	"google.golang.org/protobuf/proto"

	"foyer/engine/call"
	"foyer/engine/call/reach"
	"foyer/engine/host/limits"
)

// DefaultListen is where `foyer serve` listens: every interface, IPv4 and IPv6.
const DefaultListen = ":7843"

// DefaultRoomTTL is how long a room stays open with nobody in it: longer than
// any cut that a client survives (contract O6), shorter than a coffee break.
const DefaultRoomTTL = 5 * time.Minute

const maxRoomTTL = 30 * 24 * time.Hour

// Config says how to serve.
type Config struct {
	Listen string // host:port of the door; empty for DefaultListen
	Data   string // folder for keys, certificate and database; made if missing
	// Database is the address of a PostgreSQL database, postgres://..., that the
	// doors of one cluster share; empty: SQLite in the data folder.
	Database string
	// Patient makes the server wait some seconds for another one that is stopping
	// and has the data folder still, instead of failing at once.
	Patient bool
	// RoomTTL is how long a room stays open with nobody in it, in whole
	// seconds; 0 for DefaultRoomTTL.
	RoomTTL time.Duration
	// MediaPort is the port of the media server's UDP and, where the door listens
	// on every address, TCP; 0 for any that is free.
	MediaPort int
	// Public are names and addresses, HOST or HOST:PORT, by which others reach this
	// server: they come first in links.
	Public []string
	// CertFile and KeyFile are a certificate for the public names that others trust,
	// and its key; they are read again when they change. Links go on to pin the door's
	// own certificate.
	CertFile, KeyFile string
	// ACME obtains a certificate for Domain instead, if that is set.
	ACME ACME
	// Page has the sentences and icons of the page for guests in a browser, by the names
	// of files; without them there is no such page.
	Page map[string][]byte
	// Resume opens the rooms again that were open when the server before died,
	// less than a minute ago, so that everybody comes back.
	Resume bool

	// LiveKitURL with its key and secret makes this the door of an existing
	// LiveKit; then no media server is started. It must be encrypted unless it
	// is on this computer: tokens and signalling travel there.
	LiveKitURL, APIKey, APISecret string

	Log logrus.FieldLogger
	// Came is told of the first guest who came in from outside (reach.Outside), and of the
	// first one since a way in was lost; may be nil.
	Came func(id call.Identity, name string)
	// NoPortMapping leaves the router of this network alone; otherwise it is asked to
	// lead to this server. Reached is told, after ready, each time that this or another
	// network changes the addresses or what they are worth; it must not block, and may be
	// nil.
	NoPortMapping bool
	Reached       func(Reach)
	// Relay is the link of a relay by which guests come, too; empty: there is none.
	Relay string

	// Certified is told what becomes of the certificate that ACME obtains; it must not
	// block, and may be nil.
	Certified func(reach.Certificate)

	// Trace, if set, sees each frame between the keepers and the media server, with
	// the secrets in it; it must not block.
	Trace func(sent bool, frame proto.Message)

	limits *limits.Limits   // nil for limits.Default; tests and benchmarks have others
	now    func() time.Time // nil for time.Now; tests have a clock of their own

	networkEvery time.Duration       // 0 for lookAtNetwork
	acmePause    time.Duration       // 0 for what acmecert has
	addresses    func() []netip.Addr // nil for mediaAddresses
}

// Ready says how to reach a server that has started.
type Ready struct {
	URL            string // https://host:port, for this computer
	AdminKeyFile   string // JSON {"key","fingerprint"}, mode 0600
	LiveKitKeyFile string // JSON {"key","secret"}, mode 0600
	Fingerprint    string // SHA-256 of the certificate, hexadecimal
	Reach
}

// Reach says how a server is reached.
type Reach struct {
	Hosts  []string // host:port as invite links carry them now
	Router reach.Router
}

// settings is a checked Config.
type settings struct {
	Config
	listen   netip.AddrPort // unspecified address: all interfaces
	dual     bool           // IPv6 as well
	upstream *url.URL       // nil: our own SFU
	public   []reach.PublicHost
	roots    *x509.CertPool   // for ACME.Directory; nil: the system's
	relay    *reach.RelayLink // nil: none
}

func (c Config) check() (settings, error) {
	s := settings{Config: c}
	if s.Log == nil || s.Data == "" {
		return s, fmt.Errorf("%w: no log or no data folder", call.ErrServerConfig)
	}
	if s.Listen == "" {
		s.Listen = DefaultListen
	}
	if err := s.checkListen(); err != nil {
		return s, err
	}
	if s.limits == nil {
		l := limits.Default()
		s.limits = &l
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.networkEvery == 0 {
		s.networkEvery = lookAtNetwork
	}
	if s.addresses == nil {
		s.addresses = mediaAddresses
	}
	if s.RoomTTL == 0 {
		s.RoomTTL = DefaultRoomTTL
	}
	if s.RoomTTL < time.Second || s.RoomTTL > maxRoomTTL {
		return s, fmt.Errorf("%w: a room's time of %v is not within 1s..%v", call.ErrServerConfig, s.RoomTTL, maxRoomTTL)
	}
	if s.MediaPort < 0 || s.MediaPort > 65535 {
		return s, fmt.Errorf("%w: media port %d", call.ErrServerConfig, s.MediaPort)
	}
	if (s.CertFile == "") != (s.KeyFile == "") {
		return s, fmt.Errorf("%w: a certificate needs both its file and that of its key", call.ErrServerConfig)
	}
	if err := s.checkACME(); err != nil {
		return s, err
	}
	if err := s.checkPublic(); err != nil {
		return s, err
	}
	if err := s.checkRelay(); err != nil {
		return s, err
	}
	return s, s.checkUpstream()
}

func (s *settings) checkListen() error {
	host, port, err := net.SplitHostPort(s.Listen)
	if err != nil {
		return fmt.Errorf("%w: %q is not ADDRESS:PORT", call.ErrServerConfig, s.Listen)
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return fmt.Errorf("%w: port %q is not within 0..65535", call.ErrServerConfig, port)
	}
	address := netip.IPv6Unspecified()
	switch host {
	case "":
		s.dual = true
	case "localhost":
		address = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	default:
		if address, err = netip.ParseAddr(host); err != nil {
			return fmt.Errorf("%w: %q is not an address of this computer; give a number like 192.168.1.10",
				call.ErrServerConfig, host)
		}
		s.dual = address == netip.IPv6Unspecified()
	}
	s.listen = netip.AddrPortFrom(address, uint16(number))
	return nil
}

func (s *settings) checkUpstream() error {
	if s.LiveKitURL == "" {
		if s.APIKey != "" || s.APISecret != "" {
			return fmt.Errorf("%w: an API key without a LiveKit address", call.ErrServerConfig)
		}
		return nil
	}
	if s.MediaPort != 0 {
		return fmt.Errorf("%w: a media port, and another server has the media", call.ErrServerConfig)
	}
	if s.APIKey == "" || s.APISecret == "" {
		return fmt.Errorf("%w: a LiveKit address without API key and secret", call.ErrServerConfig)
	}
	u, err := url.Parse(s.LiveKitURL)
	if err != nil || u.Host == "" {
		return fmt.Errorf("%w: LiveKit address", call.ErrServerConfig) // not quoted: it may hold a password
	}
	switch u.Scheme {
	case "ws":
		u.Scheme = "http"
	case "wss":
		u.Scheme = "https"
	case "http", "https":
	default:
		return fmt.Errorf("%w: LiveKit address is neither http(s) nor ws(s)", call.ErrServerConfig)
	}
	if u.Scheme == "http" && !loopbackName(u.Hostname()) {
		return fmt.Errorf("%w: LiveKit address: %w, use wss:// or https://", call.ErrServerConfig, call.ErrLinkInsecure)
	}
	s.upstream = &url.URL{Scheme: u.Scheme, Host: u.Host}
	return nil
}

// loopbackName reports whether what is sent to host stays on this computer.
func loopbackName(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}

// bind is the address for net.Listen: an empty host listens on IPv4 and IPv6.
func (s *settings) bind(port uint16) string {
	host := ""
	if !s.dual {
		host = s.listen.Addr().String()
	}
	return net.JoinHostPort(host, strconv.Itoa(int(port)))
}
