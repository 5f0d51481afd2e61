package roomserver

import (
	"errors"

	"foyer/engine/call"
)

// ErrChild says that the server process ended before it was ready.
var ErrChild = errors.New("server process failed")

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
