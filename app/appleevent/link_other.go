//go:build !darwin || !cgo

package appleevent

import "context"

// Listen does nothing: links come as arguments here.
func Listen() {}

// Take hands over what nobody sends.
func Take(open func(ctx context.Context, link string)) (stop func()) { return newInbox().take(open) }
