package reach

import "time"

// Report is what a test of the way to a room server has found.
type Report struct {
	Addresses []Address // those of the link, in its order
	Best      int       // which of them answers soonest; -1: none does
	Plain     bool      // it is a LiveKit server, which says nothing of media
	Media     Ports     // as the door says; zero: it does not
	TCP, Door Way       // to these ports, at the best address
	UDP       Way
}

// Address is one of a link.
type Address struct {
	Host      string // HOST:PORT
	Failed    Step
	Err       error         // why, one of package call
	RoundTrip time.Duration // of a question, the shortest; 0: nothing answers
	Spread    time.Duration // and how much longer the longest took
}

// Step is what a test was at when it failed.
type Step string

// Steps, in their order.
const (
	StepNone    Step = ""        // it has not failed
	StepName    Step = "name"    // looking up the name
	StepConnect Step = "connect" // connecting
	StepTLS     Step = "tls"     // agreeing on keys, and knowing the server by them
	StepAnswer  Step = "answer"  // asking
)

// Way is whether a port takes what is sent to it.
type Way int

// Ways.
const (
	WayUnknown Way = iota // nothing has been heard
	WayOpen
	WayClosed
)
