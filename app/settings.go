package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime/debug"
	"sync/atomic"

	"github.com/sirupsen/logrus"

	"foyer/app/update"
	"foyer/engine/call"
	"foyer/ui"
	"foyer/ui/model"
	"foyer/ui/words"
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
	keep    bool         // the file is not ours to replace
	alone   atomic.Bool  // the router is left alone
	public  atomic.Value // string: how people elsewhere reach rooms of ours
	relay   atomic.Value // string: the link of the relay by which they come
	quiet   bool         // no news of releases
	news    *update.Checker
}

// publicName is how people elsewhere reach rooms of ours; empty: nobody knows. Any
// goroutine may call it.
func (s *settingsFile) publicName() string {
	name, _ := s.public.Load().(string)
	return name
}

// relayLink is by which relay people elsewhere come to rooms of ours; empty: none. Any
// goroutine may call it.
func (s *settingsFile) relayLink() string {
	link, _ := s.relay.Load().(string)
	return link
}

// take takes over what others than the window go by.
func (s *settingsFile) take(set ui.Settings) {
	s.alone.Store(set.LeaveRouter)
	s.public.Store(set.Public)
	s.relay.Store(set.Relay)
	if s.quiet != set.NoNews {
		s.quiet = set.NoNews
		s.news.Set(!s.quiet)
	}
}

// newNews asks for news of releases from [settingsFile.startNews] on. It is nil where the
// program was built without.
func newNews(p *profile, log logrus.FieldLogger, tell func(model.Release)) *update.Checker {
	news, err := update.New(update.Config{
		URL: update.URL, Key: update.Key, Version: Version, Dir: p.dir, Log: log.WithField("part", "update"),
		Tell: func(r update.Release) { tell(model.Release(r)) },
	})
	if err != nil && update.URL != "" {
		log.WithError(err).Warn("news of releases are not asked for")
	}
	return news
}

// startNews is called once, when the window has read its settings.
func (s *settingsFile) startNews() {
	if s.news != nil {
		s.news.Start(!s.quiet)
	}
}

// settingsVersion is that of the file. It grows when a file of it means something
// else to the programs before.
const settingsVersion = 1

// settingsFormat is the file. Those of before there was a version have none.
type settingsFormat struct {
	Version int `json:"version"`
	ui.Settings
}

// Load reads the file. One that cannot be used is put aside, so that nothing is
// lost, and the settings are those of a first start.
func (s *settingsFile) Load() (ui.Settings, error) {
	var file settingsFormat
	data, err := s.profile.dir.Read(settingsName, maxSettings)
	if errors.Is(err, fs.ErrNotExist) {
		return file.Settings, nil
	}
	s.profile.tellRepairs(s.log)
	if err == nil {
		err = json.Unmarshal(data, &file)
	}
	aside := settingsName + ".damaged"
	switch {
	case err != nil:
		err = fmt.Errorf("%w: %w", words.ErrSettingsDamaged, err)
	case file.Version > settingsVersion:
		aside = fmt.Sprintf("%s.version%d", settingsName, file.Version)
		err = fmt.Errorf("%w: %d, this program knows %d", words.ErrSettingsNewer, file.Version, settingsVersion)
	default:
		s.take(file.Settings)
		return file.Settings, nil
	}
	s.log.WithError(err).Warn("settings are not used; starting with new ones")
	if failed := s.profile.dir.Rename(settingsName, aside); failed != nil {
		s.log.WithError(failed).Warn("the settings were not put aside")
		s.keep = true
	}
	return ui.Settings{}, err
}

// Save replaces the file as a whole, so that a crash leaves the old one. What could
// not be put aside is not replaced.
func (s *settingsFile) Save(set ui.Settings) error {
	s.take(set)
	if s.keep {
		return words.ErrSettingsUnsaved
	}
	data, err := json.MarshalIndent(settingsFormat{settingsVersion, set}, "", "  ")
	if err == nil {
		err = s.profile.dir.Write(settingsName, append(data, '\n'))
	}
	if err != nil {
		return fmt.Errorf("%w: %w", words.ErrSettingsUnsaved, err)
	}
	return nil
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
