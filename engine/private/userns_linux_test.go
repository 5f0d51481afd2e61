package private

import "testing"

// In a container's user namespace the computer's own users have no number.
func TestUsersWithoutANumber(t *testing.T) {
	const everybody, some = "         0          0 4294967295\n", "         0       1000          1\n         1     100000      65536\n"
	for ranges, want := range map[string]map[int]bool{
		everybody:  {0: true, 65534: true},
		some:       {0: true, 1: true, 65536: true, 65537: false},
		"0 1000 1": {0: true, 1: false, 65534: false}, "": {0: false}, "x y z\n": {0: false},
	} {
		for id, mapped := range want {
			if got := maps(ranges, id); got != mapped {
				t.Errorf("%q, %d: %v", ranges, id, got)
			}
		}
	}
	if unmapped(0) {
		t.Error("root has no number here")
	}
}
