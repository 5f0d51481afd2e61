package call

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"foyer/engine/call/reach"
)

// Scheme of invite links.
const Scheme = "foyer"

const (
	linkVersion = "1"
	maxLink     = 4096 // bytes; the longest link we make is well below 2 KiB
	maxHosts    = 16
)

// Link is where and how to join: an invitation to a Foyer door, or the address
// of any LiveKit server with a token. Exactly one of Secret and Token is set.
type Link struct {
	// Hosts are host:port addresses of the door, tried in parallel.
	Hosts       []string
	Room        RoomID
	Title       string
	Secret      string
	Fingerprint [sha256.Size]byte // SHA-256 of the door's certificate (DER), which is pinned; zero: its name is trusted
	Existing    bool              // join only if the room is there

	// URL is the ws:// or wss:// address of a LiveKit server, without query.
	URL      string
	Token    string
	Identity Identity // as the token says
	Name     string   // as the token says, may be empty
}

// IsLiveKit reports whether the link is a LiveKit address with a token.
func (l Link) IsLiveKit() bool { return l.Token != "" }

// Empty reports whether the link leads nowhere.
func (l Link) Empty() bool { return len(l.Hosts) == 0 && l.URL == "" }

// SameRoom reports whether two links lead to one room of one server.
func (l Link) SameRoom(other Link) bool {
	if l.IsLiveKit() || other.IsLiveKit() {
		return l.IsLiveKit() && other.IsLiveKit() && l.URL == other.URL && l.Room == other.Room
	}
	return l.Room == other.Room && l.Fingerprint == other.Fingerprint &&
		slices.ContainsFunc(l.Hosts, func(h string) bool { return slices.Contains(other.Hosts, h) })
}

// String writes an invite link: foyer://HOST:PORT/ROOM?... whose last
// parameter is a check code, so that a cut link is noticed. A plain link is
// written without its token: a token is a secret that nobody should paste on.
func (l Link) String() string {
	if l.IsLiveKit() || len(l.Hosts) == 0 {
		return l.URL // empty in the second case
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s://%s/%s?v=%s", Scheme, l.Hosts[0], url.PathEscape(string(l.Room)), linkVersion)
	for _, h := range l.Hosts[1:] {
		b.WriteString("&h=" + url.QueryEscape(h))
	}
	if l.Title != "" {
		b.WriteString("&t=" + url.QueryEscape(l.Title))
	}
	if l.Existing {
		b.WriteString("&e=1")
	}
	b.WriteString("&s=" + url.QueryEscape(l.Secret))
	if l.Pinned() {
		b.WriteString("&f=" + base64.RawURLEncoding.EncodeToString(l.Fingerprint[:]))
	}
	return b.String() + codeMark + linkCheck(b.String())
}

// WebPath is where a door serves the page for guests in a browser.
const WebPath = "/j/"

// Web is the invite link for a browser, which tries one address, see reach.ForBrowsers: https://HOST:PORT/j/# and
// then what follows the address in String. Browsers tell nobody what follows #. It is empty for a plain link.
func (l Link) Web() string {
	if l.IsLiveKit() || len(l.Hosts) == 0 {
		return ""
	}
	l.Hosts = reach.ForBrowsers(l.Hosts)
	return strings.Replace(l.String(), Scheme+"://"+l.Hosts[0]+"/", "https://"+l.Hosts[0]+WebPath+"#", 1)
}

// Pinned reports whether the link says which certificate the door has.
func (l Link) Pinned() bool { return l.Fingerprint != [sha256.Size]byte{} }

func linkCheck(s string) string { return fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(s))) }

// ParseLink reads an invite link or a LiveKit address with a token, out of the
// text around it and as mail and chat programs leave it. An invite link's check
// code says whether every repair is right. Errors wrap [ErrLinkUnreadable],
// [ErrLinkCut], [ErrLinkChanged], [ErrLinkSeveral], [ErrLinkNewer],
// [ErrLinkInsecure] or are a *[NameError].
func ParseLink(s string) (Link, error) {
	if len(s) > MaxPasted {
		return Link{}, fmt.Errorf("%w: %d bytes", ErrLinkUnreadable, len(s))
	}
	l, found, err := findInvite(s)
	if found && err == nil {
		return l, nil
	}
	// A link to LiveKit may hold a word that looks like an invite link.
	if address, plain := findPlain(s); plain && (!found || strings.Index(s, address) == 0) {
		return parsePlain(address)
	}
	if found {
		return Link{}, err
	}
	return Link{}, fmt.Errorf("%w: it has neither foyer:// nor wss://", ErrLinkUnreadable)
}

// parseInvite reads a link whose check code is right.
func parseInvite(s string) (Link, error) {
	body := s
	if i := strings.LastIndex(s, codeMark); i >= 0 {
		body = s[:i]
	}
	u, err := url.Parse(body)
	if err != nil {
		return Link{}, fmt.Errorf("%w: %v", ErrLinkUnreadable, redact(err))
	}
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return Link{}, fmt.Errorf("%w: its parameters", ErrLinkUnreadable)
	}
	if err := checkLinkVersion(q.Get("v")); err != nil {
		return Link{}, err
	}
	room, err := url.PathUnescape(strings.TrimPrefix(u.EscapedPath(), "/"))
	if err != nil {
		return Link{}, fmt.Errorf("%w: its room", ErrLinkUnreadable)
	}
	l := Link{
		Hosts: append([]string{u.Host}, q["h"]...), Room: RoomID(room), Title: q.Get("t"),
		Secret: q.Get("s"), Existing: q.Get("e") == "1",
	}
	fingerprint, err := base64.RawURLEncoding.DecodeString(q.Get("f"))
	if err != nil || q.Has("f") && len(fingerprint) != len(l.Fingerprint) || l.Secret == "" || len(l.Hosts) > maxHosts {
		return Link{}, fmt.Errorf("%w: a parameter that opens the door is missing or malformed", ErrLinkUnreadable)
	}
	copy(l.Fingerprint[:], fingerprint)
	for _, h := range l.Hosts {
		if _, port, err := net.SplitHostPort(h); err != nil || port == "" {
			return Link{}, fmt.Errorf("%w: its address %q", ErrLinkUnreadable, h)
		}
	}
	if err := CheckRoomID(room); err != nil {
		return Link{}, err
	}
	// Links that were made before may have a title that nobody sees.
	if err := CheckTitle(l.Title); err != nil && !errors.Is(err, ErrInvisible) {
		return Link{}, err
	}
	l.Title = CleanName(l.Title)
	return l, nil
}

// checkLinkVersion tells a link of a later Foyer from one of nobody's.
func checkLinkVersion(v string) error {
	n, err := strconv.ParseUint(v, 10, 16)
	switch {
	case v == linkVersion:
		return nil
	case err == nil && n > 1:
		return fmt.Errorf("%w: version %d", ErrLinkNewer, n)
	default:
		return fmt.Errorf("%w: version %q", ErrLinkUnreadable, v)
	}
}

// redact keeps a link's secret out of errors: url.Parse quotes its input.
func redact(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}

func parsePlain(s string) (Link, error) {
	u, err := url.Parse(s)
	if err != nil {
		return Link{}, fmt.Errorf("%w: %v", ErrLinkUnreadable, redact(err))
	}
	token := u.Query().Get("token")
	if end := strings.IndexFunc(token, endsToken); end >= 0 {
		token = token[:end] // %3E and others of what stood around the link
	}
	if token = strings.TrimRight(token, "."); token == "" || u.Host == "" {
		return Link{}, fmt.Errorf("%w: the address has no token", ErrLinkUnreadable)
	}
	if strings.EqualFold(u.Scheme, "ws") && !isLoopback(u.Hostname()) {
		return Link{}, ErrLinkInsecure
	}
	l := Link{
		URL:   (&url.URL{Scheme: strings.ToLower(u.Scheme), Host: u.Host, Path: strings.TrimSuffix(u.Path, "/")}).String(),
		Token: token,
	}
	err = l.readToken()
	return l, err
}

// readToken takes the names out of the token without checking it: that is the
// server's task.
func (l *Link) readToken() error {
	parts := strings.Split(l.Token, ".")
	if len(parts) != 3 {
		return fmt.Errorf("%w: its token", ErrLinkCut)
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return fmt.Errorf("%w: its token", ErrLinkCut)
	}
	var claims struct {
		Sub   string `json:"sub"`
		Name  string `json:"name"`
		Video struct {
			Room string `json:"room"`
		} `json:"video"`
	}
	if err := json.Unmarshal(raw, &claims); err != nil {
		return fmt.Errorf("%w: its token", ErrLinkUnreadable)
	}
	l.Room, l.Identity, l.Name = RoomID(claims.Video.Room), Identity(claims.Sub), CleanName(claims.Name)
	return nil
}

// endsToken reports whether r is in no token (RFC 7515: base64url and dots).
func endsToken(r rune) bool {
	return r > unicode.MaxASCII || !isAlphanumeric(byte(r)) && r != '-' && r != '_' && r != '.'
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
