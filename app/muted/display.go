package muted

import (
	"errors"
	"fmt"
	"time"

	"github.com/go-gl/glfw/v3.3/glfw"

	"foyer/engine/call"
)

// displayTimeout is how long a window may take to come up. A display that does not
// answer would be waited for without an end, in C.
const displayTimeout = 30 * time.Second

// Draw opens a window. An error that is call.ErrNoDisplay says that there is no
// display, or that nothing can be drawn on it; stuck is called, in a goroutine
// and with such an error, when it takes longer than displayTimeout.
//
// Fyne logs what it cannot do and goes on, GLFW panics where it was not set up,
// and the C libraries below them write to the terminal. What they say becomes the
// error's text; where the window opens, it is said afterwards.
func Draw(open func() error, stuck func(error)) (err error) {
	quiet := Begin()
	late := time.AfterFunc(displayTimeout, func() {
		stuck(noDisplay(quiet.End(), fmt.Errorf("no answer within %v", displayTimeout)))
	})
	defer func() {
		late.Stop()
		if cause, ok := glfwPanic(recover()); ok {
			err = cause
		}
		said := quiet.End()
		switch {
		case err != nil:
			err = noDisplay(said, err)
		default:
			quiet.Say(said)
		}
	}()
	return open()
}

// glfwPanic returns what GLFW panics with; any other panic goes on.
func glfwPanic(recovered any) (error, bool) {
	if recovered == nil {
		return nil, false
	}
	if err, ok := recovered.(error); ok {
		if cause, ok := errors.AsType[*glfw.Error](err); ok {
			return cause, true
		}
	}
	panic(recovered)
}

// noDisplay has the cause as the libraries say it, or else err.
func noDisplay(said string, err error) error {
	if cause := Cause(said); cause != "" {
		return fmt.Errorf("%w: %s", call.ErrNoDisplay, cause)
	}
	if errors.Is(err, call.ErrNoDisplay) {
		return err
	}
	return fmt.Errorf("%w: %w", call.ErrNoDisplay, err)
}
