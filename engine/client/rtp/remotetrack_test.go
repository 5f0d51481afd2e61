package rtp

import (
	"testing"
	"time"
)

func TestFromNTP(t *testing.T) {
	want := time.Unix(1_700_000_000, 500_000_000)
	if got := fromNTP(uint64(want.Unix()+ntpEpoch)<<32 | 1<<31); !got.Equal(want) {
		t.Errorf("%v, want %v", got, want)
	}
}
