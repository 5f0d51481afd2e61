package door

import (
	"testing"

	"foyer/engine/doorapi"
	"foyer/engine/host/waiting"
)

// TestNoncesOfWhoWaits: everybody who may wait can go on asking, whoever else waits.
func TestNoncesOfWhoWaits(t *testing.T) {
	const each = int(2 * nonceWindow / doorapi.Hold)
	if waiting.MaxAll*each > maxNonces || waiting.MaxAddress*each > originNonces {
		t.Errorf("%d nonces each: %d people, %d of an address", each, waiting.MaxAll, waiting.MaxAddress)
	}
}
