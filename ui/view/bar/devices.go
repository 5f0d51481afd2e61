package bar

import (
	"foyer/engine/call"
	"foyer/ui/kit"
	"foyer/ui/model"
	"foyer/ui/view/settings"
	"foyer/ui/words"
)

// DeviceActions is what the menu of devices does.
type DeviceActions interface {
	Pick(source call.Source, device string)
	OpenSettings(p model.Page)
}

// DeviceItems are the lines of the menu of devices of a source: the chosen one has a
// tick, the last line leads to where they can be tested. The menu of the microphone has
// the speakers as well: people look there if they cannot be heard, or do not hear.
func DeviceItems(
	book *words.Book, s *model.State, f settings.Form, source call.Source, act DeviceActions,
) []kit.MenuItem {
	sources := []call.Source{source}
	if source == call.SourceMicrophone {
		sources = append(sources, call.SourceSpeaker)
	}
	var items []kit.MenuItem
	for _, of := range sources {
		chosen := f.Chosen(of)
		items = append(items, kit.MenuItem{Control: kit.Pad(kit.NewCaption(book.Source(of)), 8, 12, 4, 12)})
		for _, o := range settings.Options(book, of, s.Devices, chosen, f.Names[of]) {
			if o.ID == call.DeviceNone && chosen != call.DeviceNone && of != call.SourceSpeaker {
				continue // the button beside the menu turns it off
			}
			items = append(items, kit.MenuItem{Text: o.Text, ID: o.ID, Chosen: o.ID == chosen, OnTapped: func() {
				if o.ID != chosen {
					act.Pick(of, o.ID)
				}
			}})
		}
	}
	return append(items, kit.MenuItem{
		Text: book.T("bar.devices_test"), Icon: "settings", OnTapped: func() { act.OpenSettings(model.PageDevices) },
	})
}
