package panel

import (
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"foyer/engine/call"
	"foyer/ui/kit"
	"foyer/ui/kit/slider"
	"foyer/ui/model"
	"foyer/ui/theme"
	"foyer/ui/words"
)

// The volume of a person, in percent of what they send.
const (
	volumeMost = 200
	volumeStep = 5
)

// volume is the line of a person's menu that says how loud they are for us.
type volume struct {
	content *fyne.Container
	book    *words.Book
	slider  *slider.Slider
	text    *kit.Text
	icon    *kit.Icon
}

func newVolume(book *words.Book, act Actions, person *model.Person, percent int) *volume {
	v := &volume{
		book: book, slider: slider.New(book.T("people.volume", "name", person.DisplayName()), volumeMost, 100, volumeStep),
		text: kit.NewCaption("").Colored(theme.Muted), icon: kit.NewIcon("speaker", theme.Foreground, 18),
	}
	id := person.ID
	v.slider.OnChanged = func(percent int) {
		v.say(percent)
		act.SetVolume(id, percent)
	}
	v.content = container.New(v, v.icon, v.slider, v.text)
	v.set(percent)
	return v
}

// set shows how loud they are.
func (v *volume) set(percent int) {
	v.slider.SetValue(percent)
	v.say(percent)
}

func (v *volume) say(percent int) {
	icon := "speaker"
	if percent == 0 {
		icon = "speaker-off"
	}
	v.icon.Set(icon, theme.Foreground)
	v.text.Set(v.book.T("people.percent", "n", strconv.Itoa(percent)))
}

const percentWidth = 44

// MinSize implements fyne.Layout.
func (v *volume) MinSize([]fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(38+v.slider.MinSize().Width+8+percentWidth+8, 40)
}

// Layout implements fyne.Layout.
func (v *volume) Layout(_ []fyne.CanvasObject, size fyne.Size) {
	kit.Place(v.icon, 10, (size.Height-18)/2, 18, 18)
	h := v.slider.MinSize().Height
	kit.Place(v.slider, 34, (size.Height-h)/2, size.Width-34-8-percentWidth-8, h)
	h = v.text.MinSize().Height
	kit.Place(v.text, size.Width-8-percentWidth, (size.Height-h)/2, percentWidth, h)
}

// volumeItems are the lines of a person's menu about how loud they are for us.
func (p *peoplePage) volumeItems(person *model.Person) []kit.MenuItem {
	id, percent := person.ID, p.state.Gestures.Volume(person.ID)
	p.volume = newVolume(p.book, p.act, person, percent)
	item := kit.MenuItem{Text: p.book.T("people.silent_for_me"), Icon: "speaker-off", OnTapped: func() {
		p.act.SetVolume(id, 0)
	}}
	if percent == 0 {
		item = kit.MenuItem{Text: p.book.T("people.loud_for_me"), Icon: "speaker", OnTapped: func() {
			p.act.SetVolume(id, p.state.Gestures.Louder(id))
		}}
	}
	return []kit.MenuItem{{Control: p.volume.content}, item}
}

// follow keeps an open menu true.
func (v *volume) follow(s *model.State, id call.Identity) {
	if v != nil {
		v.set(s.Gestures.Volume(id))
	}
}
