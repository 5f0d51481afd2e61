package door

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/host/hosttest"
	"foyer/engine/host/register"
	"foyer/engine/host/roomservice"
	"foyer/engine/host/sfu"
	"foyer/internal/testenv"
)

// newOpenDoor is a door in front of a LiveKit, whose steps a test takes one by one.
func newOpenDoor(t *testing.T) (d *Door, livekit *url.URL) {
	t.Helper()
	log, _ := testenv.NewLog()
	key := newAPIKey()
	media, err := sfu.Start(t.Context(), sfu.Config{
		Key: key.Key, Secret: key.Secret, Address: netip.AddrFrom4([4]byte{127, 0, 0, 1}), Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = media.Stop(context.Background()) })
	return newTestDoor(t, media.URL(), key), media.URL()
}

// TestK10_MutedWhileComingIn: what is decided between the look at a token and
// LiveKit's answer holds, for a mute and for a new listener.
func TestK10_MutedWhileComingIn(t *testing.T) {
	d, livekit := newOpenDoor(t)
	ctx := t.Context()
	inv, err := d.invite(ctx, doorapi.InvitationRequest{Room: "hall"})
	if err != nil {
		t.Fatal(err)
	}
	link := call.Link{Room: "hall", Secret: inv.Secret, Fingerprint: d.fingerprint}
	for name, tt := range map[string]struct {
		change      func(call.Identity) error
		data, media bool
	}{
		"nothing":  {func(call.Identity) error { return nil }, true, true},
		"muted":    {func(id call.Identity) error { return d.register.SetMuted(ctx, "hall", id, true) }, false, true},
		"listener": {func(id call.Identity) error { return d.register.SetRole(ctx, "hall", id, call.RoleListener) }, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			id := call.Identity(name)
			req := hosttest.Join(t, id, hosttest.NewKey(t), link)
			answer, err := d.join(ctx, netip.Prefix{}, &req, func() {})
			if err != nil {
				t.Fatal(err)
			}
			r, err := http.NewRequest(http.MethodGet, "/rtc?protocol=17&sdk=go", nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer "+answer.Token)
			c, err := d.readConnect(r)
			if err == nil {
				err = d.admit(ctx, c)
			}
			if err != nil {
				t.Fatal(err)
			}
			defer c.open()
			if err := tt.change(id); err != nil {
				t.Fatal(err)
			}
			url := "ws://" + livekit.Host + "/rtc?protocol=17&sdk=go&version=2.4.0"
			dialer := websocket.Dialer{HandshakeTimeout: waitTimeout}
			conn, res, err := dialer.Dial(url, http.Header{"Authorization": {"Bearer " + c.raw}})
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			c.inTime = func() bool { return true }
			res.Request = r.WithContext(context.WithValue(ctx, connectKey{}, c))
			if err := d.confirm(res); err != nil {
				t.Fatal(err)
			}
			hosttest.Eventually(t, "LiveKit keeps to it", 2*time.Second, func() bool {
				p, err := d.rooms.Participant(ctx, roomservice.Place{Room: "hall", Identity: id})
				return err == nil && p.GetPermission().GetCanPublishData() == tt.data && p.GetPermission().GetCanPublish() == tt.media
			})
		})
	}
}

// TestJ6_AResumeOfNobodyIsNotInside: who resumes without having been in the room is let
// through to LiveKit, which sends them away. Meanwhile they do not count as inside, where
// a locked room lets them join.
func TestJ6_AResumeOfNobodyIsNotInside(t *testing.T) {
	d, _ := newOpenDoor(t)
	ctx := t.Context()
	inv, err := d.invite(ctx, doorapi.InvitationRequest{Room: "hall"})
	if err != nil {
		t.Fatal(err)
	}
	req := hosttest.Join(t, "mallory", hosttest.NewKey(t), call.Link{Room: "hall", Secret: inv.Secret, Fingerprint: d.fingerprint})
	answer, err := d.join(ctx, netip.Prefix{}, &req, func() {})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.register.SetRules(ctx, "hall", func(r *register.Rules) { r.Locked = true }); err != nil {
		t.Fatal(err)
	}
	connects := func(query string) (*connect, error) {
		r, err := http.NewRequest(http.MethodGet, "/rtc?protocol=17&sdk=go"+query, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+answer.Token)
		c, err := d.readConnect(r)
		if err != nil {
			t.Fatal(err)
		}
		return c, d.admit(ctx, c)
	}
	resumes, err := connects("&reconnect=1&sid=PA_nobody")
	if err != nil || !resumes.resumes {
		t.Fatalf("a resume: %v", err)
	}
	defer resumes.open()
	if joins, err := connects(""); !errors.Is(err, call.ErrRoomLocked) {
		joins.open()
		t.Errorf("a join beside it: %v", err)
	}
}
