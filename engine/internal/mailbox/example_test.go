package mailbox_test

import (
	"fmt"

	"foyer/engine/internal/mailbox"
)

// Senders never wait; the reader takes all that has come.
func ExampleMailbox() {
	m := mailbox.New[string]()
	fmt.Println(m.Put("a"), m.Put("b"))
	<-m.Ready()
	fmt.Println(m.Take())
	fmt.Println(m.Put("c"), m.Close(), m.Put("d"))
	// Output:
	// true true
	// [a b]
	// true [c] false
}
