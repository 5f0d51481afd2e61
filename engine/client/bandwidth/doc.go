// Package bandwidth estimates what a line carries, and shares it out.
//
// An [Estimator] compares when packets were sent with when they arrived, as
// draft-ietf-rmcat-gcc-02 does: while they take longer and longer a queue grows, and
// the rate goes down before anything is lost. The sender's side has these times from
// transport-wide feedback, the receiver's side from the packets themselves.
//
// A [Budget] is the one owner of what may be sent. It splits the estimate over the
// layers of all video that is sent, from the bottom. Audio is not in it: it is sent
// first, and what it takes is missing from the estimate.
//
// Nothing here has a clock or a goroutine of its own.
package bandwidth
