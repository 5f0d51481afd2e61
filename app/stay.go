package app

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/sirupsen/logrus"

	"foyer/engine/call"
	"foyer/engine/eventqueue"
)

// stayFile lies in the profile while we are in a room. One that outlives its
// process tells the next start that the program crashed: a crash in C cannot be
// caught, and the user deserves the reason all the same.
type stayFile struct {
	profile *profile
	name    string
}

// stayRecord is its content.
type stayRecord struct {
	Room  call.RoomID `json:"room"`
	Title string      `json:"title"`
	PID   int         `json:"pid"`
	Since time.Time   `json:"since"`
}

const (
	stayPattern = "stay-*.json"
	maxStay     = 64 << 10 // bytes
)

func beginStay(p *profile, e call.Joined, log logrus.FieldLogger) *stayFile {
	pid := os.Getpid()
	name := fmt.Sprintf("stay-%d.json", pid)
	data, err := json.Marshal(stayRecord{Room: e.Room, Title: e.Title, PID: pid, Since: time.Now()})
	if err == nil {
		err = p.dir.Write(name, data)
	}
	if err != nil {
		log.WithError(err).Warn("a crash would not be noticed: the stay file cannot be written")
		return nil
	}
	return &stayFile{p, name}
}

// end takes the file away; nil is fine.
func (s *stayFile) end() {
	if s != nil {
		_ = s.profile.dir.Remove(s.name)
	}
}

// recordStays keeps a stay file in the profile while we are in a room.
func recordStays(events *eventqueue.Queue, p *profile, log logrus.FieldLogger) {
	var current *stayFile
	events.Tap = func(e eventqueue.Stamped) {
		switch e := e.Event.(type) {
		case call.Joined:
			current = beginStay(p, e, log)
		case call.Left:
			current.end()
			current = nil
		default:
		}
	}
}

// crashedStays returns the stays whose process is gone. forget is for when the
// user has been told.
func crashedStays(p *profile) (crashed []stayRecord, forget func()) {
	names, _ := p.dir.Match(stayPattern)
	var told []string
	for _, name := range names {
		var r stayRecord
		data, err := p.dir.Read(name, maxStay)
		if err == nil {
			err = json.Unmarshal(data, &r)
		}
		if err == nil && processRuns(r.PID) {
			continue
		}
		told = append(told, name)
		if err == nil {
			crashed = append(crashed, r)
		}
	}
	return crashed, func() {
		for _, name := range told {
			_ = p.dir.Remove(name)
		}
	}
}
