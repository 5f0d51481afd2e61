package data

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"foyer/engine/call"
	"foyer/engine/client/data/datatest"
	"foyer/engine/doorapi"
)

// TestChatIsBoundedInMemory: ids are forgotten at some time.
func TestChatIsBoundedInMemory(t *testing.T) {
	o := NewChatOrder()
	for i := range 3 * rememberedIDs {
		o.known.Add(call.MessageKey{ID: fmt.Sprint(i)})
	}
	if o.known.Has(call.MessageKey{ID: fmt.Sprint(2*rememberedIDs - 1)}) ||
		!o.known.Has(call.MessageKey{ID: fmt.Sprint(2 * rememberedIDs)}) ||
		!o.known.Has(call.MessageKey{ID: fmt.Sprint(3*rememberedIDs - 1)}) {
		t.Error("not the newest are known")
	}
}

func TestReceipts(t *testing.T) {
	o := NewChatOrder()
	taken, refused, lost, known := o.Expect("1"), o.Expect("2"), o.Expect("3"), o.Expect("4")
	messages, _ := o.Batch(doorapi.ChatBatch{
		Number: 1, Messages: datatest.Batch(1, "ada:1", "mallory:3").Messages,
		Refused: []doorapi.ChatRefusal{{ID: "2", From: "ada", Code: doorapi.CodeTooFast}, {ID: "no", From: "ada", Code: "?"}, {ID: "3", From: "mallory", Code: doorapi.CodeTooFast}},
		Known:   []doorapi.ChatReceipt{{ID: "4", From: "ada"}, {ID: "3", From: "mallory"}, {ID: "no", From: "ada"}},
	}, "ada", time.Now())
	if err := <-taken; err != nil || len(messages) != 2 {
		t.Errorf("taken: %v, %v", err, messages)
	}
	if err := <-refused; !errors.Is(err, call.ErrChatTooFast) {
		t.Errorf("refused: %v", err)
	}
	if err := <-known; err != nil {
		t.Errorf("known: %v", err)
	}
	if o.Waits("1") || o.Waits("2") || !o.Waits("3") || o.Waits("4") || !o.here {
		t.Error("receipts that have come are missing, or the other way round")
	}
	o.Forget("3")
	if messages, _ := o.Batch(datatest.Batch(2, "ada:3"), "ada", time.Now()); len(messages) != 1 || len(lost) != 0 {
		t.Errorf("what was given up is not told when it comes: %v", messages)
	}
}
