package host

import (
	"context"
	"errors"
	"os"
	"strconv"
	"strings"
	"time"

	"foyer/engine/call"
	"foyer/engine/private"
)

// lockFile is locked by the one server that uses a data folder, and says which
// process that is.
const lockFile = "serve.lock"

// How long a patient server waits for one that is stopping: longer than a stop
// may take.
const (
	folderWait  = 4 * time.Second
	folderRetry = 20 * time.Millisecond
)

// own makes this the one server of the data folder, until the lock is closed or
// the process is gone: two would have the same rooms, each with people whom the
// other does not see. Doors that share a database share nothing else.
func (s *Server) own(ctx context.Context, data *folder) (*private.Lock, error) {
	if s.Database != "" {
		return nil, nil
	}
	wait := time.Duration(0)
	if s.Patient {
		wait = folderWait
	}
	limit := time.NewTimer(wait)
	defer limit.Stop()
	retry := time.NewTicker(folderRetry)
	defer retry.Stop()
	for {
		lock, err := data.dir.Lock(lockFile)
		switch {
		case err == nil:
			if err := lock.Say(strconv.Itoa(os.Getpid()) + "\n"); err != nil {
				return nil, errors.Join(explainFile(err), lock.Close())
			}
			return lock, nil
		case errors.Is(err, private.ErrNoLocks):
			s.Log.WithError(err).Warn("a second server of this data folder would not be noticed")
			return nil, nil
		case !errors.Is(err, private.ErrLocked):
			return nil, explainFile(err)
		}
		select {
		case <-limit.C:
			return nil, &call.DataInUseError{Path: data.dir.Path(""), PID: data.user()}
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-retry.C:
		}
	}
}

// user is the process that uses the folder, 0 if it does not say.
func (f *folder) user() int {
	note, err := f.dir.Note(lockFile)
	if err != nil {
		return 0
	}
	pid, _ := strconv.Atoi(strings.TrimSpace(note))
	return pid
}
