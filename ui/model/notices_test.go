package model

import (
	"fmt"
	"testing"
	"time"

	"foyer/engine/call"
	"foyer/engine/eventqueue"
)

// People who come together are one card; who comes later has their own.
func TestArrivalsAreOneNotice(t *testing.T) {
	s := joined()
	come := func(at time.Duration, id string) {
		s.Apply(eventqueue.Stamped{At: epoch.Add(at), Event: call.ParticipantJoined{Participant: person(id, "PA_"+id)}})
	}
	for i := range 10 {
		come(time.Duration(i)*time.Second, fmt.Sprint("p", i))
	}
	if len(s.Notices) != 1 || s.Notices[0].Name != "P0" || s.Notices[0].More != 9 || !s.Notices[0].At.Equal(epoch.Add(9*time.Second)) {
		t.Errorf("%+v", s.Notices)
	}
	id := s.Notices[0].ID
	come(9*time.Second+arrivals, "late")
	if len(s.Notices) != 2 || s.Notices[1].Name != "LATE" || s.Notices[0].ID != id {
		t.Errorf("%+v", s.Notices)
	}
	s.Notify(Notice{At: epoch.Add(13 * time.Second), Kind: NoticeGone, Name: "P0"})
	come(13*time.Second, "later")
	if n := s.Notices[len(s.Notices)-1]; n.Name != "LATER" || n.More != 0 {
		t.Errorf("the order is lost: %+v", s.Notices)
	}
	if lines := len(s.Chat.Lines); lines != 12 {
		t.Errorf("the chat has %d lines", lines)
	}
}

// A microphone that is gone is one card, however often its button is pressed, and
// the card goes when there is a microphone again.
func TestOneDeviceIsOneNotice(t *testing.T) {
	s := joined()
	gone := call.DeviceLost{Device: call.Device{Source: call.SourceMicrophone, Name: "TestMic"}}
	failed := func(command string, src call.Source, err error) call.CommandFailed {
		return call.CommandFailed{Command: command, Source: src, Err: err}
	}
	apply(s, gone, failed("select_device", call.SourceMicrophone, call.ErrDeviceMissing))
	for range 5 {
		apply(s, failed("unmute", call.SourceMicrophone, call.ErrDeviceMissing))
	}
	if len(s.Notices) != 1 || s.Notices[0].Kind != NoticeDeviceLost || !s.Notices[0].Sticky() {
		t.Errorf("%+v", s.Notices)
	}
	apply(s, failed("publish", call.SourceCamera, call.ErrDeviceBusy), failed("publish", call.SourceCamera, call.ErrDeviceBusy))
	if len(s.Notices) != 2 {
		t.Errorf("%+v", s.Notices)
	}
	apply(s, call.DeviceOpened{Device: call.Device{Source: call.SourceCamera}}, call.DeviceOpened{Device: call.Device{Source: call.SourceMicrophone}})
	if len(s.Notices) != 1 || s.Notices[0].Kind != NoticeDeviceLost || s.Notices[0].Sticky() {
		t.Errorf("with devices again: %+v", s.Notices)
	}
	apply(s, failed("mute", call.SourceUnknown, call.ErrNotStored), failed("mute", call.SourceUnknown, call.ErrNotStored),
		failed("remove", call.SourceUnknown, call.ErrNotStored))
	if len(s.Notices) != 3 {
		t.Errorf("what is about no device: %+v", s.Notices)
	}
}
