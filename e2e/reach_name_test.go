//go:build linux

package e2e

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"foyer/internal/drive"
	"foyer/internal/testenv"
)

// authority issues certificates for one name.
type authority struct {
	t    *testing.T
	dir  string
	name string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	must(t, err)
	a := &authority{t: t, dir: t.TempDir(), name: name, key: key}
	a.cert, err = x509.ParseCertificate(raw)
	must(t, err)
	a.write("authority.pem", "CERTIFICATE", raw)
	a.issue()
	return a
}

func (a *authority) file(name string) string { return filepath.Join(a.dir, name) }

func (a *authority) write(name, kind string, raw []byte) {
	a.t.Helper()
	must(a.t, os.WriteFile(a.file(name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: raw}), 0o600))
}

// issue writes a new certificate and its key.
func (a *authority) issue() { a.issueFor(30 * 24 * time.Hour) }

// issueFor writes one that ends soon.
func (a *authority) issueFor(life time.Duration) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(a.t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), NotAfter: time.Now().Add(life), DNSNames: []string{a.name},
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	must(a.t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	must(a.t, err)
	a.write("cert.pem", "CERTIFICATE", raw)
	a.write("key.pem", "PRIVATE KEY", private)
}

// TestPublicName: guests come by a link that trusts the server's name, before and after
// its certificate is renewed, and by one that pins. A client that does not know the
// authority does not come in by the first.
func TestPublicName(t *testing.T) {
	t.Parallel()
	const name = "meet.foyer.test"
	f, homes, a := testenv.Foyer(t), layHomes(t), newAuthority(t, name)
	must(t, homes.Forward(t.Context(), "tcp", reachDoor))
	must(t, homes.Name(name))
	server := testenv.Serve(t, f, drive.ServeOptions{
		NS: homes.Host, Listen: ":" + strconv.Itoa(reachDoor), Args: []string{
			"--public", name, "--cert", a.file("cert.pem"), "--key", a.file("key.pem"), "--log-level", "info",
		},
	})
	if ready := server.Await("ready"); ready.Text("reach") != "internet" || !strings.Contains(ready.Text("who"), name) {
		t.Errorf("%s", ready.Raw)
	}
	invite := func(flags ...string) string {
		link, err := server.Drive.InviteFrom(t.Context(), homes.Host, "room", flags...)
		must(t, err)
		return link
	}
	join := func(id, link string, env ...string) *testenv.Process {
		return testenv.Join(t, f, drive.JoinOptions{Link: link, Name: id, ID: id, NS: homes.Guest, Env: env})
	}
	trusting := "SSL_CERT_FILE=" + a.file("authority.pem")
	unpinned := invite("--no-pin")
	if strings.Contains(unpinned, "f=") || !strings.HasPrefix(unpinned, "foyer://"+name) {
		t.Errorf("a link without a pin: %s", unpinned)
	}
	ann := join("ann", unpinned, trusting)
	ann.Await("joined")
	if came := server.Await("came_in"); came.Text("name") != "ann" || came.Text("from") != "outside" {
		t.Errorf("%s", came.Raw)
	}
	a.issue()
	logged(t, server.Process, "the certificate was renewed")
	for _, p := range []*testenv.Process{join("ben", unpinned, trusting), join("carl", invite())} {
		p.Await("joined")
	}
	stranger := join("stranger", unpinned)
	if left := stranger.Await("left"); left.Text("reason") == "left" || !strings.Contains(string(left.Raw), "trust") {
		t.Errorf("whoever does not know the authority: %s", left.Raw)
	}
}

// TestCertificateEndsInACall: a call goes on when the certificate by which it was joined
// is over. Links that pin work on; one without a pin says what is wrong.
func TestCertificateEndsInACall(t *testing.T) {
	t.Parallel()
	const name, life = "meet.foyer.test", 15 * time.Second
	f, homes, a := testenv.Foyer(t), layHomes(t), newAuthority(t, name)
	must(t, homes.Forward(t.Context(), "tcp", reachDoor))
	must(t, homes.Name(name))
	ends := time.NewTimer(life)
	a.issueFor(life)
	server := testenv.Serve(t, f, drive.ServeOptions{
		NS: homes.Host, Listen: ":" + strconv.Itoa(reachDoor), Args: []string{
			"--public", name, "--cert", a.file("cert.pem"), "--key", a.file("key.pem"),
		},
	})
	invite := func(flags ...string) string {
		link, err := server.Drive.InviteFrom(t.Context(), homes.Host, "room", flags...)
		must(t, err)
		return link
	}
	join := func(id, link string) *testenv.Process {
		return testenv.Join(t, f, drive.JoinOptions{
			Link: link, Name: id, ID: id, NS: homes.Guest, Env: []string{"SSL_CERT_FILE=" + a.file("authority.pem")},
		})
	}
	unpinned, pinned := invite("--no-pin"), invite()
	ann := join("ann", unpinned)
	ann.Await("joined")
	<-ends.C
	ben := join("ben", pinned)
	ben.Await("joined")
	ben.Say(map[string]any{"cmd": "chat", "text": "still here"})
	ann.AwaitWhere("chat", func(e drive.Event) bool { return e.Text("text") == "still here" })
	if late := join("late", unpinned).Await("left"); !strings.Contains(string(late.Raw), "trust") {
		t.Errorf("by a certificate that is over: %s", late.Raw)
	}
}

// logged waits until a process has logged that.
func logged(t *testing.T, p *testenv.Process, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testenv.Limit)
	defer cancel()
	var raw []byte
	err := drive.UntilEvery(ctx, 50*time.Millisecond, func() bool {
		raw, _ = os.ReadFile(p.Log) // it is there from the start
		return strings.Contains(string(raw), text)
	})
	if err != nil {
		t.Fatalf("no %q in:\n%s", text, raw)
	}
}
