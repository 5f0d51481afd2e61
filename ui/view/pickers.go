package view

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"foyer/engine/call"
	"foyer/ui/kit"
	"foyer/ui/model"
	"foyer/ui/view/settings"
	"foyer/ui/words"
)

// pickers choose camera, microphone and speaker.
type pickers struct {
	content *fyne.Container
	book    *words.Book
	picker  map[call.Source]*kit.Picker
}

func newPickers(book *words.Book, act Actions, tips *kit.Tips) *pickers {
	p := &pickers{book: book, picker: map[call.Source]*kit.Picker{}}
	var all []fyne.CanvasObject
	for _, d := range settings.Pickable() {
		picker := kit.NewPicker(d.Icon, tips, func(id string) { act.Pick(d.Source, id) })
		picker.Label = book.Source(d.Source)
		p.picker[d.Source] = picker
		all = append(all, picker)
	}
	p.content = container.New(&pickerLayout{}, all...)
	return p
}

func (p *pickers) update(s *model.State, f Form) {
	chosen := map[call.Source]string{
		call.SourceCamera: f.Camera, call.SourceMicrophone: f.Microphone, call.SourceSpeaker: f.Speaker,
	}
	for _, d := range settings.Pickable() {
		p.picker[d.Source].Set(
			settings.Options(p.book, d.Source, s.Devices, chosen[d.Source], f.Names[d.Source]), chosen[d.Source],
		)
	}
}

// pickerLayout puts the pickers side by side, or below each other where they
// would become too narrow to read.
type pickerLayout struct{}

const (
	pickerGap    = 8
	pickerHeight = 40
)

// stacked reports whether a device's name would be cut side by side.
func stacked(objects []fyne.CanvasObject, width float32) bool {
	n := float32(len(objects))
	for _, o := range objects {
		if o.(*kit.Picker).FullWidth() > (width-pickerGap*(n-1))/n {
			return true
		}
	}
	return false
}

func (*pickerLayout) HeightFor(objects []fyne.CanvasObject, width float32) float32 {
	if stacked(objects, width) {
		return float32(len(objects))*(pickerHeight+pickerGap) - pickerGap
	}
	return pickerHeight
}

func (*pickerLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(160, pickerHeight) }

func (*pickerLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	n := float32(len(objects))
	for i, o := range objects {
		w, at := (size.Width-pickerGap*(n-1))/n, fyne.NewPos(0, 0)
		at.X = float32(i) * (w + pickerGap)
		if stacked(objects, size.Width) {
			w, at = size.Width, fyne.NewPos(0, float32(i)*(pickerHeight+pickerGap))
		}
		o.Move(at)
		o.Resize(fyne.NewSize(w, pickerHeight))
	}
}
