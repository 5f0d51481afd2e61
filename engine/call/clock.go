package call

import (
	"errors"
	"fmt"
	"time"
)

// clocksAgree is how much two clocks may differ without anybody minding: what
// is told in minutes is right with either.
const clocksAgree = time.Minute

// Errors of a join's signature. A client recovers from both by signing once more.
var (
	ErrClock    = errors.New("clocks differ")
	ErrJoinUsed = errors.New("join request was used before")
)

// ClockError says that a join was signed at a time that is too far from the
// door's.
type ClockError struct {
	Server time.Time     // the door's time, zero if it does not say
	Behind time.Duration // by how much the one who signed is; 0: not known
}

func (e *ClockError) Error() string {
	if e.Behind == 0 {
		return ErrClock.Error()
	}
	return fmt.Sprintf("%v by %v", ErrClock, e.Behind.Round(time.Second))
}

func (e *ClockError) Unwrap() error { return ErrClock }

// ClockOffset is what must be added to the reader's clock to have the server's,
// 0 if the difference does not matter or the server's time (unix ms) is not known.
func ClockOffset(server int64, now time.Time) time.Duration {
	offset := time.UnixMilli(server).Sub(now)
	if server <= 0 || offset.Abs() < clocksAgree {
		return 0
	}
	return offset
}
