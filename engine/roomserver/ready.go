package roomserver

import (
	"encoding/json"
	"io"

	"foyer/engine/call"
	"foyer/engine/call/reach"
)

// Events of the line that `foyer serve` writes on stdout.
const (
	eventReady  = "ready"
	eventFailed = "failed"
	eventCame   = "came_in"
	eventReach  = "reach"
	eventCert   = "certificate"
)

// Ready says that people may join, and how to reach the server.
type Ready struct {
	URL            string `json:"url"`
	AdminKeyFile   string `json:"admin_key_file"`
	LiveKitKeyFile string `json:"livekit_key_file"`
	// Hosts are the addresses in invite links, and Reach is who can come in by them, as
	// far as the addresses tell: this_computer, network or internet.
	Hosts []string   `json:"hosts,omitempty"`
	Reach reach.Kind `json:"reach,omitempty"`
	// Router is what the router of this network says, if it was asked.
	Router reach.Router `json:"router,omitzero"`
	Who    string       `json:"who,omitempty"` // all of it as a sentence
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
//	{"event":"ready","url":"https://...","admin_key_file":"...","livekit_key_file":"...",
//	 "hosts":["192.168.1.10:7843"],"reach":"network","who":"Everyone on your network can join. ..."}
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

// reachLine says how the server is reached, after the ready line.
type reachLine struct {
	Event  string       `json:"event"`
	Hosts  []string     `json:"hosts,omitempty"`
	Reach  reach.Kind   `json:"reach,omitempty"`
	Router reach.Router `json:"router,omitzero"`
	Who    string       `json:"who,omitempty"`
}

// WriteReach writes, some time after the ready line, what has changed of it: new links
// carry these addresses.
//
//	{"event":"reach","hosts":["203.0.113.5:7843","192.168.1.10:7843"],"reach":"internet",
//	 "router":{"state":"opened","outside":"203.0.113.5:7843","by":"pcp"},"who":"..."}
func WriteReach(w io.Writer, r Ready) error {
	return json.NewEncoder(w).Encode(reachLine{eventReach, r.Hosts, r.Reach, r.Router, r.Who})
}

// cameLine says that somebody came in from outside.
type cameLine struct {
	Event string        `json:"event"`
	From  string        `json:"from"`
	ID    call.Identity `json:"id"`
	Name  string        `json:"name"`
	Who   string        `json:"who"` // as a sentence
}

// WriteCame writes, some time after the ready line and once at most, that the server
// is proven to be reached over the internet:
//
//	{"event":"came_in","from":"outside","id":"grace","name":"Grace","who":"Grace came in from outside."}
func WriteCame(w io.Writer, id call.Identity, name, who string) error {
	return json.NewEncoder(w).Encode(cameLine{eventCame, "outside", id, name, who})
}

// certificateLine says what becomes of the certificate that is obtained.
type certificateLine struct {
	Event string `json:"event"`
	reach.Certificate
	Who string `json:"who"` // as a sentence
}

// WriteCertificate writes, some time after the ready line, that a certificate was obtained,
// or that the first of several tries has failed:
//
//	{"event":"certificate","domain":"meet.example.org","state":"unreachable","failure":"...","who":"..."}
func WriteCertificate(w io.Writer, c reach.Certificate, who string) error {
	return json.NewEncoder(w).Encode(certificateLine{eventCert, c, who})
}
