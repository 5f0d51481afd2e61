package app

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"crypto/tls"

	"github.com/sirupsen/logrus"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/host"
)

// startHost runs a room server in this process.
func startHost(t *testing.T) host.Ready {
	t.Helper()
	log := logrus.New()
	log.SetOutput(io.Discard)
	server, err := host.New(host.Config{Listen: "127.0.0.1:0", Data: t.TempDir(), Log: log})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan host.Ready, 1), make(chan error, 1)
	go func() { ended <- server.Run(ctx, func(r host.Ready) { ready <- r }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	select {
	case r := <-ready:
		return r
	case <-time.After(20 * time.Second):
		t.Fatal("server is not ready")
		return host.Ready{}
	}
}

// requestAdmission asks the door for a token, and returns the refusal's code.
func requestAdmission(t *testing.T, r host.Ready, link call.Link, id string, key ed25519.PrivateKey) doorapi.Code {
	t.Helper()
	req := doorapi.JoinRequest{Room: link.Room, Secret: link.Secret, Identity: call.Identity(id), Name: id}
	if err := req.Sign(key, link.Fingerprint, time.Now()); err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(req)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	defer transport.CloseIdleConnections()
	res, err := (&http.Client{Transport: transport}).Post(r.URL+doorapi.JoinPath, "application/json", bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var refusal doorapi.Error
	if res.StatusCode != http.StatusOK {
		if err := json.NewDecoder(res.Body).Decode(&refusal); err != nil {
			t.Fatal(err)
		}
	}
	return refusal.Code
}

// TestAdmin is the life of a ban as a host types it.
func TestAdmin(t *testing.T) {
	r := startHost(t)
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	tools := func(args ...string) (int, string, string) {
		t.Helper()
		return run(append([]string{"admin", "--server", r.URL, "--admin-key-file", r.AdminKeyFile}, args...)...)
	}
	_, out, errs := run("invite", "--server", r.URL, "--admin-key-file", r.AdminKeyFile, "--room", "50%", "--role", "cohost")
	link, err := call.ParseLink(strings.TrimSpace(out))
	if err != nil {
		t.Fatal(err, errs)
	}
	if code := requestAdmission(t, r, link, "anna", key); code != "" {
		t.Fatal(code)
	}
	for _, step := range []struct {
		args   string
		status int
		says   string // on stdout, or on stderr if the status is not 0
	}{
		{"rooms", exitOK, "50%"},
		{"members 50%", exitOK, ""},
		{"bans 50%", exitOK, ""},
		{"ban 50% anna --for 10m --text Enough", exitOK, "anna  done"},
		{"bans 50%", exitOK, "Enough"},
		{"bans 50% --json", exitOK, `"text":"Enough"`},
		{"ban 50% nobody --json", exitOtherReason, `{"results":[{"id":"nobody","result":"unknown"}]}`},
		{"remove 50% anna", exitOtherReason, "anna  already gone"},
		{"role 50% anna --role listener", exitOK, "anna  done"},
		{"withdraw 50% --json", exitOK, `{"withdrawn":1}`},
		{"withdraw 50%", exitOK, ""},
		{"withdraw elsewhere", exitOtherReason, "no such room"},
		{"allow 50% anna", exitOK, "anna  done"},
		{"disallow 50% anna", exitOK, "anna  done"},
		{"mute 50% anna", exitOK, "anna  done"},
		{"unmute 50% --all", exitOK, ""},
		{"mute 50% --all --except anna", exitOK, ""},
		{"rules 50% --locked --max-members 7 --real-time 30s", exitOK, "7"},
		{"rules 50% --json", exitOK, `"locked":true,"max_members":7,"refuse_newcomer":false,"real_time":30`},
		{"members elsewhere", exitOtherReason, "no such room"},
		{"rules 50% --max-members -4", exitUsage, "-4"},
		{"dismiss 50%", exitOK, ""},
		{"dismiss 50% --json", exitOtherReason, `"error":"no_such_room"`},
	} {
		status, out, errs := tools(strings.Fields(step.args)...)
		said := out
		if status != exitOK && !strings.Contains(out, step.says) {
			said = errs
		}
		if status != step.status || !strings.Contains(strings.ToLower(said), strings.ToLower(step.says)) {
			t.Errorf("%s: status %d, stdout %q, stderr %q", step.args, status, out, errs)
		}
		if strings.HasPrefix(step.args, "ban 50% anna") {
			if code := requestAdmission(t, r, link, "anna", key); code != doorapi.CodeBanned {
				t.Errorf("banned: %q", code)
			}
		}
	}
	if status, out, _ := tools("unban", "50%", "anna"); status != exitOK {
		t.Error(out)
	}
}

// TestAdminMisuse: nothing is sent for a wrong command line.
func TestAdminMisuse(t *testing.T) {
	for args, want := range map[string]string{
		"":                               "command",
		"fly":                            `there is no command "fly"; there are rooms, members, remove, ban, unban, bans, withdraw, allow, disallow, mute, unmute, role, rules, dismiss, chat`,
		"frobnicate r":                   `there is no command "frobnicate"`,
		"say r":                          `there is no command "say"`, // chat says
		"members":                        "room",
		"members r extra":                "extra",
		"remove r":                       "IDs",
		"remove r a b c d e f g h i j k": "at most 10",
		"remove r a --for 10m":           "--for",
		"ban r a --for 10s":              "whole minutes",
		"ban r a --for -10m":             "whole minutes",
		"ban r a --for 800h":             "whole minutes",
		"mute r":                         "--all",
		"mute r a --all":                 "--all",
		"mute r a --except b":            "--except",
		"role r a":                       "--role",
		"role r a --role king":           "--role",
		"rooms r":                        "r",
		"chat r --locked":                "--locked",
		"members r":                      "--server",
		"rules r --real-time 20ms":       "whole seconds",
	} {
		status, out, errs := run(append([]string{"admin"}, strings.Fields(args)...)...)
		if status != exitUsage || out != "" || !strings.Contains(errs, want) {
			t.Errorf("%q: status %d, stdout %q, stderr %q", args, status, out, errs)
		}
	}
	if status, _, errs := run("admin", "remove", "r", "a", "--text", strings.Repeat("x", call.MaxText+1)); status != exitUsage {
		t.Errorf("long text: %d %q", status, errs)
	}
	if status, _, errs := run("admin", "--server", "https://127.0.0.1:1", "--admin-key-file", t.TempDir()+"/none", "rooms"); status != exitFailed {
		t.Errorf("no key file: %d %q", status, errs)
	}
}

// Every command that the usage names is one, and the other way round.
func TestAdminUsageNamesTheCommands(t *testing.T) {
	var named []string
	for line := range strings.Lines(adminUsage) {
		if strings.HasPrefix(line, "  ") && line[2] != ' ' {
			named = append(named, strings.Split(strings.Fields(line)[0], "|")...)
		}
	}
	if !slices.Equal(named, adminCommands()) {
		t.Errorf("the usage names %v, there are %v", named, adminCommands())
	}
}
