// Package guard keeps a panic inside the goroutine in which it happens. Drivers
// panic, and so do we when strangers send what we have not thought of: a mistake
// costs a device, a track or a stay, not the program.
package guard

import (
	"fmt"
	"runtime/debug"

	"github.com/sirupsen/logrus"
)

// PanicError is a recovered panic.
type PanicError struct {
	Value any
	Stack []byte
}

// Error says what the code panicked with.
func (p *PanicError) Error() string { return fmt.Sprintf("panic: %v", p.Value) }

// Call calls f and turns its panic into a *PanicError.
func Call[T any](f func() (T, error)) (v T, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &PanicError{Value: p, Stack: debug.Stack()}
		}
	}()
	return f()
}

// Do calls f and turns its panic into a *PanicError.
func Do(f func() error) error {
	_, err := Call(func() (struct{}, error) { return struct{}{}, f() })
	return err
}

// Recover ends a panic and logs it with its stack, once. It must be deferred
// itself; deferred first, it also covers the other deferred calls, which run as
// usual. what names the goroutine.
func Recover(log logrus.FieldLogger, what string) {
	if v := recover(); v != nil {
		log.WithFields(logrus.Fields{"panic": v, "stack": string(debug.Stack())}).Error("bug: " + what + " panicked")
	}
}
