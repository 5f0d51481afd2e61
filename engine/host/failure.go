package host

import (
	"encoding/json"
	"errors"
	"io"

	"foyer/engine/call"
)

// Events of the lines that `foyer serve` writes on stdout.
const (
	eventReady  = "ready"
	eventFailed = "failed"
)

// failedLine says why a server does not start.
type failedLine struct {
	Event string `json:"event"`
	Error string `json:"error"` // of FailureCode
}

// failure ties the word of a server's error to it.
type failure struct {
	code string
	err  error
}

// failures has what keeps a server from starting. The words are part of the
// protocol between the window and the server process.
func failures() []failure {
	return []failure{
		{"server_config", call.ErrServerConfig},
		{"port_in_use", call.ErrPortInUse},
		{"address", call.ErrAddress},
		{"data_full", call.ErrDataFull},
		{"data_corrupt", call.ErrDataCorrupt},
		{"data_newer", call.ErrDataNewer},
		{"data_in_use", call.ErrDataInUse},
		{"database", call.ErrDatabase},
		{"data_folder", call.ErrDataFolder},
		{"certificate", call.ErrCertificate},
		{"server_key", call.ErrServerKey},
	}
}

// FailureCode is the word for an error of New or Run, empty for one that has
// none.
func FailureCode(err error) string {
	for _, f := range failures() {
		if errors.Is(err, f.err) {
			return f.code
		}
	}
	return ""
}

// FailureFromCode is the error that a word of FailureCode means, nil for other
// words.
func FailureFromCode(code string) error {
	for _, f := range failures() {
		if f.code == code {
			return f.err
		}
	}
	return nil
}

// WriteFailure writes, instead of the ready line, the line by which a Child
// learns why its server does not start:
//
//	{"event":"failed","error":"port_in_use"}
func WriteFailure(w io.Writer, err error) error {
	return json.NewEncoder(w).Encode(failedLine{eventFailed, FailureCode(err)})
}
