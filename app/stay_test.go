package app

import (
	"os"
	"strconv"
	"testing"

	"github.com/sirupsen/logrus/hooks/test"

	"foyer/engine/call"
	"foyer/engine/eventqueue"
)

// A crash at any moment at which the user takes themselves to be in a room leaves
// the file behind; one at any other moment does not.
func TestTheStayFileIsThereBeforeTheReaderKnows(t *testing.T) {
	p, err := openProfile(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	log, _ := test.NewNullLogger()
	file := p.path("stay-" + strconv.Itoa(os.Getpid()) + ".json")
	events := eventqueue.New()
	recordStays(events, p, log)
	for range 2 {
		events.Put(eventqueue.Stamped{Event: call.Joined{Room: "r"}})
		if items, open := events.Take(); len(items) != 1 || !open {
			t.Fatalf("%d events, open %v", len(items), open)
		}
		if _, err := os.Stat(file); err != nil {
			t.Errorf("no stay file while joined: %v", err)
		}
		events.Put(eventqueue.Stamped{Event: call.Left{Room: "r"}})
		events.Take()
		if _, err := os.Stat(file); !os.IsNotExist(err) {
			t.Errorf("stay file after Left: %v", err)
		}
	}
}
