package host

import (
	"context"
	"net/http"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/host/register"
	"foyer/engine/host/roomservice"
	"foyer/internal/testenv"
)

// newOpenDoor is a door before a node of LiveKit, whose steps a test takes one
// by one.
func newOpenDoor(t *testing.T) (d *door, node string) {
	t.Helper()
	c, key := startCluster(t, 1), clusterKey()
	log, _ := testenv.NewLog()
	conf := Config{Listen: "127.0.0.1:0", Data: t.TempDir(), Log: log, LiveKitURL: c.nodes[0].url, APIKey: key.Key, APISecret: key.Secret}
	noLimits(&conf)
	s, err := conf.check()
	if err != nil {
		t.Fatal(err)
	}
	data, err := loadFolder(s.Data, &key)
	if err != nil {
		t.Fatal(err)
	}
	reg, err := register.Open(t.Context(), filepath.Join(s.Data, databaseFile))
	if err != nil {
		t.Fatal(err)
	}
	d = newDoor(s, data, reg, parseURL(t, c.nodes[0].url))
	t.Cleanup(func() {
		d.close()
		_ = reg.Close()
	})
	return d, c.nodes[0].url
}

// TestK10_MutedWhileComingIn: what is decided between the look at a token and
// LiveKit's answer holds, for who is muted and for who becomes a listener.
func TestK10_MutedWhileComingIn(t *testing.T) {
	d, node := newOpenDoor(t)
	ctx := t.Context()
	inv, err := d.invite(ctx, doorapi.InvitationRequest{Room: "hall"})
	if err != nil {
		t.Fatal(err)
	}
	link := call.Link{Room: "hall", Secret: inv.Secret, Fingerprint: d.data.fingerprint}
	for name, tt := range map[string]struct {
		change      func(call.Identity) error
		data, media bool
	}{
		"nothing":  {func(call.Identity) error { return nil }, true, true},
		"muted":    {func(id call.Identity) error { return d.register.SetMuted(ctx, "hall", id, true) }, false, true},
		"listener": {func(id call.Identity) error { return d.register.SetRole(ctx, "hall", id, call.RoleListener) }, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGuest(t, name)
			req := g.request(t, link)
			answer, err := d.join(ctx, netip.Prefix{}, &req)
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
			if err := tt.change(g.id); err != nil {
				t.Fatal(err)
			}
			url := "ws" + strings.TrimPrefix(node, "http") + "/rtc?protocol=17&sdk=go&version=2.4.0"
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
			eventually(t, "LiveKit keeps to it", 2*time.Second, func() bool {
				p, err := d.rooms.Participant(ctx, roomservice.Place{Room: "hall", Identity: g.id})
				return err == nil && p.GetPermission().GetCanPublishData() == tt.data && p.GetPermission().GetCanPublish() == tt.media
			})
		})
	}
}
