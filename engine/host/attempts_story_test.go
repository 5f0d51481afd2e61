package host

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/doorclient"
	"foyer/engine/host/door"
	"foyer/engine/host/hosttest"
	"foyer/engine/host/limits"
	"foyer/engine/host/roomservice"
)

// TestWrongKeysLockNobodyOut: whatever somebody behind an address guesses, and
// however fast, the right keys behind the same address work all the while. The
// wrong ones are slowed down, at every place where one can be shown.
func TestWrongKeysLockNobodyOut(t *testing.T) {
	few := limits.Default() // a test is slower than an attacker
	few.Connects, few.ConnectBurst, few.Calls, few.CallBurst = 1, 100, 1, 50
	s := startServer(t, func(c *Config) { c.limits = &few })
	link := s.invite(nil)
	member := s.mustJoin(newGuest(t, "member"), link).Token
	s.mustDial(member)
	guest := s.mustJoin(newGuest(t, "guest"), link).Token
	stranger := &testServer{t: t, api: roomservice.Key{Key: s.api.Key, Secret: "another secret that is long enough"}}
	forged := stranger.admins("anna")
	wrongLink := link
	wrongLink.Secret = "wrong"
	unsigned := newGuest(t, "anna").request(t, link)
	unsigned.Signature[0]++
	about, _ := json.Marshal(doorapi.RoomRequest{Room: "hall"})
	client := s.client() // one: each of the others would keep connections open
	post := func(path, bearer string, body []byte) func() int {
		return func() int {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+path, bytes.NewReader(body))
			if err != nil {
				t.Error(err)
				return 0
			}
			req.Header.Set("Authorization", "Bearer "+bearer)
			res, err := client.Do(req)
			if err != nil {
				t.Error(err)
				return 0
			}
			_, err = io.Copy(io.Discard, res.Body)
			if err = errors.Join(err, res.Body.Close()); err != nil {
				t.Error(err)
			}
			return res.StatusCode
		}
	}
	join := func(req doorapi.JoinRequest) int {
		raw, err := json.Marshal(req)
		if err != nil {
			t.Error(err)
		}
		return post(doorapi.JoinPath, "", raw)()
	}
	connect := func(token string) func() int {
		return func() int { _, status, _ := s.dial(token, ""); return status }
	}
	wrong := map[string]func() int{
		"admin key":        post(doorapi.APIPath+string(call.OpMembers), "wrong", about),
		"key to invite":    post(doorapi.InvitationsPath, "wrong", about),
		"member's token":   post(doorapi.APIPath+string(call.OpMembers), forged, about),
		"expired token":    post(doorapi.APIPath+string(call.OpMembers), hosttest.TokenUntil(t, s.api, time.Now().Add(-2*time.Minute)), about),
		"secret":           func() int { return join(newGuest(t, "anna").request(t, wrongLink)) },
		"signature":        func() int { return join(unsigned) },
		"no join":          post(doorapi.JoinPath, "", []byte("{")),
		"token to connect": connect(forged),
		"no token":         connect(""),
		"API token":        post(door.RoomServicePath+"ListRooms", forged, []byte("{}")),
		"guest's token":    post(door.RoomServicePath+"ListRooms", guest, []byte("{}")),
	}
	var limited sync.Map
	stop, guessing := make(chan struct{}), sync.WaitGroup{}
	defer func() {
		close(stop)
		guessing.Wait()
	}()
	for name, try := range wrong {
		guessing.Go(func() {
			for {
				if try() == http.StatusTooManyRequests {
					limited.Store(name, true)
				}
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	admin, _, err := doorclient.ReadAdminKey(s.AdminKeyFile)
	if err != nil {
		t.Fatal(err)
	}
	ben := newGuest(t, "ben")
	right := map[string]func() bool{
		"admin key":      func() bool { return post(doorapi.APIPath+string(call.OpMembers), admin, about)() == http.StatusOK },
		"key to invite":  func() bool { return post(doorapi.InvitationsPath, admin, about)() == http.StatusOK },
		"member's token": func() bool { return post(doorapi.APIPath+string(call.OpMembers), member, about)() == http.StatusOK },
		"secret":         func() bool { return join(ben.request(t, link)) == http.StatusOK },
		"connect": func() bool {
			_, status, err := s.dial(member, "")
			return err == nil && status == http.StatusSwitchingProtocols
		},
		"API token": func() bool {
			_, err := s.roomService("hall").ListRooms(context.Background(), &livekit.ListRoomsRequest{})
			return err == nil
		},
	}
	eventually(t, "every wrong key is slowed down", 3*waitTimeout, func() bool {
		for name := range wrong {
			if _, ok := limited.Load(name); !ok {
				return false
			}
		}
		return true
	})
	for name, works := range right {
		for range 10 {
			if !works() {
				t.Errorf("%s is refused", name)
				break
			}
		}
	}
}

// TestGuestsDoNotLockTheHostOut: the calls of one member are not counted against
// those of another, nor against the host's tools.
func TestGuestsDoNotLockTheHostOut(t *testing.T) {
	t.Parallel()
	few := limits.Default()
	few.Calls, few.CallBurst = 0.01, 5
	s := startServer(t, func(c *Config) { c.limits = &few })
	loud, _ := s.as(call.RoleListener, "loud")
	quiet, _ := s.as(call.RoleParticipant, "quiet")
	ask := func(token string) int {
		_, status := s.do(call.OpMembers, token, doorapi.RoomRequest{Room: "hall"}, &doorapi.MembersAnswer{})
		return status
	}
	status := 0
	for range few.CallBurst + 1 {
		status = ask(loud)
	}
	if status != http.StatusTooManyRequests {
		t.Errorf("calls without end: %d", status)
	}
	if status := ask(quiet); status != http.StatusOK {
		t.Errorf("another member: %d", status)
	}
	if status := ask(""); status != http.StatusOK {
		t.Errorf("the host's tools: %d", status)
	}
}
