package attack

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
	"foyer/engine/doorapi"
)

// origins is from how many addresses of loopback somebody comes who is kept
// out, so that the ban has to hold by itself and not the limit of tries.
const origins = 250

// Outcast is somebody who is banned, with everything they have ever had.
type Outcast struct {
	Person
	Door     Door
	Link     call.Link // of the invitation by which they came
	Later    call.Link // of one that was made after the ban
	Old, New string    // tokens: of the first join, and as LiveKit has refreshed it
	Made     string    // token of a holder of the API key
	SID      string    // of the participant they were

	Throttled int // tries that were refused for their number
	address   byte
}

// next comes from another address than the last time.
func (o *Outcast) next() Door {
	o.address = o.address%origins + 1
	d := o.Door
	d.From = net.IPv4(127, 0, 0, o.address)
	return d
}

// Try tries every way in turn, n tries in all, and counts who got in.
func (o *Outcast) Try(ctx context.Context, n int) (in int, err error) {
	all := Ways()
	names := slices.Sorted(maps.Keys(all))
	for k := range n {
		name := names[k%len(names)]
		a, err := all[name](ctx, o)
		switch {
		case err != nil:
			return in, fmt.Errorf("%s: %w", name, err)
		case a.Status == http.StatusTooManyRequests:
			o.Throttled++
		case a.In():
			in++
		case !slices.Contains(refusals(), a.Status): // a try that was misunderstood proves nothing
			return in, fmt.Errorf("%s: status %d: %s", name, a.Status, a.Body)
		}
	}
	return in, nil
}

// refusals are the statuses of: kept out, no such way, and somebody else's ID.
func refusals() []int {
	return []int{http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusConflict}
}

// Way is one to come in.
type Way func(ctx context.Context, o *Outcast) (Answer, error)

// Ways lists those that an outcast has, by name.
func Ways() map[string]Way {
	const first, resume = "protocol=17&sdk=go", "protocol=17&sdk=go&reconnect=1&sid="
	return map[string]Way{
		"old token":       rtc("/rtc", func(*Outcast) string { return first }, old),
		"refreshed token": rtc("/rtc", func(*Outcast) string { return first }, fresh),
		"token in the query": rtc("/rtc",
			func(o *Outcast) string { return first + "&access_token=" + o.New }, func(*Outcast) string { return "" }),
		"resume, old":       rtc("/rtc", func(o *Outcast) string { return resume + o.SID }, old),
		"resume, refreshed": rtc("/rtc", func(o *Outcast) string { return resume + o.SID }, fresh),
		"one connection":    rtc(JoinPath, func(*Outcast) string { return Packed(nil) }, fresh),
		"one, resumed":      rtc(JoinPath, func(o *Outcast) string { return resumed(o.SID) }, fresh),
		"made with the key": rtc("/rtc", func(*Outcast) string { return first }, func(o *Outcast) string { return o.Made }),
		"validate":          plain(http.MethodGet, "/rtc/validate"),
		"validate v1":       plain(http.MethodGet, JoinPath+"/validate"),
		"WHIP":              plain(http.MethodPost, "/whip/v1"),
		"join":              asks(nil),
		"new name":          asks(func(q *doorapi.JoinRequest, _ *Outcast) { q.Name = "Somebody else" }),
		"new identity":      asks(func(q *doorapi.JoinRequest, _ *Outcast) { q.Identity = "berta" }),
		"new secret":        asks(func(q *doorapi.JoinRequest, o *Outcast) { q.Secret = o.Later.Secret }),
		"wrong secret":      asks(func(q *doorapi.JoinRequest, _ *Outcast) { q.Secret = "wrong" }),
		"rejoin":            asks(func(q *doorapi.JoinRequest, _ *Outcast) { q.Generation = 1 }),
		"rejoin, guessed":   asks(func(q *doorapi.JoinRequest, _ *Outcast) { q.Generation = 2 }),
		"new installation":  newInstallation,
	}
}

func old(o *Outcast) string   { return o.Old }
func fresh(o *Outcast) string { return o.New }

func resumed(sid string) string {
	return Packed(&livekit.JoinRequest{
		ClientInfo: &livekit.ClientInfo{Sdk: livekit.ClientInfo_GO, Protocol: 17}, Reconnect: true, ParticipantSid: sid,
	})
}

func rtc(path string, query, token func(*Outcast) string) Way {
	return func(ctx context.Context, o *Outcast) (Answer, error) {
		ws, a, err := o.next().Socket(ctx, path, query(o), token(o), nil)
		if ws != nil {
			err = ws.Close()
		}
		return a, err
	}
}

func plain(method, path string) Way {
	return func(ctx context.Context, o *Outcast) (Answer, error) {
		return o.next().Request(ctx, method, path, o.New, nil)
	}
}

func asks(change func(*doorapi.JoinRequest, *Outcast)) Way {
	return func(ctx context.Context, o *Outcast) (Answer, error) { return o.asks(ctx, o.Person, change) }
}

// newInstallation comes with another key, under the ID that is banned.
func newInstallation(ctx context.Context, o *Outcast) (Answer, error) {
	other, err := NewPerson(string(o.ID))
	if err != nil {
		return Answer{}, err
	}
	return o.asks(ctx, other, nil)
}

func (o *Outcast) asks(ctx context.Context, p Person, change func(*doorapi.JoinRequest, *Outcast)) (Answer, error) {
	q, err := p.AskAt(o.Link, time.Now(), func(q *doorapi.JoinRequest) {
		if change != nil {
			change(q, o)
		}
	})
	if err != nil {
		return Answer{}, err
	}
	return o.next().Ask(ctx, q)
}
