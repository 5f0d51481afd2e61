package call

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestRemovalFrom(t *testing.T) {
	until := time.Unix(2_000_000_000, 0)
	long := strings.Repeat("x", MaxText+1)
	for name, test := range map[string]struct {
		err  error
		want Removal
		ok   bool
	}{
		"nothing":              {nil, Removal{}, false},
		"another error":        {ErrRoomFull, Removal{}, false},
		"a ban":                {&BannedError{Until: until, By: "Eve", Text: "Enough"}, Removal{ReasonBanned, "Eve", "Enough", until}, true},
		"a ban without an end": {fmt.Errorf("join: %w", &BannedError{}), Removal{Reason: ReasonBanned}, true},
		"removed":              {fmt.Errorf("join: %w", &PutOutError{Reason: ReasonRemoved, By: "Eve"}), Removal{Reason: ReasonRemoved, By: "Eve"}, true},
		"dismissed":            {&PutOutError{Reason: ReasonDismissed, Text: "Good night"}, Removal{Reason: ReasonDismissed, Text: "Good night"}, true},
		"offline too long":     {&PutOutError{Reason: ReasonOfflineRemoved}, Removal{Reason: ReasonOfflineRemoved}, true},
		"no door's reason":     {&PutOutError{Reason: ReasonMediaFailed}, Removal{Reason: ReasonRemoved}, true},
		"the user's reason":    {&PutOutError{Reason: ReasonLeft, By: "Eve"}, Removal{}, false},
		"a bug of ours":        {&PutOutError{Reason: ReasonInternal}, Removal{}, false},
		"not fit to be shown":  {&BannedError{By: "Eve\n\u202eevE", Text: "\u202e " + long}, Removal{Reason: ReasonBanned, By: "Eve evE", Text: long[:MaxText]}, true},
		"nothing to be seen":   {&PutOutError{Reason: ReasonRemoved, By: "\u200b", Text: " \u2066 "}, Removal{Reason: ReasonRemoved}, true},
	} {
		if got, ok := RemovalFrom(test.err); got != test.want || ok != test.ok {
			t.Errorf("%s: %+v, %v", name, got, ok)
		}
	}
}
