package portmap

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/huin/goupnp/soap"
)

// Limits of what a router says by HTTP.
const (
	maxBody     = 128 << 10 // bytes
	maxHeaders  = 16 << 10
	maxServices = 4
	httpTimeout = 2 * time.Second // of one request, with its answer
)

// upnp is UPnP's Internet Gateway Device. goupnp's SOAP has our HTTP client; its
// discovery and descriptions would follow a router to any host, and read without end.
type upnp struct {
	target
	search netip.AddrPort // where the router is looked for
	many   netip.AddrPort // where all are looked for
	key    []byte

	mu       sync.Mutex
	service  *soap.SOAPClient // nil: not found yet
	services string           // its type
}

func (*upnp) name() string { return "upnp" }

// ask finds the service, the first time, and asks it.
func (u *upnp) ask(ctx context.Context) (netip.Addr, error) {
	u.mu.Lock()
	found := u.service != nil
	u.mu.Unlock()
	if found {
		return u.address(ctx)
	}
	where, err := u.discover(ctx)
	if err != nil {
		return netip.Addr{}, err
	}
	all, err := u.describe(ctx, where)
	if err != nil {
		return netip.Addr{}, err
	}
	err = fmt.Errorf("%w: no service for ports", errUnsupported)
	var best netip.Addr
	for _, s := range all[:min(len(all), maxServices)] {
		client := soap.NewSOAPClient(*s.control)
		client.HTTPClient = *u.client()
		u.mu.Lock()
		u.service, u.services = client, s.kind
		u.mu.Unlock()
		if best, err = u.address(ctx); err == nil { // one that has no line has no address
			return best, nil
		}
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.service = nil
	return netip.Addr{}, err
}

// client speaks only with the router, for a short time, and follows it nowhere.
func (u *upnp) client() *http.Client {
	dialer := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(u.inside, 0))}
	return &http.Client{
		Timeout:       httpTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: limited{&http.Transport{
			DisableKeepAlives: true, MaxResponseHeaderBytes: maxHeaders, DisableCompression: true,
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				if to, err := netip.ParseAddrPort(address); err != nil || to.Addr() != u.router {
					return nil, fmt.Errorf("%w: it leads to %.80q", errNonsense, address)
				}
				return dialer.DialContext(ctx, network, address)
			},
		}},
	}
}

// limited is a transport whose bodies end in an error when they are too long.
type limited struct{ http.RoundTripper }

func (l limited) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := l.RoundTripper.RoundTrip(r)
	if err == nil {
		answer.Body = http.MaxBytesReader(nil, answer.Body, maxBody)
	}
	return answer, err
}

// own reports whether an address is one of the router's for HTTP.
func (u *upnp) own(at *url.URL) bool {
	host, err := netip.ParseAddr(at.Hostname())
	return err == nil && at.Scheme == "http" && host == u.router && at.User == nil
}

// service is one that maps ports.
type service struct {
	kind    string
	control *url.URL
}

// device is a part of a description (UPnP Device Architecture 1.1, 2.3).
type device struct {
	Services []struct {
		Type    string `xml:"serviceType"`
		Control string `xml:"controlURL"`
	} `xml:"serviceList>service"`
	Devices []device `xml:"deviceList>device"`
}

// describe lists the services of a router that can map ports.
func (u *upnp) describe(ctx context.Context, where *url.URL) ([]service, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, where.String(), nil)
	if err != nil {
		return nil, err
	}
	answer, err := u.client().Do(request)
	if err != nil {
		return nil, fmt.Errorf("description: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%w: its description has status %d", errNonsense, answer.StatusCode)
	}
	var root struct {
		Base   string `xml:"URLBase"`
		Device device `xml:"device"`
	}
	decoder := xml.NewDecoder(answer.Body)
	decoder.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil } // types and paths are ASCII
	if err := decoder.Decode(&root); err != nil {
		return nil, fmt.Errorf("%w: its description: %w", errNonsense, err)
	}
	base := where
	if root.Base != "" {
		if base, err = url.Parse(root.Base); err != nil {
			return nil, fmt.Errorf("%w: its description has no address", errNonsense)
		}
	}
	return u.find(root.Device, base), nil
}

// find collects services, the newest kind first.
func (u *upnp) find(d device, base *url.URL) []service {
	kinds := []string{
		"urn:schemas-upnp-org:service:WANIPConnection:2", "urn:schemas-upnp-org:service:WANIPConnection:1",
		"urn:schemas-upnp-org:service:WANPPPConnection:1",
	}
	var all []service
	var collect func(device)
	collect = func(d device) {
		for _, s := range d.Services {
			at, err := base.Parse(s.Control)
			if err == nil && u.own(at) && slices.Contains(kinds, s.Type) {
				all = append(all, service{s.Type, at})
			}
		}
		for _, inner := range d.Devices {
			collect(inner)
		}
	}
	collect(d)
	slices.SortStableFunc(all, func(a, b service) int { return slices.Index(kinds, a.kind) - slices.Index(kinds, b.kind) })
	return all
}

// call calls an action of the service. Arguments are structs of strings.
func (u *upnp) call(ctx context.Context, action string, arguments, results any) error {
	u.mu.Lock()
	client, kind := u.service, u.services
	u.mu.Unlock()
	if client == nil {
		return errUnsupported
	}
	ctx, cancel := context.WithTimeout(ctx, httpTimeout)
	defer cancel()
	err := client.PerformActionCtx(ctx, kind, action, arguments, results)
	if fault, ok := errors.AsType[*soap.SOAPFaultError](err); ok {
		return upnpError{action, fault.Detail.UPnPError.Errorcode} // what it says besides is the router's
	}
	if err != nil { // which may have all that it said in it
		return fmt.Errorf("%w: UPnP %s: %.200s", errNonsense, action, err)
	}
	return nil
}

// upnpError is a refusal.
type upnpError struct {
	action string
	code   int
}

func (e upnpError) Error() string {
	return fmt.Sprintf("%v: UPnP %s: code %d", errRefused, e.action, e.code)
}

// Unwrap tells a number that is taken from other reasons.
func (e upnpError) Unwrap() error {
	if e.code == upnpConflict {
		return errTaken
	}
	return errRefused
}

// Codes of WANIPConnection.
const (
	upnpNone     = 713
	upnpNoSuch   = 714
	upnpConflict = 718
)

func (u *upnp) address(ctx context.Context) (netip.Addr, error) {
	var out struct{ NewExternalIPAddress string }
	if err := u.call(ctx, "GetExternalIPAddress", nil, &out); err != nil {
		return netip.Addr{}, err
	}
	if out.NewExternalIPAddress == "" {
		return netip.Addr{}, errNoAddress
	}
	a, err := netip.ParseAddr(out.NewExternalIPAddress)
	if err != nil || !a.Is4() {
		return a, fmt.Errorf("%w: its address is %.40q", errNonsense, out.NewExternalIPAddress)
	}
	return a, nil
}

// entryName names an entry of the router's table.
type entryName struct{ NewRemoteHost, NewExternalPort, NewProtocol string }

func nameOf(p Port, outside uint16) entryName {
	return entryName{NewExternalPort: strconv.Itoa(int(outside)), NewProtocol: p.Protocol.String()}
}

// entry is what the table has.
type entry struct{ NewInternalPort, NewInternalClient, NewPortMappingDescription string }

func (u *upnp) open(ctx context.Context, p Port, wanted uint16, lease time.Duration) (mapping, error) {
	address, err := u.address(ctx)
	if err != nil {
		return mapping{}, err
	}
	err = u.add(ctx, p, wanted, lease)
	if errors.Is(err, errTaken) && u.left(ctx, p, wanted) {
		if err = u.call(ctx, "DeletePortMapping", nameOf(p, wanted), nil); err == nil {
			err = u.add(ctx, p, wanted, lease)
		}
	}
	if err != nil {
		return mapping{}, err
	}
	m := mapping{port: p, outside: netip.AddrPortFrom(address, wanted)}
	if err := u.check(ctx, m); err != nil {
		return mapping{}, err
	}
	return sensible(m, uint32(lease.Seconds()))
}

// add asks for an entry. A router that knows entries without end alone (725) gets none:
// after a crash nobody would take it back.
func (u *upnp) add(ctx context.Context, p Port, outside uint16, lease time.Duration) error {
	return u.call(ctx, "AddPortMapping", struct {
		NewRemoteHost, NewExternalPort, NewProtocol, NewInternalPort, NewInternalClient, NewEnabled,
		NewPortMappingDescription, NewLeaseDuration string
	}{
		NewExternalPort: strconv.Itoa(int(outside)), NewProtocol: p.Protocol.String(),
		NewInternalPort: strconv.Itoa(int(p.Number)), NewInternalClient: u.inside.String(), NewEnabled: "1",
		NewPortMappingDescription: description(u.key), NewLeaseDuration: strconv.Itoa(int(lease.Seconds())),
	}, nil)
}

// left reports whether an entry is of this server, from when the computer had another
// address.
func (u *upnp) left(ctx context.Context, p Port, outside uint16) bool {
	var e entry
	err := u.call(ctx, "GetSpecificPortMappingEntry", nameOf(p, outside), &e)
	return err == nil && e.NewPortMappingDescription == description(u.key)
}

// check compares what the table has with what we asked for. Routers that do not let
// anybody read it are believed.
func (u *upnp) check(ctx context.Context, m mapping) error {
	var e entry
	err := u.call(ctx, "GetSpecificPortMappingEntry", nameOf(m.port, m.outside.Port()), &e)
	if refused, ok := errors.AsType[upnpError](err); ok && (refused.code == upnpNone || refused.code == upnpNoSuch) {
		return errRestarted
	}
	if err == nil && (e.NewInternalClient != u.inside.String() || e.NewInternalPort != strconv.Itoa(int(m.port.Number))) {
		return fmt.Errorf("%w: it leads to somebody else", errRefused)
	}
	return nil
}

// shut leaves an entry alone that leads to somebody else.
func (u *upnp) shut(ctx context.Context, m mapping) error {
	if err := u.check(ctx, m); err != nil {
		return err
	}
	return u.call(ctx, "DeletePortMapping", nameOf(m.port, m.outside.Port()), nil)
}

func (u *upnp) stands(ctx context.Context, m mapping) error {
	a, err := u.address(ctx)
	if err == nil {
		err = sameAddress(m, a)
	}
	if err == nil {
		err = u.check(ctx, m)
	}
	return err
}
