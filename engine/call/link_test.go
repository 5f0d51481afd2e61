package call

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
)

const testSecret = "sEcReT-sEcReT-sEcReT"

func testLink() Link {
	return Link{
		Hosts: []string{"192.168.1.10:7843", "[2001:db8::1]:7843", "127.0.0.1:7843"},
		Room:  "standup", Title: "Stand-up & more", Secret: testSecret,
		Fingerprint: sha256.Sum256([]byte("certificate")),
	}
}

// sealed adds the check code, for links that we do not write.
func sealed(body string) string { return body + "&c=" + linkCheck(body) }

func testToken(claims string) string {
	return "head." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".sEcReTsIgNaTuRe"
}

func TestN3_LinksSurvive(t *testing.T) {
	rooms := []RoomID{
		"50%", "%", "%25", "%2F", "a%zzb", "’", "it’s", "/", "//", "a/b", "/a/", "#", "a#b", "?", "a?b", "&", "a&c=00000000", "=", "a=b",
		"+", "a+b", ".", "..", "../..", "\\", ";", ",", "@", "a@b", "~!@#$%^&*()_+=-`;’,.<>/\\", RoomID(strings.Repeat("’", 42)),
	}
	for _, room := range rooms {
		for _, title := range []string{"", "50% &c=1 #?/+", "Große Halle – 会议"} {
			for _, existing := range []bool{false, true} {
				l := testLink()
				l.Room, l.Title, l.Existing = room, title, existing
				want := error(nil)
				if CheckRoomID(string(room)) != nil { // "?" is not in S0's list
					want = ErrForbiddenCharacter
				}
				got, err := ParseLink(" " + l.String() + "\n")
				if !errors.Is(err, want) {
					t.Errorf("%s: %v, want %v", l, err, want)
				}
				if err == nil && !reflect.DeepEqual(got, l) {
					t.Errorf("wrote %+v, read %+v", l, got)
				}
			}
		}
	}
}

// TestLinkWithoutAPin: a link may leave the certificate to the name of its host; one
// that has a broken pin is not taken for such a link.
func TestLinkWithoutAPin(t *testing.T) {
	l := testLink()
	l.Hosts, l.Fingerprint = []string{"meet.example.org:443"}, [sha256.Size]byte{}
	if strings.Contains(l.String(), "&f=") || l.Pinned() || !testLink().Pinned() {
		t.Errorf("wrote %s", l)
	}
	got, err := ParseLink(l.String())
	if err != nil || !reflect.DeepEqual(got, l) {
		t.Errorf("read %+v, %v", got, err)
	}
	body, _, _ := strings.Cut(l.String(), codeMark)
	for _, pin := range []string{"", "AAAA", "!"} {
		if _, err := ParseLink(sealed(body + "&f=" + pin)); !errors.Is(err, ErrLinkUnreadable) {
			t.Errorf("pin %q: %v", pin, err)
		}
	}
}

// TestLinkForBrowsers: both forms of a link say the same, however they are passed on.
func TestLinkForBrowsers(t *testing.T) {
	for _, host := range []string{"192.168.1.5:7843", "[fd00::1]:7843", "meet.example:443"} {
		l := Link{Hosts: []string{host, "10.0.0.1:7843"}, Room: "a/../50%", Title: "Ada’s & Bo’s #1", Secret: "secret", Fingerprint: [32]byte{1}}
		web := l.Web()
		address, fragment, ok := strings.Cut(web, "#")
		if !ok || address != "https://"+host+"/j/" || Scheme+"://"+host+"/"+fragment != l.String() {
			t.Errorf("the link for browsers is %s", web)
		}
		for name, text := range map[string]string{
			"as it is":            web,
			"out of an address":   strings.Replace(web, ":443/", "/", 1),
			"in a text":           "Come <" + web + ">, please",
			"behind a mail guard": "https://guard.example/?url=" + url.QueryEscape(web) + "&x=1",
			"both":                web + "\n" + l.String(),
		} {
			got, err := ParseLink(text)
			if err != nil || !reflect.DeepEqual(got, l) {
				t.Errorf("%s: %q is %+v, %v", name, text, got, err)
			}
		}
		if _, err := ParseLink(web[:len(web)-9]); !errors.Is(err, ErrLinkCut) && !errors.Is(err, ErrLinkChanged) {
			t.Errorf("a cut one: %v", err)
		}
	}
	if web := (Link{URL: "wss://x", Token: "t"}).Web(); web != "" {
		t.Errorf("one with a token: %q", web)
	}
}

// TestLinkForBrowsersLeads: where everybody can go comes first, as a browser tries nothing
// else.
func TestLinkForBrowsersLeads(t *testing.T) {
	for _, c := range []struct {
		hosts []string
		first int
	}{
		{[]string{"192.168.1.5:7843", "203.0.113.9:7850"}, 1},
		{[]string{"192.168.1.5:7843", "100.64.0.1:7843", "relay.example.org:7850", "203.0.113.9:7843"}, 2},
		{[]string{"meet.example:443", "203.0.113.9:7850"}, 0},
		{[]string{"192.168.1.5:7843", "[2001:db8::1]:7843"}, 0},
		{[]string{"127.0.0.1:7843"}, 0},
	} {
		l := testLink()
		l.Hosts = c.hosts
		web, err := ParseLink(l.Web())
		if want := c.hosts[c.first]; err != nil || !strings.HasPrefix(l.Web(), "https://"+want+"/") || web.Hosts[0] != want {
			t.Errorf("%v: %s, %v", c.hosts, l.Web(), err)
		}
		if len(web.Hosts) != len(c.hosts) || !slices.Equal(l.Hosts, c.hosts) {
			t.Errorf("%v becomes %v", c.hosts, web.Hosts)
		}
	}
}

func TestLinkHosts(t *testing.T) {
	for _, hosts := range [][]string{{"[::1]:7843"}, {"[2001:db8::1]:443", "example.org:1"}, {"a:1", "[::ffff:192.0.2.1]:2"}, slices.Repeat([]string{"a:1"}, maxHosts)} {
		l := testLink()
		l.Hosts = hosts
		if got, err := ParseLink(l.String()); err != nil || !slices.Equal(got.Hosts, hosts) {
			t.Errorf("%v: got %v, %v", hosts, got.Hosts, err)
		}
	}
	if s := (Link{Room: "r", Secret: "s"}).String(); s != "" {
		t.Errorf("a link to nowhere is written as %q", s)
	}
}

func TestLinkCutAnywhere(t *testing.T) {
	l := testLink()
	l.Room = "50%"
	whole := l.String()
	for n := range len(whole) {
		_, err := ParseLink(whole[:n])
		if !errors.Is(err, ErrLinkCut) && !errors.Is(err, ErrLinkUnreadable) {
			t.Errorf("the first %d of %d bytes: %v", n, len(whole), err)
		}
		if n >= len("foyer://") && !errors.Is(err, ErrLinkCut) {
			t.Errorf("the first %d bytes are not seen as cut: %v", n, err)
		}
		checkNoSecret(t, err)
	}
}

func TestLinkChangedAnywhere(t *testing.T) {
	whole := testLink().String()
	for i := range len(whole) {
		for _, c := range []byte{whole[i] ^ 1, whole[i] ^ 0x20, ' ', '%', '&', 0, 0xff} {
			if c == whole[i] {
				continue
			}
			got, err := ParseLink(whole[:i] + string([]byte{c}) + whole[i+1:])
			if err == nil && !reflect.DeepEqual(got, testLink()) {
				t.Errorf("byte %d as %q is another link", i, c)
			}
			if err == nil && i >= len("foyer://") && i < len(whole)-lenLinkCheck {
				t.Errorf("byte %d as %q is accepted", i, c)
			}
			checkNoSecret(t, err)
		}
	}
}

func TestLinkErrors(t *testing.T) {
	query := func(change func(string) string) string {
		body, _, _ := strings.Cut(testLink().String(), "&c=")
		return sealed(change(body))
	}
	replace := func(old, text string) string {
		return query(func(s string) string {
			if !strings.Contains(s, old) {
				t.Fatalf("%q is not in %s", old, s)
			}
			return strings.Replace(s, old, text, 1)
		})
	}
	tooMany := testLink()
	tooMany.Hosts = slices.Repeat([]string{"a:1"}, maxHosts+1)
	tests := []struct {
		name, link string
		want       error
	}{
		{"nothing", " \n", ErrLinkUnreadable},
		{"a web page", "https://example.org/" + testSecret, ErrLinkUnreadable},
		{"a word", "standup", ErrLinkUnreadable},
		{"too long", "foyer://" + strings.Repeat("x", MaxPasted), ErrLinkUnreadable},
		{"newer", replace("v=1", "v=2"), ErrLinkNewer},
		{"no version", replace("v=1", "v="), ErrLinkUnreadable},
		{"no port", replace(":7843/", "/"), ErrLinkUnreadable},
		{"no host", replace("192.168.1.10:7843", ""), ErrLinkChanged},
		{"odd port", replace(":7843/", ":x/"), ErrLinkUnreadable},
		{"second host without port", replace("h=127.0.0.1%3A7843", "h=127.0.0.1"), ErrLinkUnreadable},
		{"bad escape in the room", replace("/standup", "/%zz"), ErrLinkUnreadable},
		{"bad escape in the query", replace("&s="+testSecret, "&s="+testSecret+"%zz"), ErrLinkUnreadable},
		{"control character", replace("standup", "stand\x01up"), ErrLinkUnreadable},
		{"no secret", replace("s="+testSecret, "s="), ErrLinkUnreadable},
		{"short fingerprint", replace("&f=", "&f=AAAA&g="), ErrLinkUnreadable},
		{"fingerprint is not base64", replace("&f=", "&f=*"), ErrLinkUnreadable},
		{"too many hosts", tooMany.String(), ErrLinkUnreadable},
		{"no room", replace("/standup", "/"), ErrEmpty},
		{"forbidden room", replace("standup", "stand%20up"), ErrForbiddenCharacter},
		{"long room", replace("standup", strings.Repeat("x", MaxRoomID+1)), ErrTooLong},
		{"forbidden title", replace("t=Stand-up", "t=Stand%0Aup"), ErrForbiddenCharacter},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ParseLink(tt.link)
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			checkNoSecret(t, err)
		})
	}
}

func checkNoSecret(t *testing.T, err error) {
	t.Helper()
	if err != nil && strings.Contains(strings.ToLower(err.Error()), "secret") {
		t.Errorf("a secret is in the error %q", err)
	}
}

func TestPlainLinks(t *testing.T) {
	token := testToken(`{"sub":"ada","name":"Ada L","video":{"room":"50%","roomJoin":true},"exp":1}`)
	for given, address := range map[string]string{
		"wss://example.org":                "wss://example.org",
		"WSS://example.org:7880/":          "wss://example.org:7880",
		"wss://example.org/livekit":        "wss://example.org/livekit",
		"wss://[2001:db8::1]:443":          "wss://[2001:db8::1]:443",
		"wss://user:" + testSecret + "@ex": "wss://ex",
		"ws://127.0.0.1:7880":              "ws://127.0.0.1:7880",
		"ws://127.1.2.3:7880":              "ws://127.1.2.3:7880",
		"ws://[::1]:7880":                  "ws://[::1]:7880",
		"ws://localhost:7880":              "ws://localhost:7880",
	} {
		got, err := ParseLink(given + "?token=" + token)
		want := Link{URL: address, Token: token, Room: "50%", Identity: "ada", Name: "Ada L"}
		if err != nil || !reflect.DeepEqual(got, want) || !got.IsLiveKit() {
			t.Errorf("%s: got %+v, %v", given, got, err)
		}
		if s := got.String(); s != address || strings.Contains(s, token) {
			t.Errorf("%s is written as %q", given, s)
		}
	}
}

func TestPlainLinkErrors(t *testing.T) {
	token := testToken(`{"sub":"sEcReT"}`)
	tests := []struct {
		link string
		want error
	}{
		{"ws://192.168.1.10:7880?token=" + token, ErrLinkInsecure},
		{"ws://example.org?token=" + token, ErrLinkInsecure},
		{"ws://localhost.example.org?token=" + token, ErrLinkInsecure},
		{"WS://0.0.0.0:7880?token=" + token, ErrLinkInsecure},
		{"ws://127.0.0.1.example.org?token=" + token, ErrLinkInsecure},
		{"ws://user@[2001:db8::1]:1?token=" + token, ErrLinkInsecure},
		{"wss://example.org", ErrLinkUnreadable},
		{"wss://example.org?token=", ErrLinkUnreadable},
		{"wss://?token=" + token, ErrLinkUnreadable},
		{"wss:///room?token=" + token, ErrLinkUnreadable},
		{"wss://example.org:x?token=" + token, ErrLinkUnreadable},
		{"wss://exa%mple.org?token=" + token, ErrLinkUnreadable},
		{"wss://[::1?token=" + token, ErrLinkUnreadable},
		{"wss://example.org?token=sEcReT", ErrLinkCut},
		{"wss://example.org?token=head." + strings.SplitN(token, ".", 3)[1], ErrLinkCut},
		{"wss://example.org?token=head.*sEcReT.tail", ErrLinkCut},
		{"wss://example.org?token=" + testToken(`{"sub":`), ErrLinkUnreadable},
		{"wss://example.org?token=" + testToken(`["sEcReT"]`), ErrLinkUnreadable},
		{"wss://example.org?token=" + testToken(`{"name":{"sEcReT":1}}`), ErrLinkUnreadable},
	}
	for _, tt := range tests {
		_, err := ParseLink(tt.link)
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.link, err, tt.want)
		}
		checkNoSecret(t, err)
	}
}

// FuzzParseLink: whatever is read can be written and read again, with nothing
// lost, and errors are of the documented kinds.
func FuzzParseLink(f *testing.F) {
	for _, room := range []RoomID{"standup", "50%", "it’s", "/#&="} {
		l := testLink()
		l.Room = room
		f.Add(l.String())
	}
	f.Add("wss://example.org/a?token=" + testToken(`{"sub":"ada","video":{"room":"r"}}`))
	f.Add("ws://localhost:1?token=a.e30.b")
	f.Add("foyer://")
	f.Add(sealed("foyer://a:1/r?v=1&s=x&f=" + strings.Repeat("A", 43)))
	f.Add(fmt.Sprintf("foyer://a:1/%%zz?v=1&c=%08x", 0))
	f.Fuzz(func(t *testing.T, s string) {
		l, err := ParseLink(s)
		if err != nil {
			var name *NameError
			if !slices.ContainsFunc([]error{
				ErrLinkUnreadable, ErrLinkCut, ErrLinkChanged, ErrLinkSeveral, ErrLinkNewer, ErrLinkInsecure,
			}, func(known error) bool { return errors.Is(err, known) }) && !errors.As(err, &name) {
				t.Errorf("%q: %v", s, err)
			}
			return
		}
		if l.IsLiveKit() {
			if again, err := ParseLink(l.String() + "?token=" + l.Token); err != nil && strings.Trim(l.Token, base64Alphabet+".") == "" {
				t.Errorf("%q: %+v, then %v", s, again, err)
			}
			return
		}
		again, err := ParseLink(l.String())
		if len(l.String()) <= maxLink && (err != nil || !reflect.DeepEqual(again, l)) {
			t.Errorf("%q: %+v, then %+v, %v", s, l, again, err)
		}
	})
}

const base64Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
