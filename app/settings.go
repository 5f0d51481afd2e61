package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime/debug"

	"github.com/sirupsen/logrus"

	"foyer/engine/call"
	"foyer/ui"
)

const (
	settingsName = "settings.json"
	maxSettings  = 1 << 20 // bytes
)

// settingsFile is the window's ui.Store: JSON in the profile, for its owner
// alone, since recent rooms carry invitations.
type settingsFile struct {
	profile *profile
	log     logrus.FieldLogger
}

func (s *settingsFile) Load() ui.Settings {
	var set ui.Settings
	data, err := s.profile.dir.Read(settingsName, maxSettings)
	if errors.Is(err, fs.ErrNotExist) {
		return set
	}
	s.profile.tellRepairs(s.log)
	if err == nil {
		err = json.Unmarshal(data, &set)
	}
	if err != nil {
		s.log.WithError(err).Warn("settings cannot be read; starting with new ones")
		_ = s.profile.dir.Rename(settingsName, settingsName+".damaged") // nothing is lost
		return ui.Settings{}
	}
	return set
}

// Save replaces the file as a whole, so that a crash leaves the old one.
func (s *settingsFile) Save(set ui.Settings) error {
	data, err := json.MarshalIndent(set, "", "  ")
	if err != nil {
		return err
	}
	return s.profile.dir.Write(settingsName, append(data, '\n'))
}

const (
	logName   = "foyer.log"
	maxOldLog = 1 << 20 // bytes; a longer one is begun anew
)

// openLog is the log of a window that was started without a terminal. A crash
// of the Go runtime is written there too.
func openLog(p *profile) (*os.File, error) {
	f, err := p.dir.OpenFile(logName, os.O_CREATE|os.O_WRONLY|os.O_APPEND)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", call.ErrProfile, err)
	}
	if info, err := f.Stat(); err == nil && info.Size() > maxOldLog {
		_ = f.Truncate(0) // a long log is no reason not to start
	}
	_ = debug.SetCrashOutput(f, debug.CrashOptions{}) // best effort
	return f, nil
}
