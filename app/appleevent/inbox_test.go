package appleevent

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Links that came before anybody took them are handed over, the newest of too many, and
// those that come later as well. None comes after stop.
func TestLinksWaitForTheWindow(t *testing.T) {
	b := newInbox()
	b.add("")
	b.add(strings.Repeat("x", maxLink+1))
	for i := range maxWaiting + 3 {
		b.add(fmt.Sprint("link", i))
	}
	got := make(chan string, 2*maxWaiting)
	stop := b.take(func(_ context.Context, link string) { got <- link })
	var all []string
	for range maxWaiting {
		all = append(all, <-got)
	}
	b.add("late")
	all = append(all, <-got)
	want := []string{"link3", "link4", "link5", "link6", "link7", "link8", "link9", "link10", "late"}
	if !slices.Equal(all, want) {
		t.Errorf("got %v", all)
	}
	stop()
	b.add("too late")
	if len(got) != 0 {
		t.Errorf("after the end: %v", <-got)
	}
}

// A window that does not answer does not keep the program from ending.
func TestStopEndsWhoOpens(t *testing.T) {
	b := newInbox()
	began := make(chan struct{})
	stop := b.take(func(ctx context.Context, _ string) {
		close(began)
		<-ctx.Done()
	})
	b.add("link")
	<-began
	stop()
}
