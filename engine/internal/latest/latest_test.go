package latest_test

import (
	"testing"

	"foyer/engine/internal/latest"
)

func TestTheNewestIsTakenOnce(t *testing.T) {
	b := latest.New[int]()
	if v, fresh := b.Take(); *v != 0 || fresh {
		t.Errorf("%d, fresh %v before the first", *v, fresh)
	}
	for i := 1; i <= 5; i++ {
		*b.Writing() = i
		b.Publish()
	}
	<-b.Ready()
	if v, fresh := b.Take(); *v != 5 || !fresh {
		t.Errorf("took %d, fresh %v", *v, fresh)
	}
	if v, fresh := b.Take(); *v != 5 || fresh {
		t.Errorf("took %d again, fresh %v", *v, fresh)
	}
}

// What is taken does not change while the other goes on writing; -race sees to it.
func TestTheWriterNeverTouchesWhatIsTaken(t *testing.T) {
	type pair struct{ a, b int }
	b := latest.New[pair]()
	const last = 20_000
	go func() {
		for i := 1; i <= last; i++ {
			w := b.Writing()
			w.a, w.b = i, i
			b.Publish()
		}
	}()
	for seen := 0; seen < last; {
		<-b.Ready()
		v, fresh := b.Take()
		if v.a != v.b || fresh && v.a <= seen {
			t.Fatalf("took %+v after %d", *v, seen)
		}
		seen = v.a
	}
}
