package app

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/sirupsen/logrus/hooks/test"

	"foyer/engine/call"
	"foyer/engine/host"
	"foyer/ui/words"
)

// serveSays runs a server that cannot begin, and expects the words of an error
// on one line, with the cause in brackets.
func serveSays(t *testing.T, status int, err error, args ...string) {
	t.Helper()
	t.Setenv(apiKeyVariable, "")
	t.Setenv(apiSecretVariable, "")
	got, out, errs := run(append([]string{"serve"}, args...)...)
	if got != status {
		t.Errorf("exit status %d, want %d", got, status)
	}
	if out != "" {
		t.Errorf("it says %q on stdout, where the ready line belongs", out)
	}
	sentence := words.Error(err)
	if !strings.HasPrefix(errs, "foyer serve: "+sentence.String()+" (") || strings.Count(errs, "\n") != 1 {
		t.Errorf("it says\n%swant one line with\n%s", errs, sentence)
	}
	if sentence.Text == "" || sentence.Next == "" {
		t.Errorf("the sentence %+v is not whole", sentence)
	}
}

func TestServeThatCannotBeginSaysWhyAndWhatNow(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	damaged := func(name string) string {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, name), []byte("not what it should be"), 0o600); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	media, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer media.Close()
	const here = "127.0.0.1:0"
	for name, c := range map[string]struct {
		err  error
		args []string
	}{
		"port in use":                {call.ErrPortInUse, []string{"--listen", taken.Addr().String(), "--data", t.TempDir()}},
		"media port in use":          {call.ErrPortInUse, []string{"--listen", here, "--data", t.TempDir(), "--media-port", strconv.Itoa(media.LocalAddr().(*net.UDPAddr).Port)}},
		"address of another":         {call.ErrAddress, []string{"--listen", "192.0.2.1:7443", "--data", t.TempDir()}},
		"data folder is a file":      {call.ErrDataFolder, []string{"--listen", here, "--data", file}},
		"data folder cannot be made": {call.ErrDataFolder, []string{"--listen", here, "--data", filepath.Join(file, "below")}},
		"database is damaged":        {call.ErrDataCorrupt, []string{"--listen", here, "--data", damaged("foyer.db")}},
		"certificate is damaged":     {call.ErrCertificate, []string{"--listen", here, "--data", damaged("door.pem")}},
		"database is not there":      {call.ErrDatabase, []string{"--listen", here, "--data", "postgres://foyer@127.0.0.1:1/foyer"}},
		"secret file is not there":   {call.ErrSecretFile, []string{"--listen", here, "--data", t.TempDir(), "--livekit", "wss://192.0.2.1", "--api-key", "k", "--api-secret-file", filepath.Join(file, "below")}},
		"secret file is empty":       {call.ErrSecretFile, []string{"--listen", here, "--data", t.TempDir(), "--livekit", "wss://192.0.2.1", "--api-key", "k", "--api-secret-file", file}},
		"admin key is damaged":       {call.ErrServerKey, []string{"--listen", here, "--data", damaged("admin-key.json")}},
		"LiveKit key is damaged":     {call.ErrServerKey, []string{"--listen", here, "--data", damaged("livekit-key.json")}},
	} {
		t.Run(name, func(t *testing.T) { serveSays(t, exitFailed, c.err, c.args...) })
	}
}

func TestServeWithWrongSettings(t *testing.T) {
	insecure := fmt.Errorf("%w: %w", call.ErrServerConfig, call.ErrLinkInsecure)
	cluster := []string{"--api-key", "k", "--api-secret", "s"}
	for name, c := range map[string]struct {
		err  error
		args []string
	}{
		"no port":                 {call.ErrServerConfig, []string{"--listen", "nowhere"}},
		"a name as address":       {call.ErrServerConfig, []string{"--listen", "my-computer:7443"}},
		"port out of range":       {call.ErrServerConfig, []string{"--listen", ":70000"}},
		"rooms that never last":   {call.ErrServerConfig, []string{"--room-ttl", "1ms"}},
		"media port too large":    {call.ErrServerConfig, []string{"--media-port", "70000"}},
		"media port of a cluster": {call.ErrServerConfig, append([]string{"--media-port", "7000", "--livekit", "wss://192.0.2.1"}, cluster...)},
		"half a cluster":          {call.ErrServerConfig, []string{"--livekit", "wss://192.0.2.1"}},
		"two secrets":             {call.ErrServerConfig, append([]string{"--livekit", "wss://192.0.2.1", "--api-secret-file", "f"}, cluster...)},
		"a key without a cluster": {call.ErrServerConfig, cluster},
		"not an address":          {call.ErrServerConfig, append([]string{"--livekit", "192.0.2.1"}, cluster...)},
		"another protocol":        {call.ErrServerConfig, append([]string{"--livekit", "ftp://192.0.2.1"}, cluster...)},
		"ws to another computer":  {insecure, append([]string{"--livekit", "ws://192.0.2.1:7880"}, cluster...)},
		"http, too":               {insecure, append([]string{"--livekit", "http://livekit.example:7880"}, cluster...)},
	} {
		t.Run(name, func(t *testing.T) {
			serveSays(t, exitUsage, c.err, append(c.args, "--data", t.TempDir())...)
		})
	}
	if errors.Is(call.ErrServerConfig, call.ErrLinkInsecure) || words.Error(insecure) == words.Error(call.ErrLinkInsecure) {
		t.Error("a cluster's address is taken for an invite link")
	}
}

// Every wrong command line gets one line: that it is wrong, where the help is,
// and what is wrong.
func TestMisuseSaysWhereTheHelpIs(t *testing.T) {
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	for _, args := range [][]string{
		{"serve", "--frob"}, {"serve", "--listen"}, {"serve", "--room-ttl", "soon"}, {"serve", "please"},
		{"serve", "--log-level", "loud"}, {"join", "--name", "Ada"}, {"join", goodLink, "--frob"},
		{"invite", "--room", "r"}, {"invite", "now"}, {"invite", "--room", "r", "--for", "10ms"},
	} {
		status, _, errs := run(args...)
		want := "foyer " + args[0] + ": " + words.Usage("foyer "+args[0]).String() + " ("
		if status != exitUsage || !strings.HasPrefix(errs, want) || strings.Count(errs, "\n") != 1 {
			t.Errorf("%v: status %d, %q", args, status, errs)
		}
	}
}

func TestMisuseOfTheWindow(t *testing.T) {
	for _, args := range [][]string{{"--frob"}, {goodLink, goodLink}, {"--log-level", "loud"}} {
		if status, _, errs := run(args...); status != exitUsage || !strings.HasPrefix(errs, "foyer window: "+words.Usage("foyer").String()+" (") {
			t.Errorf("%v: status %d, %q", args, status, errs)
		}
	}
}

func TestHelpListsTheFlags(t *testing.T) {
	for _, name := range []string{"serve", "invite", "join"} {
		status, _, errs := run(name, "--help")
		if status != exitOK || !strings.Contains(errs, "usage: foyer "+name) || !strings.Contains(errs, "-log-level") {
			t.Errorf("%s: status %d, %q", name, status, errs)
		}
	}
	if _, _, errs := run("serve", "--help"); !strings.Contains(errs, "wss://") {
		t.Error("nobody learns what --livekit takes")
	}
}

// TestDataIsAFolderOrADatabase: a folder is never taken for a database.
func TestDataIsAFolderOrADatabase(t *testing.T) {
	for data, want := range map[string][2]string{
		"": {}, "/srv/foyer": {"/srv/foyer", ""}, "postgres": {"postgres", ""}, "./postgres:/x": {"./postgres:/x", ""},
		"postgres://foyer@db/foyer": {"", "postgres://foyer@db/foyer"}, "postgresql://db/foyer": {"", "postgresql://db/foyer"},
	} {
		if folder, database := splitData(data); folder != want[0] || database != want[1] {
			t.Errorf("%q: folder %q, database %q", data, folder, database)
		}
	}
}

// TestSecretFromAFile: the secret is what the file has between blanks.
func TestSecretFromAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("\n s3cret \r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	log, hook := test.NewNullLogger()
	conf := host.Config{Log: log, LiveKitURL: "wss://192.0.2.1", APIKey: "k", Data: t.TempDir()}
	t.Setenv(apiSecretVariable, "another")
	if err := completeServe(&conf, file); err != nil || conf.APISecret != "s3cret" {
		t.Errorf("got %q, %v", conf.APISecret, err)
	}
	if len(hook.AllEntries()) != 0 {
		t.Error("a file of ours alone is warned of")
	}
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	conf.APISecret = ""
	if err := completeServe(&conf, file); err != nil || len(hook.AllEntries()) != 1 && runtime.GOOS != "windows" {
		t.Errorf("%d warnings of a file that others can read, %v", len(hook.AllEntries()), err)
	}
}
