package roomserver

import (
	"encoding/json"
	"io"
)

// Events of the line that `foyer serve` writes on stdout.
const (
	eventReady  = "ready"
	eventFailed = "failed"
)

// Ready says that people may join, and how to reach the server.
type Ready struct {
	URL            string `json:"url"`
	AdminKeyFile   string `json:"admin_key_file"`
	LiveKitKeyFile string `json:"livekit_key_file"`
}

// readyLine is the line of a server that has started (contract section 7).
type readyLine struct {
	Event string `json:"event"`
	Ready
}

// failedLine says why a server does not start.
type failedLine struct {
	Event string `json:"event"`
	Error string `json:"error"` // of FailureCode
}

// firstWords is what a [Child] reads of either line.
type firstWords struct {
	Event string `json:"event"`
	Ready
	Error string `json:"error"`
}

// WriteReady writes the line that says that people may join:
//
//	{"event":"ready","url":"https://...","admin_key_file":"...","livekit_key_file":"..."}
func WriteReady(w io.Writer, r Ready) error {
	return json.NewEncoder(w).Encode(readyLine{eventReady, r})
}

// WriteFailure writes, instead of that line, the one by which a [Child] learns why
// its server does not start:
//
//	{"event":"failed","error":"port_in_use"}
func WriteFailure(w io.Writer, err error) error {
	return json.NewEncoder(w).Encode(failedLine{eventFailed, FailureCode(err)})
}
