package reach

// Relay is what a relay does for a server, if it uses one.
type Relay struct {
	State RelayState `json:"state"`
	At    string     `json:"at,omitempty"` // HOST:PORT where guests come to the server
}

// RelayState is how far a relay was asked.
type RelayState string

// States of a relay.
const (
	NoRelay      RelayState = ""
	Dialling     RelayState = "dialling"
	Relayed      RelayState = "relayed"     // guests come by it
	RelayLost    RelayState = "lost"        // it cannot be reached; it is tried again
	RelayRefuses RelayState = "refused"     // the relay knows no such key
	RelayFull    RelayState = "full"        // it has no place
	RelayForeign RelayState = "wrong_relay" // another computer answers in its place
)
