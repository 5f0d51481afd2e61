package host

import (
	"context"
	"database/sql"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/host/moderation"
)

// TestK1_LockedDatabase: while nothing can be stored, a removal removes and a
// ban says that it will not last; nothing is half-written, and the room goes on.
func TestK1_LockedDatabase(t *testing.T) {
	dir := t.TempDir()
	s := startServer(t, func(c *Config) { c.Data = dir })
	link, anna, ben := s.invite(nil), newGuest(t, "anna"), newGuest(t, "ben")
	wa, _ := s.mustDial(s.mustJoin(anna, link).Token)
	wb, _ := s.mustDial(s.mustJoin(ben, link).Token)
	s.mustDial(s.mustJoin(newGuest(t, "carl"), link).Token)

	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, databaseFile)+"?_txlock=immediate&_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	lock, err := db.BeginTx(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	s.mustDo(call.OpRemove, "", people("hall", "anna"), call.ResultNotStored)
	s.mustDo(call.OpBan, "", people("hall", "ben"), call.ResultNotStored)
	if took := time.Since(began); took > 2*(moderation.StoreTimeout+2*time.Second) {
		t.Errorf("both took %v", took)
	}
	for _, w := range []*wire{wa, wb} {
		if r := w.leaveReason(); r != livekit.DisconnectReason_PARTICIPANT_REMOVED {
			t.Errorf("told %v", r)
		}
	}
	if err := lock.Rollback(); err != nil {
		t.Fatal(err)
	}
	var bans doorapi.BansAnswer
	if refusal, status := s.do(call.OpBans, "", doorapi.RoomRequest{Room: "hall"}, &bans); status != http.StatusOK || len(bans.Bans) != 0 {
		t.Errorf("half-written: %+v %+v", bans, refusal)
	}
	if got := s.inRoom("hall"); len(got) != 1 || got[0] != "carl" {
		t.Errorf("in the room: %v", got)
	}
	// The keeper, who saw ben go, may store that only now: it ends a token once more.
	s.enterWithin(waitTimeout, link, ben)
}
