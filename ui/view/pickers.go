package view

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"foyer/engine/call"
	"foyer/ui/kit"
	"foyer/ui/model"
	"foyer/ui/words"
)

// pickers choose camera, microphone and speaker.
type pickers struct {
	content *fyne.Container
	book    *words.Book
	picker  map[call.Source]*kit.Picker
}

var pickable = [...]struct {
	source call.Source
	icon   string
}{{call.SourceCamera, "camera"}, {call.SourceMicrophone, "mic"}, {call.SourceSpeaker, "speaker"}}

func newPickers(book *words.Book, act Actions, tips *kit.Tips) *pickers {
	p := &pickers{book: book, picker: map[call.Source]*kit.Picker{}}
	var all []fyne.CanvasObject
	for _, d := range pickable {
		picker := kit.NewPicker(d.icon, tips, func(id string) { act.Pick(d.source, id) })
		p.picker[d.source] = picker
		all = append(all, picker)
	}
	p.content = container.New(&pickerLayout{}, all...)
	return p
}

func (p *pickers) update(s *model.State, f Form) {
	chosen := map[call.Source]string{
		call.SourceCamera: f.Camera, call.SourceMicrophone: f.Microphone, call.SourceSpeaker: f.Speaker,
	}
	for _, d := range pickable {
		p.picker[d.source].Set(options(p.book, d.source, s.Devices, chosen[d.source]), chosen[d.source])
	}
}

// options are the default device, every device, and none. A choice that is not
// there now stays in the list, so that it is not forgotten by being unplugged.
func options(book *words.Book, source call.Source, devices []call.Device, chosen string) []kit.Option {
	first := kit.Option{Text: book.T("device.default")}
	var all []kit.Option
	known := chosen == "" || chosen == call.DeviceNone
	for _, d := range devices {
		if d.Source != source {
			continue
		}
		if d.Default {
			first.Text = book.T("device.default_named", "name", d.Name)
		}
		all = append(all, kit.Option{ID: d.ID, Text: d.Name})
		known = known || d.ID == chosen
	}
	if !known {
		text := chosen
		if key := "device.test." + source.String(); chosen == call.DeviceTest && book.Has(key) {
			text = book.T(key)
		}
		all = append(all, kit.Option{ID: chosen, Text: text})
	}
	all = append([]kit.Option{first}, all...)
	return append(all, kit.Option{ID: call.DeviceNone, Text: book.T("device.none." + source.String())})
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
