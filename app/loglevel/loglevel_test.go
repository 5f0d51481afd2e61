package loglevel

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sirupsen/logrus"
)

func TestLogLevelsOfParts(t *testing.T) {
	var out bytes.Buffer
	levels := Levels{All: logrus.WarnLevel}
	for _, text := range []string{"error,client=debug", "media=info"} {
		if err := levels.Set(text); err != nil {
			t.Fatal(err)
		}
	}
	log := levels.Logger(&out)
	log.WithField("part", "client").Debug("frames")
	log.WithField("part", "media").Debug("too much")
	log.WithField("part", "media").Info("decoder")
	log.WithField("part", "engine").Warn("slow")
	log.Warn("nobody's")
	log.WithField("part", "engine").Error("broken")
	for word, want := range map[string]bool{
		"frames": true, "decoder": true, "broken": true, "too much": false, "slow": false, "nobody": false,
	} {
		if got := strings.Contains(out.String(), word); got != want {
			t.Errorf("%q is logged: %v", word, got)
		}
	}
	if got, want := levels.String(), "error,client=debug,media=info"; got != want {
		t.Errorf("levels are %s, want %s", got, want)
	}
}

// Every part that logs can be named.
func TestLogPartsAreAll(t *testing.T) {
	named := regexp.MustCompile(`"part"[,:] "(\w+)"`)
	var found []string
	for _, root := range []string{"..", "../../engine", "../../ui"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			for _, m := range named.FindAllStringSubmatch(string(text), -1) {
				found = append(found, m[1])
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(found)
	if found = slices.Compact(found); !slices.Equal(found, parts()) {
		t.Errorf("parts are %v, --log-level takes %v", found, parts())
	}
}
