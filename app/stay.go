package app

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/sirupsen/logrus"

	"foyer/engine/call"
)

// stayFile lies in the profile while we are in a room. One that outlives its
// process tells the next start that the program crashed: a crash in C cannot be
// caught, and the user deserves the reason all the same.
type stayFile struct{ path string }

// stayRecord is its content.
type stayRecord struct {
	Room  call.RoomID `json:"room"`
	Title string      `json:"title"`
	PID   int         `json:"pid"`
	Since time.Time   `json:"since"`
}

const stayPattern = "stay-*.json"

func beginStay(p *profile, e call.Joined, log logrus.FieldLogger) *stayFile {
	pid := os.Getpid()
	path := p.path(fmt.Sprintf("stay-%d.json", pid))
	data, err := json.Marshal(stayRecord{Room: e.Room, Title: e.Title, PID: pid, Since: time.Now()})
	if err == nil {
		err = os.WriteFile(path, data, 0o600)
	}
	if err != nil {
		log.WithError(err).Warn("a crash would not be noticed: the stay file cannot be written")
		return nil
	}
	return &stayFile{path}
}

// end takes the file away; nil is fine.
func (s *stayFile) end() {
	if s != nil {
		_ = os.Remove(s.path)
	}
}

// crashedStays returns, and forgets, the stays whose process is gone.
func crashedStays(p *profile) []stayRecord {
	names, _ := filepath.Glob(p.path(stayPattern))
	var crashed []stayRecord
	for _, name := range names {
		var r stayRecord
		data, err := os.ReadFile(name)
		if err == nil {
			err = json.Unmarshal(data, &r)
		}
		if err == nil && processRuns(r.PID) {
			continue
		}
		_ = os.Remove(name)
		if err == nil {
			crashed = append(crashed, r)
		}
	}
	return crashed
}
