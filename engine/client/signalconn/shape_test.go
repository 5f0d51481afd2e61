package signalconn

import (
	"fmt"
	"testing"

	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"

	"foyer/engine/client/roster/rostertest"
)

// A message of a few bytes for each of millions of parts is not even read.
func TestMessagesOfManyPartsAreRefused(t *testing.T) {
	update := &livekit.ParticipantUpdate{}
	for range maxParts {
		update.Participants = append(update.Participants, &livekit.ParticipantInfo{})
	}
	raw, err := proto.Marshal(&livekit.SignalResponse{Message: &livekit.SignalResponse_Update{Update: update}})
	if err != nil {
		t.Fatal(err)
	}
	if len(raw) > maxFrame {
		t.Fatalf("%d bytes", len(raw))
	}
	if _, err := ParseFrame(raw); err == nil {
		t.Error("read")
	}
	people := &livekit.ParticipantUpdate{}
	for i := range 5000 { // a room as large as they get
		p := rostertest.Info(fmt.Sprint("p", i), fmt.Sprint("PA_", i), 1, rostertest.Camera(fmt.Sprint("TR_", i), false), rostertest.Camera(fmt.Sprint("TS_", i), false))
		p.Attributes = map[string]string{"a": "b"}
		people.Participants = append(people.Participants, p)
	}
	raw, err = proto.Marshal(&livekit.SignalResponse{Message: &livekit.SignalResponse_Update{Update: people}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ParseFrame(raw); err != nil {
		t.Errorf("a large room: %v", err)
	}
}
