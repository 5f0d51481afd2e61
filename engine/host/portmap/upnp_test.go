package portmap

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

const wan = "urn:schemas-upnp-org:service:WANIPConnection:1"

// igd is a router with UPnP on loopback. Its fields are set before it is asked.
type igd struct {
	t           *testing.T
	server      *httptest.Server
	location    string // of the description; empty: ours
	describe    http.HandlerFunc
	description string                                  // empty: one that is right
	control     string                                  // URL of the service
	answer      func(action, body string) (int, string) // nil: table
	address     string
	noSearch    bool

	mu      sync.Mutex
	table   map[string]string // protocol and outside port: client, port, description and lease
	foreign int               // requests to where nobody may come
}

func newIGD(t *testing.T) *igd {
	t.Helper()
	r := &igd{t: t, table: map[string]string{}, control: "/control", address: "203.0.113.5"}
	mux := http.NewServeMux()
	mux.HandleFunc("/desc.xml", func(w http.ResponseWriter, q *http.Request) {
		if r.describe != nil {
			r.describe(w, q)
			return
		}
		_, _ = io.WriteString(w, r.text())
	})
	mux.HandleFunc("POST /control", r.act)
	r.server = httptest.NewServer(mux)
	t.Cleanup(r.server.Close)
	return r
}

func (r *igd) text() string {
	if r.description != "" {
		return r.description
	}
	return `<?xml version="1.0"?><root xmlns="urn:schemas-upnp-org:device-1-0"><device><deviceList><device><deviceList><device>
		<serviceList><service><serviceType>urn:x</serviceType><controlURL>/x</controlURL></service>
		<service><serviceType>` + wan + `</serviceType><controlURL>` + r.control + `</controlURL></service></serviceList>
		</device></deviceList></device></deviceList></device></root>`
}

// argument is the text of an element.
func argument(body, name string) string {
	_, rest, _ := strings.Cut(body, "<"+name+">")
	text, _, _ := strings.Cut(rest, "</")
	return text
}

func (r *igd) act(w http.ResponseWriter, q *http.Request) {
	raw, _ := io.ReadAll(q.Body)
	_, action, _ := strings.Cut(strings.Trim(q.Header.Get("SOAPAction"), `"`), "#")
	answer := r.answer
	if answer == nil {
		answer = r.keep
	}
	status, text := answer(action, string(raw))
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}

func envelope(inner string) string {
	return `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" s:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><s:Body>` +
		inner + `</s:Body></s:Envelope>`
}

func fault(code int) (int, string) {
	return http.StatusInternalServerError, envelope(fmt.Sprintf(`<s:Fault><faultcode>s:Client</faultcode><faultstring>UPnPError</faultstring>
		<detail><UPnPError xmlns="urn:schemas-upnp-org:control-1-0"><errorCode>%d</errorCode></UPnPError></detail></s:Fault>`, code))
}

func result(action, inner string) (int, string) {
	return http.StatusOK, envelope("<u:" + action + `Response xmlns:u="` + wan + `">` + inner + "</u:" + action + "Response>")
}

// keep is the router's table.
func (r *igd) keep(action, body string) (int, string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	name := argument(body, "NewProtocol") + " " + argument(body, "NewExternalPort")
	switch action {
	case "GetExternalIPAddress":
		return result(action, "<NewExternalIPAddress>"+r.address+"</NewExternalIPAddress>")
	case "AddPortMapping":
		if old, is := r.table[name]; is && !strings.HasPrefix(old, argument(body, "NewInternalClient")+" ") {
			return fault(upnpConflict)
		}
		r.table[name] = strings.Join([]string{
			argument(body, "NewInternalClient"), argument(body, "NewInternalPort"), argument(body, "NewPortMappingDescription"),
			argument(body, "NewLeaseDuration"),
		}, " ")
	case "DeletePortMapping":
		delete(r.table, name)
	case "GetSpecificPortMappingEntry":
		e, is := r.table[name]
		if !is {
			return fault(upnpNoSuch)
		}
		f := strings.SplitN(e, " ", 3)
		about := f[2][:strings.LastIndex(f[2], " ")]
		return result(action, "<NewInternalPort>"+f[1]+"</NewInternalPort><NewInternalClient>"+f[0]+"</NewInternalClient>"+
			"<NewPortMappingDescription>"+about+"</NewPortMappingDescription>")
	}
	return result(action, "")
}

func (r *igd) move(address string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.address = address
}

func (r *igd) entry(name string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.table[name]
}

// way asks the router.
func (r *igd) way() *upnp {
	search := scripted(r.t, func(q []byte) [][]byte {
		if r.noSearch || !bytes.HasPrefix(q, []byte("M-SEARCH * HTTP/1.1\r\n")) {
			return nil
		}
		at := r.location
		if at == "" {
			at = r.server.URL + "/desc.xml"
		}
		return [][]byte{[]byte("garbage"), []byte("HTTP/1.1 200 OK\r\nST: " + gatewayType + "1\r\nLOCATION: " + at + "\r\nContent-Length: 0\r\n\r\n")}
	})
	at := netip.AddrPortFrom(self, search.port)
	return &upnp{target: target{self, self}, search: at, many: at, key: []byte("key")}
}

func TestUPnP(t *testing.T) {
	t.Parallel()
	r := newIGD(t)
	u := r.way()
	if a, err := u.ask(t.Context()); err != nil || a != netip.MustParseAddr("203.0.113.5") {
		t.Fatalf("%v, %v", a, err)
	}
	m, err := u.open(t.Context(), Port{UDP, 7900}, 7900, time.Hour)
	if err != nil || m.outside != netip.MustParseAddrPort("203.0.113.5:7900") {
		t.Fatalf("%+v, %v", m, err)
	}
	if got, want := r.entry("UDP 7900"), "127.0.0.1 7900 "+description([]byte("key"))+" 3600"; got != want {
		t.Errorf("the table has %q, not %q", got, want)
	}
	if err := u.stands(t.Context(), m); err != nil {
		t.Error(err)
	}
	r.move("203.0.113.6")
	if err := u.stands(t.Context(), m); err == nil {
		t.Error("another address is not noticed")
	}
	r.move("203.0.113.5")
	if err := u.shut(t.Context(), m); err != nil || r.entry("UDP 7900") != "" {
		t.Errorf("it is not taken back: %v", err)
	}
	if err := u.stands(t.Context(), m); !errors.Is(err, errRestarted) {
		t.Errorf("what is gone: %v", err)
	}
}

// TestUPnPTakesOver: an entry of this server from when the computer had another address
// is replaced, one of somebody else is not.
func TestUPnPTakesOver(t *testing.T) {
	t.Parallel()
	r := newIGD(t)
	r.table["TCP 7843"] = "192.168.1.77 7843 " + description([]byte("key")) + " 3600"
	r.table["TCP 7900"] = "192.168.1.77 7900 Somebody else 0"
	u := r.way()
	if _, err := u.ask(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := u.open(t.Context(), Port{TCP, 7843}, 7843, time.Hour); err != nil || !strings.HasPrefix(r.entry("TCP 7843"), "127.0.0.1 ") {
		t.Errorf("our own: %v, %q", err, r.entry("TCP 7843"))
	}
	if _, err := u.open(t.Context(), Port{TCP, 7900}, 7900, time.Hour); !errors.Is(err, errTaken) || !strings.Contains(r.entry("TCP 7900"), "else") {
		t.Errorf("somebody else's: %v, %q", err, r.entry("TCP 7900"))
	}
}

// TestUPnPLeavesOthers: what is given back is ours.
func TestUPnPLeavesOthers(t *testing.T) {
	t.Parallel()
	r := newIGD(t)
	r.table["TCP 7900"] = "192.168.1.77 7900 Somebody else 0"
	u := r.way()
	if _, err := u.ask(t.Context()); err != nil {
		t.Fatal(err)
	}
	m := mapping{port: Port{TCP, 7900}, outside: netip.MustParseAddrPort("203.0.113.5:7900")}
	if err := u.shut(t.Context(), m); !errors.Is(err, errRefused) || r.entry("TCP 7900") == "" {
		t.Errorf("somebody else's port: %v, %q", err, r.entry("TCP 7900"))
	}
}

// elsewhere is another host, which must not be asked for anything.
func elsewhere(t *testing.T, r *igd) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.foreign++
	}))
	t.Cleanup(server.Close)
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return "http://localhost:" + u.Port() // which is not the router's address
}

func bomb() string {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0"?><!DOCTYPE root [<!ENTITY a "aaaaaaaaaa">`)
	for c := 'b'; c < 'k'; c++ {
		fmt.Fprintf(&b, `<!ENTITY %c "%s">`, c, strings.Repeat(fmt.Sprintf("&%c;", c-1), 10))
	}
	b.WriteString(`]><root><URLBase>&j;</URLBase></root>`)
	return b.String()
}

// TestUPnPHostile: descriptions that lead elsewhere, are too much, or never end.
func TestUPnPHostile(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(t *testing.T, r *igd){
		"no answer":            func(_ *testing.T, r *igd) { r.noSearch = true },
		"location elsewhere":   func(t *testing.T, r *igd) { r.location = elsewhere(t, r) + "/desc.xml" },
		"location of a file":   func(_ *testing.T, r *igd) { r.location = "file:///etc/passwd" },
		"location with a user": func(_ *testing.T, r *igd) { r.location = strings.Replace(r.server.URL, "//", "//a:b@", 1) },
		"redirect elsewhere": func(t *testing.T, r *igd) {
			to := elsewhere(t, r)
			r.describe = func(w http.ResponseWriter, q *http.Request) { http.Redirect(w, q, to, http.StatusFound) }
		},
		"base elsewhere": func(t *testing.T, r *igd) {
			r.description = strings.Replace(r.text(), "<device>", "<URLBase>"+elsewhere(t, r)+"</URLBase><device>", 1)
		},
		"control elsewhere": func(t *testing.T, r *igd) { r.control = elsewhere(t, r) + "/control" },
		"no XML":            func(_ *testing.T, r *igd) { r.description = "hello" },
		"XML bomb":          func(_ *testing.T, r *igd) { r.description = bomb() },
		"too deep":          func(_ *testing.T, r *igd) { r.description = "<root>" + strings.Repeat("<device>", 15000) },
		"too long":          func(_ *testing.T, r *igd) { r.description = "<root>" + strings.Repeat(" ", 2*maxBody) + "</root>" },
		"no service":        func(_ *testing.T, r *igd) { r.description = "<root><device></device></root>" },
		"without end": func(_ *testing.T, r *igd) {
			r.describe = func(w http.ResponseWriter, q *http.Request) {
				for q.Context().Err() == nil {
					_, _ = io.WriteString(w, "<a>")
					_ = http.NewResponseController(w).Flush()
				}
			}
		},
		"drop by drop": func(_ *testing.T, r *igd) {
			r.describe = func(w http.ResponseWriter, q *http.Request) {
				for q.Context().Err() == nil {
					_, _ = io.WriteString(w, " ")
					_ = http.NewResponseController(w).Flush()
					select {
					case <-q.Context().Done():
					case <-time.After(50 * time.Millisecond):
					}
				}
			}
		},
		"headers without end": func(_ *testing.T, r *igd) {
			r.describe = func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", 1<<20)) }
		},
		"a private fault": func(_ *testing.T, r *igd) {
			r.answer = func(string, string) (int, string) { return fault(606) }
		},
		"an answer without end": func(_ *testing.T, r *igd) {
			r.answer = func(string, string) (int, string) { return http.StatusOK, envelope(strings.Repeat("x", 2*maxBody)) }
		},
		"no address": func(_ *testing.T, r *igd) { r.address = "router.example.org" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newIGD(t)
			prepare(t, r)
			began := time.Now()
			a, err := r.way().ask(within(t))
			if err == nil {
				t.Errorf("it is believed: %v", a)
			}
			if len(fmt.Sprint(err)) > 1000 {
				t.Errorf("the error is all that the router said: %.100v", err)
			}
			if took := time.Since(began); took > patience+10*time.Second {
				t.Errorf("it took %v", took)
			}
			r.mu.Lock()
			defer r.mu.Unlock()
			if r.foreign != 0 {
				t.Error("another host was asked")
			}
		})
	}
}

// TestUPnPRefuses: a router that opens for ever alone, or for somebody else, opens
// nothing.
func TestUPnPRefuses(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(r *igd) func(action, body string) (int, string){
		"for ever alone": func(r *igd) func(string, string) (int, string) {
			return func(action, body string) (int, string) {
				if action == "AddPortMapping" {
					return fault(725)
				}
				return r.keep(action, body)
			}
		},
		"to somebody else": func(r *igd) func(string, string) (int, string) {
			return func(action, body string) (int, string) {
				return r.keep(action, strings.Replace(body, ">127.0.0.1<", ">192.168.1.66<", 1))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newIGD(t)
			r.answer = answer(r)
			u := r.way()
			if _, err := u.ask(t.Context()); err != nil {
				t.Fatal(err)
			}
			if m, err := u.open(t.Context(), Port{TCP, 7843}, 7843, time.Hour); !errors.Is(err, errRefused) {
				t.Errorf("%+v, %v", m, err)
			}
		})
	}
}
