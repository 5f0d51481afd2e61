package app

import (
	"errors"
	"strings"
	"testing"

	"foyer/engine/call"
	"foyer/ui/words"
)

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

// What could not be printed was not done, whatever the command.
func TestAFullDiskIsNoSuccess(t *testing.T) {
	for _, args := range [][]string{{"version"}, {"help"}} {
		var errs strings.Builder
		status := Main(args, strings.NewReader(""), fullDisk{}, &errs)
		if status != exitFailed || !strings.Contains(errs.String(), words.Error(call.ErrOutputLost).String()) {
			t.Errorf("%q: status %d, %q", args, status, errs.String())
		}
	}
}
