package trace_test

import (
	"context"
	"fmt"
	"os"

	"foyer/engine/trace"
)

// Without a trace there is a nil Writer, which takes everything and keeps nothing.
func ExampleCreate() {
	_, err := trace.Create(os.DevNull) // it is there already
	fmt.Println(err != nil)
	var none *trace.Writer
	fmt.Println(none.Close(context.Background()))
	// Output:
	// true
	// <nil>
}
