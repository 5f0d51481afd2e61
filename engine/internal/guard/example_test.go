package guard_test

import (
	"errors"
	"fmt"

	"foyer/engine/internal/guard"
)

// A panic becomes an error, with its stack.
func ExampleCall() {
	_, err := guard.Call(func() (int, error) { panic("driver") })
	var p *guard.PanicError
	fmt.Println(err, errors.As(err, &p) && len(p.Stack) > 0)
	// Output:
	// panic: driver true
}
