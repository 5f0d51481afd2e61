package reach

import "time"

// Certificate is how far the certificate of a server's public name is, when an authority
// is asked for it.
type Certificate struct {
	Domain  string           `json:"domain"`
	State   CertificateState `json:"state"`
	Until   time.Time        `json:"until,omitzero"`    // the end of the one in use; zero: there is none
	Failure string           `json:"failure,omitempty"` // the authority's words, or the network's
}

// CertificateState is what came of the last try.
type CertificateState string

// States of a certificate.
const (
	Obtained    CertificateState = "obtained"
	Denied      CertificateState = "refused"      // by the authority
	Limited     CertificateState = "rate_limited" // there were too many tries
	Unreachable CertificateState = "unreachable"  // the authority did not answer
)
