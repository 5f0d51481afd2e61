package latest_test

import (
	"fmt"

	"foyer/engine/internal/latest"
)

// The reader gets the newest value alone.
func ExampleBox() {
	b := latest.New[int]()
	for _, n := range []int{1, 2, 3} {
		*b.Writing() = n
		b.Publish()
	}
	<-b.Ready()
	v, fresh := b.Take()
	fmt.Println(*v, fresh)
	v, fresh = b.Take()
	fmt.Println(*v, fresh)
	// Output:
	// 3 true
	// 3 false
}
