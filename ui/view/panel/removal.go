package panel

import (
	"time"

	"fyne.io/fyne/v2"

	"foyer/engine/call"
	"foyer/ui/kit"
	"foyer/ui/theme"
	"foyer/ui/words"
)

// banTimes are what the choices of a ban mean; 0 is until it is lifted.
var banTimes = [...]time.Duration{10 * time.Minute, time.Hour, 0}

// Removal is what is asked before somebody is removed or banned: a text for them,
// whether the room is told, and for how long.
type Removal struct {
	Reason *kit.Field
	Tell   *kit.Check
	Times  *kit.Segments // nil for a removal

	book *words.Book
	key  string
	name string
}

// NewRemoval returns the question about the person of that name. cancel is what
// Escape does in it.
func NewRemoval(book *words.Book, name string, ban bool, cancel func()) *Removal {
	r := &Removal{book: book, key: "people.remove", name: name}
	if ban {
		r.key = "people.ban"
		var times []string
		for _, d := range banTimes {
			times = append(times, book.BanTime(d))
		}
		r.Times = kit.NewSegments(true, cancel, times...)
	}
	r.Reason = kit.NewField(book.T("people.reason", "name", name), book.T("people.reason_hint"), nil)
	r.Reason.Entry.OnEscape = cancel
	// Enter removes nobody from here: a user who held it to open the question has not
	// read it.
	r.Reason.Entry.OnReturn = func() {
		if c := fyne.CurrentApp().Driver().CanvasForObject(r.Reason.Entry); c != nil {
			c.FocusNext()
		}
	}
	r.Tell = kit.NewCheck(book.T("people.tell"), false)
	r.Tell.OnEscape = cancel
	return r
}

// NewRemovals returns the question about several people; people counts them.
func NewRemovals(book *words.Book, people string, cancel func()) *Removal {
	r := NewRemoval(book, people, false, cancel)
	r.key = "people.remove_many"
	return r
}

// Question is the dialog.
func (r *Removal) Question() kit.Question {
	body := kit.Column(14)
	if r.Times != nil {
		body.Add(r.Times.Container)
	}
	body.Add(r.Reason)
	body.Add(r.Tell)
	return kit.Question{
		Title: r.book.T(r.key+".title", "name", r.name), Text: r.book.T(r.key+".text", "name", r.name), Body: body,
		Yes: r.book.T(r.key + ".yes"), No: r.book.T("people.cancel"), Danger: true, Focus: r.Reason.Entry,
	}
}

// Check says beside the text what is wrong with it, and reports whether nothing
// is.
func (r *Removal) Check() bool {
	err := call.CheckText(r.Reason.Text())
	r.Reason.SetProblem(words.Problem(r.book, err, time.Time{}), theme.Error)
	return err == nil
}

// For is how long the ban is to hold; 0 is until it is lifted.
func (r *Removal) For() time.Duration { return banTimes[r.Times.Chosen()] }
