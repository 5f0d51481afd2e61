package doorapi

import (
	"testing"
	"time"

	"foyer/engine/call"
)

// A notice says the same as the error by which the door refuses a return.
func TestNoticeRemoval(t *testing.T) {
	until := time.UnixMilli(2_000_000_000_000)
	const clock = time.Hour
	for name, test := range map[string]struct {
		notice Notice
		want   error
	}{
		"a ban":            {Notice{Kind: NoticePutOut, Reason: "banned", By: "Eve", Text: "Enough", Until: until.Add(clock).UnixMilli()}, &call.BannedError{Until: until, By: "Eve", Text: "Enough"}},
		"removed":          {Notice{Kind: NoticePutOut, Reason: "removed", By: "Eve\u202e", Until: 1}, &call.PutOutError{Reason: call.ReasonRemoved, By: "Eve"}},
		"no reason":        {Notice{Kind: NoticePutOut}, &call.PutOutError{Reason: call.ReasonRemoved}},
		"the user's":       {Notice{Kind: NoticePutOut, Reason: "left"}, &call.PutOutError{Reason: call.ReasonRemoved}},
		"offline too long": {Notice{Kind: NoticePutOut, Reason: "offline_removed"}, &call.PutOutError{Reason: call.ReasonOfflineRemoved}},
		"dismissed":        {Notice{Kind: NoticeDismissed, By: "Eve", Text: " Good night "}, &call.PutOutError{Reason: call.ReasonDismissed, By: "Eve", Text: "Good night"}},
	} {
		if want, _ := call.RemovalFrom(test.want); test.notice.Removal(clock) != want {
			t.Errorf("%s: %+v, want %+v", name, test.notice.Removal(clock), want)
		}
	}
}
