package ending_test

import (
	"fmt"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
	"foyer/engine/client/ending"
)

// The door tells a participant who removes them and why; LiveKit's LeaveRequest then
// says no more than that they are removed.
func ExampleMachine() {
	leave := &livekit.LeaveRequest{Reason: livekit.DisconnectReason_PARTICIPANT_REMOVED}

	told := ending.Machine{HasDoor: true}
	told.Tell(call.Removal{Reason: call.ReasonRemoved, By: "Ada", Text: "Until tomorrow"})
	d := told.ServerLeave(leave)
	fmt.Println(d.Action, d.Ending.Reason, d.Ending.By, d.Ending.Text)

	missed := ending.Machine{HasDoor: true}
	fmt.Println(missed.ServerLeave(leave).Action)
	d = missed.DoorAnswered(&call.BannedError{By: "Ada"})
	fmt.Println(d.Action, d.Ending.Reason, d.Ending.By)
	// Output:
	// end removed Ada Until tomorrow
	// ask the door
	// end banned Ada
}
