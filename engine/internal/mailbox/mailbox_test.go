package mailbox_test

import (
	"slices"
	"sync"
	"testing"

	"foyer/engine/internal/mailbox"
)

// Many put, one takes: nothing is lost, and each sender's order is kept.
func TestEverythingArrivesOnceAndInOrder(t *testing.T) {
	const senders, each = 8, 500
	box := mailbox.New[[2]int]()
	var sending sync.WaitGroup
	for s := range senders {
		sending.Go(func() {
			for i := range each {
				box.Put([2]int{s, i})
			}
		})
	}
	got := make([][]int, senders)
	for taken := 0; taken < senders*each; {
		<-box.Ready()
		for _, v := range box.Take() {
			got[v[0]] = append(got[v[0]], v[1])
			taken++
		}
	}
	sending.Wait()
	for s, list := range got {
		if len(list) != each || !slices.IsSorted(list) {
			t.Errorf("sender %d: %d values, sorted %v", s, len(list), slices.IsSorted(list))
		}
	}
}

func TestClose(t *testing.T) {
	box := mailbox.New[int]()
	if !box.Put(1) {
		t.Error("an open mailbox refuses")
	}
	if left := box.Close(); !slices.Equal(left, []int{1}) {
		t.Errorf("%v was left", left)
	}
	if box.Put(2) || len(box.Take()) != 0 {
		t.Error("a closed mailbox takes")
	}
}
