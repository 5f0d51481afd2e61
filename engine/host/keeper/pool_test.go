package keeper

import (
	"testing"
	"time"

	"foyer/engine/call"
)

// TestLeaseTakenWhileRenewing: a list of our leases that is older than one of
// them does not end its keeper.
func TestLeaseTakenWhileRenewing(t *testing.T) {
	now := time.Now()
	stopped := map[call.RoomID]bool{}
	k := &Pool{kept: map[call.RoomID]*kept{"none yet": {}}}
	for room, taken := range map[call.RoomID]time.Time{"lost": now.Add(-time.Second), "ours": now.Add(-time.Second), "new": now.Add(time.Second)} {
		k.kept[room] = &kept{taken: taken, stop: func() { stopped[room] = true }}
	}
	k.stopLost([]call.RoomID{"ours"}, now)
	if len(stopped) != 1 || !stopped["lost"] {
		t.Errorf("stopped %v", stopped)
	}
}
