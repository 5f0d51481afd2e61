//go:build linux

package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"

	"foyer/engine/call"
	"foyer/internal/drive"
)

const (
	// origins is from how many addresses of loopback somebody comes who is kept
	// out, so that the ban has to hold by itself and not the limit of tries.
	origins = 250
	// triesARound of the -rounds: 1000 of 200.
	triesARound = 5
)

// intruder is somebody who is banned, with everything they have ever had.
type intruder struct {
	server    *drive.Server
	link      call.Link // of the invitation
	later     call.Link // of one that was made after the ban
	who       *member
	old, new  string // tokens: of the first join, and as LiveKit has refreshed it
	sid       string
	made      string // token of a holder of the API key
	address   byte
	throttled int
}

// banned tries to come in by every way there is, before and after a restart of
// the server.
func (b *bench) banned(ctx context.Context) error {
	data, err := b.folder("banned")
	if err != nil {
		return err
	}
	s, err := b.foyer.Serve(ctx, drive.ServeOptions{Data: data})
	if err != nil {
		return err
	}
	defer func() { s.Close(drive.CloseGrace) }()
	i, err := banSomebody(ctx, s)
	if err != nil {
		return err
	}
	tries, in := triesARound*b.rounds, 0
	spent := time.Duration(0)
	for half := range 2 {
		if half > 0 {
			if s, err = restart(ctx, b.foyer, s); err != nil {
				return err
			}
			i.server = s
		}
		start := time.Now()
		n, err := i.tries(ctx, tries/2)
		if err != nil {
			return err
		}
		spent += time.Since(start)
		in += n
	}
	b.table.row(fmt.Sprintf("%d tries of a banned person, %d ways", tries, len(ways())),
		fmt.Sprintf("%d in; %d refused for their number; %.0f tries a second", in, i.throttled, float64(tries)/spent.Seconds()),
		"0 in, each refused for itself", in == 0 && i.throttled == 0)
	return nil
}

// restart starts the server anew with the same data at the same address.
func restart(ctx context.Context, f drive.Foyer, s *drive.Server) (*drive.Server, error) {
	u, err := url.Parse(s.URL)
	if err != nil {
		return nil, err
	}
	s.Close(patience)
	return f.Serve(ctx, drive.ServeOptions{Data: s.Data, Listen: u.Host})
}

// banSomebody lets somebody in and bans them.
func banSomebody(ctx context.Context, s *drive.Server) (*intruder, error) {
	const room = "banned"
	i := &intruder{server: s}
	o, err := newOffice(s)
	if err != nil {
		return nil, err
	}
	defer o.close()
	text, err := s.Invite(ctx, room)
	if err != nil {
		return nil, err
	}
	if i.link, err = call.ParseLink(text); err != nil {
		return nil, err
	}
	if i.who, err = newMember("anna"); err != nil {
		return nil, err
	}
	admitted, err := quietDialer().Admit(ctx, call.JoinRequest{Link: i.link, Name: "Anna", Identity: i.who.id, Key: i.who.key})
	if err != nil {
		return nil, err
	}
	i.old = admitted.Answer.Token
	if err := i.stay(ctx); err != nil {
		return nil, err
	}
	ban := call.PeopleRequest{Room: room, IDs: []call.Identity{i.who.id}, Minutes: 60}
	if err := o.do(ctx, call.OpBan, ban, nil); err != nil {
		return nil, err
	}
	if text, err = s.Invite(ctx, room); err != nil {
		return nil, err
	}
	if i.later, err = call.ParseLink(text); err != nil {
		return nil, err
	}
	api, err := s.API()
	if err != nil {
		return nil, err
	}
	i.made, err = api.Token(string(i.who.id), "Anna", drive.Grants{"roomJoin": true, "room": room})
	return i, err
}

// stay is in the room until LiveKit has given a fresh token.
func (i *intruder) stay(ctx context.Context) error {
	conn, status, said, err := i.dial(ctx, "/rtc", "protocol=17&sdk=go", i.old)
	if err != nil {
		return err
	}
	if conn == nil {
		return fmt.Errorf("not let in: status %d: %s", status, said)
	}
	defer conn.Close()
	_ = conn.SetReadDeadline(time.Now().Add(patience))
	for i.new == "" || i.sid == "" {
		_, data, err := conn.ReadMessage()
		if err != nil {
			return err
		}
		var m livekit.SignalResponse
		if err := proto.Unmarshal(data, &m); err != nil {
			return err
		}
		if t := m.GetRefreshToken(); t != "" {
			i.new = t
		}
		if p := m.GetJoin().GetParticipant(); p != nil {
			i.sid = p.GetSid()
		}
	}
	return nil
}

// network dials from the next address, without a check of the certificate: the
// server was started by us.
func (i *intruder) network() (func(context.Context, string, string) (net.Conn, error), *tls.Config) {
	i.address = i.address%origins + 1
	from := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, i.address)}}
	return from.DialContext, &tls.Config{InsecureSkipVerify: true} //nolint:gosec // see above
}

// dial connects, or tells the status and what came with it.
func (i *intruder) dial(ctx context.Context, path, query, token string) (conn *websocket.Conn, status int, said []byte, err error) {
	network, config := i.network()
	d := websocket.Dialer{NetDialContext: network, TLSClientConfig: config, HandshakeTimeout: patience}
	header := http.Header{}
	if token != "" {
		header.Set("Authorization", "Bearer "+token)
	}
	conn, res, err := d.DialContext(ctx, "wss"+strings.TrimPrefix(i.server.URL, "https")+path+"?"+query, header)
	switch {
	case err == nil:
		return conn, http.StatusSwitchingProtocols, nil, nil
	case res == nil:
		return nil, 0, nil, err
	}
	said, err = io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	return nil, res.StatusCode, said, errors.Join(err, res.Body.Close())
}

// request asks over HTTP and tells the status and what came with it.
func (i *intruder) request(ctx context.Context, method, path, token string, body []byte) (int, []byte, error) {
	network, config := i.network()
	client := http.Client{Transport: &http.Transport{DialContext: network, TLSClientConfig: config, DisableKeepAlives: true}, Timeout: patience}
	req, err := http.NewRequestWithContext(ctx, method, i.server.URL+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	return res.StatusCode, text, errors.Join(err, res.Body.Close())
}

// tries tries every way in turn, n tries in all, and counts who got in.
func (i *intruder) tries(ctx context.Context, n int) (in int, err error) {
	all := ways()
	names := slices.Sorted(maps.Keys(all))
	for k := range n {
		name := names[k%len(names)]
		status, said, err := all[name](ctx, i)
		switch {
		case err != nil:
			return in, fmt.Errorf("%s: %w", name, err)
		case status == http.StatusTooManyRequests:
			i.throttled++
		case status == http.StatusOK || status == http.StatusSwitchingProtocols || status == http.StatusCreated:
			in++
		case !slices.Contains(refusals(), status): // a try that was misunderstood proves nothing
			return in, fmt.Errorf("%s: status %d: %s", name, status, said)
		}
	}
	return in, nil
}

// refusals are the statuses of: kept out, no such way, and somebody else's ID.
func refusals() []int {
	return []int{http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusConflict}
}

// way is one to come in; it tells the status and what came with it.
type way func(ctx context.Context, i *intruder) (status int, said []byte, err error)

func ways() map[string]way {
	const first, resume = "protocol=17&sdk=go", "protocol=17&sdk=go&reconnect=1&sid="
	return map[string]way{
		"old token":          rtc("/rtc", func(i *intruder) (string, string) { return first, i.old }),
		"refreshed token":    rtc("/rtc", func(i *intruder) (string, string) { return first, i.new }),
		"token in the query": rtc("/rtc", func(i *intruder) (string, string) { return first + "&access_token=" + i.new, "" }),
		"resume, old":        rtc("/rtc", func(i *intruder) (string, string) { return resume + i.sid, i.old }),
		"resume, refreshed":  rtc("/rtc", func(i *intruder) (string, string) { return resume + i.sid, i.new }),
		"one connection":     rtc("/rtc/v1", func(i *intruder) (string, string) { return "join_request=" + packed(""), i.new }),
		"one, resumed":       rtc("/rtc/v1", func(i *intruder) (string, string) { return "join_request=" + packed(i.sid), i.new }),
		"made with the key":  rtc("/rtc", func(i *intruder) (string, string) { return first, i.made }),
		"validate":           plain(http.MethodGet, "/rtc/validate"),
		"validate v1":        plain(http.MethodGet, "/rtc/v1/validate"),
		"WHIP":               plain(http.MethodPost, "/whip/v1"),
		"join":               knock(nil),
		"new name":           knock(func(q *call.DoorJoinRequest, _ *intruder) { q.Name = "Somebody else" }),
		"new identity":       knock(func(q *call.DoorJoinRequest, _ *intruder) { q.Identity = "berta" }),
		"new secret":         knock(func(q *call.DoorJoinRequest, i *intruder) { q.Secret = i.later.Secret }),
		"wrong secret":       knock(func(q *call.DoorJoinRequest, _ *intruder) { q.Secret = "wrong" }),
		"rejoin":             knock(func(q *call.DoorJoinRequest, _ *intruder) { q.Generation = 1 }),
		"rejoin, guessed":    knock(func(q *call.DoorJoinRequest, _ *intruder) { q.Generation = 2 }),
		"new installation":   newInstallation,
	}
}

func rtc(path string, with func(*intruder) (query, token string)) way {
	return func(ctx context.Context, i *intruder) (int, []byte, error) {
		query, token := with(i)
		conn, status, said, err := i.dial(ctx, path, query, token)
		if conn != nil {
			err = conn.Close()
		}
		return status, said, err
	}
}

// packed is LiveKit's newer form of a join, resumed if sid is not empty.
func packed(sid string) string {
	inner, _ := proto.Marshal(&livekit.JoinRequest{ // values of ours: they can be written
		ClientInfo: &livekit.ClientInfo{Sdk: livekit.ClientInfo_GO, Protocol: 17}, Reconnect: sid != "", ParticipantSid: sid,
	})
	outer, _ := proto.Marshal(&livekit.WrappedJoinRequest{JoinRequest: inner})
	return base64.URLEncoding.EncodeToString(outer)
}

func plain(method, path string) way {
	return func(ctx context.Context, i *intruder) (int, []byte, error) {
		return i.request(ctx, method, path, i.new, nil)
	}
}

func knock(change func(*call.DoorJoinRequest, *intruder)) way {
	return func(ctx context.Context, i *intruder) (int, []byte, error) { return i.knock(ctx, i.who, change) }
}

// newInstallation comes with another key, under the ID that is banned.
func newInstallation(ctx context.Context, i *intruder) (int, []byte, error) {
	other, err := newMember(string(i.who.id))
	if err != nil {
		return 0, nil, err
	}
	return i.knock(ctx, other, nil)
}

func (i *intruder) knock(ctx context.Context, who *member, change func(*call.DoorJoinRequest, *intruder)) (int, []byte, error) {
	q := call.DoorJoinRequest{Room: i.link.Room, Secret: i.link.Secret, Identity: who.id, Name: "Anna"}
	if change != nil {
		change(&q, i)
	}
	if err := q.Sign(who.key, i.link.Fingerprint, time.Now()); err != nil {
		return 0, nil, err
	}
	body, err := json.Marshal(q)
	if err != nil {
		return 0, nil, err
	}
	return i.request(ctx, http.MethodPost, call.DoorJoinPath, "", body)
}
