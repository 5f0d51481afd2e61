package app

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/sirupsen/logrus/hooks/test"

	"foyer/engine/host"
)

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
