package ui

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2/test"

	"foyer/engine/call"
	"foyer/ui/words"
)

func TestShowFailureSaysTheSentenceAndTheNextStep(t *testing.T) {
	a := test.NewTempApp(t)
	s := words.Error(call.ErrProfileKey)
	w, err := ShowFailure(a, words.English(), s)
	if err != nil {
		t.Fatal(err)
	}
	markup := test.RenderObjectToMarkup(w.Content())
	for _, want := range []string{s.Text, strings.Fields(s.Next)[0], words.English().T("failure.close")} {
		if !strings.Contains(markup, want) {
			t.Errorf("the window does not say %q", want)
		}
	}
}
