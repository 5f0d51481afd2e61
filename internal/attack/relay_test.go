//go:build linux

package attack_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/internal/attack"
	"foyer/internal/drive"
	"foyer/internal/testenv"
)

// relay is a room server that means no good for its guests. It has the real one
// behind it, so that they are in a room with everything that belongs to it, and
// says to them what it wants besides.
type relay struct {
	s     *stage
	http  *httptest.Server
	conns sync.WaitGroup

	mu    sync.Mutex
	guest *websocket.Conn // the newest
	come  chan struct{}   // closed and replaced with every connect
	count int             // connects, all
	// What it does instead of what a server does; nil: that.
	join, chat http.HandlerFunc
	each       func() // after each connect
}

func (s *stage) newRelay() *relay {
	r := &relay{s: s, come: make(chan struct{})}
	mux := http.NewServeMux()
	mux.HandleFunc(doorapi.JoinPath, r.serveJoin)
	mux.HandleFunc(doorapi.APIPath+string(call.OpChat), r.serveChat)
	mux.HandleFunc("/rtc/", r.serveRTC)
	mux.HandleFunc("/rtc", r.serveRTC)
	r.http = httptest.NewTLSServer(mux)
	s.later(func() {
		r.mu.Lock()
		if r.guest != nil {
			_ = r.guest.Close()
		}
		r.mu.Unlock()
		r.http.CloseClientConnections()
		r.http.Close()
		r.conns.Wait()
	})
	return r
}

// link is an invitation of the relay's.
func (r *relay) link() call.Link {
	link := r.s.links[call.RoleParticipant]
	link.Hosts = []string{strings.TrimPrefix(r.http.URL, "https://")}
	link.Fingerprint = sha256.Sum256(r.http.Certificate().Raw)
	return link
}

func (r *relay) hooks() (join, chat http.HandlerFunc, each func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.join, r.chat, r.each
}

func (r *relay) serveJoin(w http.ResponseWriter, q *http.Request) {
	if join, _, _ := r.hooks(); join != nil {
		join(w, q)
		return
	}
	var ask doorapi.JoinRequest
	if err := json.NewDecoder(q.Body).Decode(&ask); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	token, err := r.s.server.Token(string(ask.Identity), ask.Name, drive.Grants{"roomJoin": true, "room": hall})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_ = json.NewEncoder(w).Encode(doorapi.JoinAnswer{Token: token, Title: "Hall", Generation: 1, Role: call.RoleParticipant})
}

func (r *relay) serveChat(w http.ResponseWriter, q *http.Request) {
	if _, chat, _ := r.hooks(); chat != nil {
		chat(w, q)
		return
	}
	_ = json.NewEncoder(w).Encode(doorapi.ChatAnswer{Messages: []doorapi.ChatRow{}})
}

// serveRTC joins the guest's connection with one of its own to the real server.
func (r *relay) serveRTC(w http.ResponseWriter, q *http.Request) {
	r.conns.Add(1)
	defer r.conns.Done()
	behind := attack.Door{URL: r.s.server.Drive.URL}
	bearer := strings.TrimPrefix(q.Header.Get("Authorization"), "Bearer ")
	up, a, err := behind.Socket(q.Context(), q.URL.Path, q.URL.RawQuery, bearer, nil)
	if err != nil || up == nil {
		http.Error(w, fmt.Sprint(a, err), max(a.Status, http.StatusBadGateway))
		return
	}
	defer up.Close()
	upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	down, err := upgrader.Upgrade(w, q, nil)
	if err != nil {
		return
	}
	defer down.Close()
	r.mu.Lock()
	r.guest = down
	r.count++
	close(r.come)
	r.come = make(chan struct{})
	r.mu.Unlock()
	var back sync.WaitGroup
	back.Go(func() {
		pass(up, down)
		_ = up.Close()
	})
	for first := true; ; first = false {
		kind, raw, err := up.ReadMessage()
		if err != nil || r.write(down, kind, raw) != nil {
			break
		}
		if _, _, each := r.hooks(); first && each != nil {
			each()
		}
	}
	_ = down.Close()
	back.Wait()
}

// pass copies what a guest says.
func pass(to, from *websocket.Conn) {
	for {
		kind, raw, err := from.ReadMessage()
		if err != nil || to.WriteMessage(kind, raw) != nil {
			return
		}
	}
}

func (r *relay) write(to *websocket.Conn, kind int, raw []byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	_ = to.SetWriteDeadline(time.Now().Add(cutLimit))
	return to.WriteMessage(kind, raw)
}

// raw writes bytes below the WebSocket.
func (r *relay) raw(b []byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	_ = r.guest.NetConn().SetWriteDeadline(time.Now().Add(cutLimit))
	_, err := r.guest.NetConn().Write(b)
	return err
}

// say says something to the guest.
func (r *relay) say(m *livekit.SignalResponse) error {
	raw, err := proto.Marshal(m)
	if err != nil {
		return err
	}
	r.mu.Lock()
	to := r.guest
	r.mu.Unlock()
	return r.write(to, websocket.BinaryMessage, raw)
}

// vera is who the attacks of a server are on: she stays at her machine when a
// stay has ended. The same person for all of them.
func (a *arena) vera() *bystander {
	a.t.Helper()
	if a.guest == nil {
		at := a.pprof()
		f := a.foyer
		p, err := f.Join(drive.JoinOptions{
			Link: a.links[call.RoleParticipant].String(), Name: "vera", ID: "vera",
			Args: []string{"--mic", "test", "--pprof", at, "--stay"},
		})
		if err != nil {
			a.t.Fatal(err)
		}
		a.guest = &bystander{testenv.Adopt(a.t, p), "vera", watched("vera", mostBystander, p, at)}
		a.guest.Await("joined")
		a.guest.leave()
		if a.guest.rest, err = a.guest.look(a.t.Context()); err != nil {
			a.t.Fatal(err)
		}
	}
	return a.guest
}

// leave ends vera's stay, if she is in one, and waits until she has left.
func (b *bystander) leave() {
	mark := b.Mark()
	b.Say(map[string]any{"cmd": "leave"})
	deadline := time.Now().Add(cutLimit)
	for time.Now().Before(deadline) {
		for _, e := range b.Events()[mark:] {
			if e.Name == "left" || e.Name == "command_failed" {
				return
			}
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// visit lets vera join by a link and returns when she is in. She has another ID
// each time: of one who was removed, older tokens are not good any more.
func (s *stage) visit(link call.Link) (*bystander, error) {
	vera := s.vera()
	s.visits++
	vera.id = fmt.Sprint("vera-", s.visits)
	mark, id := vera.Mark(), vera.id
	vera.Say(map[string]any{"cmd": "join", "link": link.String(), "id": id})
	s.later(func() {
		vera.leave()
		_ = s.server.Remove(context.WithoutCancel(s.ctx), hall, id) // if nobody was there to tell
	})
	ctx, cancel := context.WithTimeout(s.ctx, testenv.Limit)
	defer cancel()
	if _, err := vera.Wait(ctx, "joined", mark, nil); err != nil {
		return nil, err
	}
	if _, err := vera.Wait(ctx, "stats", mark, func(e drive.Event) bool { return trackOf(e, s.grace.id).Level > audible }); err != nil {
		return nil, err
	}
	return vera, s.measure(vera)
}

// failing lets vera join by a link, which must fail, and tells how.
func (s *stage) failing(link string) (string, error) {
	vera := s.vera()
	if err := s.measure(vera); err != nil {
		return "", err
	}
	mark, began := vera.Mark(), time.Now()
	vera.Say(map[string]any{"cmd": "join", "link": link})
	left, err := vera.Wait(s.ctx, "left", mark, nil)
	if err != nil {
		return "", err
	}
	took := time.Since(began)
	if left.Text("reason") != "join_failed" {
		return "", reached("%s", left.Raw)
	}
	if took > 20*time.Second {
		return "", reached("it took %v", took)
	}
	return fmt.Sprintf("join_failed after %.1f s: %s", took.Seconds(), left.Text("message")), nil
}
