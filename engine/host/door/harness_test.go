package door

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"github.com/sirupsen/logrus"

	"foyer/engine/call"
	"foyer/engine/host/hosttest"
	"foyer/engine/host/moderation"
	"foyer/engine/host/register"
	"foyer/engine/host/roomservice"
	"foyer/engine/host/tracks"
	"foyer/engine/internal/secret"
	"foyer/internal/testenv"
)

const waitTimeout = 10 * time.Second

// newTestDoor is a door without limits in front of some LiveKit with that key.
func newTestDoor(t testing.TB, livekit *url.URL, key roomservice.Key) *Door {
	t.Helper()
	log, _ := testenv.NewLog()
	reg, err := register.Open(context.Background(), filepath.Join(t.TempDir(), "foyer.db"))
	if err != nil {
		t.Fatal(err)
	}
	rooms := roomservice.New(livekit, key, time.Minute)
	enforcer := tracks.New(tracks.Config{
		Register: reg, Rooms: rooms, Warn: func(roomservice.Place, logrus.Fields, string) {},
	})
	d := New(Config{
		Log: log, Certificate: newCertificate(t), AdminKey: "admin key", APIKey: key, LiveKit: livekit,
		Register: reg, Rooms: rooms, Enforcer: enforcer,
		Moderator: moderation.New(moderation.Config{
			Register: reg, Rooms: rooms, Enforce: enforcer.Enforce, Log: log, Now: time.Now,
		}),
		Keep:   func(call.RoomID) {},
		Hosts:  func() []string { return []string{"127.0.0.1:1"} },
		Limits: hosttest.Unlimited(), Now: time.Now,
	})
	t.Cleanup(func() {
		d.Close()
		enforcer.Close()
		rooms.Close()
		_ = reg.Close()
	})
	return d
}

// newDeadDoor is a door whose LiveKit is not there: requests that are let through get a
// bad gateway.
func newDeadDoor(t testing.TB) *Door {
	t.Helper()
	return newTestDoor(t, &url.URL{Scheme: "http", Host: "127.0.0.1:1"}, newAPIKey())
}

func newAPIKey() roomservice.Key {
	return roomservice.Key{Key: "API" + secret.Text(9), Secret: secret.Text(32)}
}

func newCertificate(t testing.TB) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}
}

func parseURL(t testing.TB, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
