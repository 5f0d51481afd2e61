package opening

import (
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"foyer/engine/call"
	"foyer/ui/kit"
	"foyer/ui/uitest"
	"foyer/ui/words"
)

func TestShowFailureSaysTheSentenceAndTheNextStep(t *testing.T) {
	a := test.NewTempApp(t)
	for _, l := range words.Languages() {
		book := words.Choose(l.Code, nil)
		s := book.Error(call.ErrProfileKey, "", call.SourceUnknown, time.Now())
		w, err := ShowFailure(a, book, s)
		if err != nil {
			t.Fatal(err)
		}
		said := map[string]bool{}
		uitest.Walk(w.Content(), func(o fyne.CanvasObject) {
			switch v := o.(type) {
			case *kit.Text:
				said[v.Text()] = v.Size().Height >= v.HeightFor(v.Size().Width)-1
			case *kit.Button:
				said[v.Name()] = true
			}
		})
		for _, want := range []string{s.Text, s.Next, book.T("failure.close")} {
			if !said[want] {
				t.Errorf("%s: the window does not say %q whole", l.Code, want)
			}
		}
		w.Close()
	}
}
