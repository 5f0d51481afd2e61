package words_test

import (
	"fmt"
	"time"

	"foyer/engine/call"
	"foyer/ui/words"
)

// An error becomes a sentence and the next step, in any language.
func ExampleBook_Error() {
	for _, code := range []string{"en", "de"} {
		book, err := words.Open(code)
		if err != nil {
			fmt.Println(err)
			return
		}
		e := book.Error(call.ErrRoomFull, "", call.SourceUnknown, time.Time{})
		fmt.Println(e.Text)
	}
	// Output:
	// The room is full.
	// Der Raum ist voll.
}
