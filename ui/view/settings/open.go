package settings

import (
	"strings"

	"foyer/engine/call"
	"foyer/ui/model"
	"foyer/ui/words"
)

// Open returns the keys of what is said of our camera and our microphone where no button
// says it; empty for one that is not open. What is on may not have been opened yet, and
// what is muted may still be open.
func Open(s *model.State) (camera, microphone string) {
	open := func(source call.Source) bool {
		_, open := s.Setup.InUse[source]
		return open || s.Local[source].On()
	}
	if open(call.SourceCamera) {
		camera = "room.camera_on"
	}
	switch {
	case s.Local[call.SourceMicrophone].On():
		microphone = "room.microphone_on"
	case open(call.SourceMicrophone):
		microphone = "room.microphone_muted"
	}
	return camera, microphone
}

// sayOpen says it: the pages may cover the bar of a room.
func sayOpen(book *words.Book, s *model.State) string {
	if !s.InRoom() {
		return ""
	}
	var said []string
	camera, microphone := Open(s)
	for _, key := range []string{camera, microphone} {
		if key != "" {
			said = append(said, book.T(key))
		}
	}
	return strings.Join(said, " · ")
}
