// Package assets holds the files that Foyer carries inside its binary: icons
// and translations. Everything is read-only and may be read by any goroutine.
package assets

import (
	"embed"
	"fmt"
	"strings"
)

//go:embed icons/*.svg icon.svg icon.png window.png translations/*.json licences.json.gz
var files embed.FS

// Icon returns the SVG source of an icon of our own set, such as "mic" or
// "camera-off". It panics for a name that does not exist: names are constants.
func Icon(name string) []byte { return must("icons/" + name + ".svg") }

// AppIcon returns the program's icon: an open door, SVG.
func AppIcon() []byte { return must("icon.svg") }

// WindowIcon returns the program's icon for the window manager: a PNG of
// 128x128 pixels. Sending a larger one to the X server would hold up the first
// frame.
func WindowIcon() []byte { return must("window.png") }

// LargeIcon returns the program's icon for menus: a PNG of 512x512 pixels.
func LargeIcon() []byte { return must("icon.png") }

// Translation returns the catalogue of a language, such as "en": a JSON object
// of keys and sentences.
func Translation(language string) ([]byte, error) {
	b, err := files.ReadFile("translations/" + language + ".json")
	if err != nil {
		return nil, fmt.Errorf("no translation %q: %w", language, err)
	}
	return b, nil
}

// Languages lists the codes of the languages that have a catalogue, in order.
func Languages() []string { return names("translations", ".json") }

// IconNames lists the icons of our own set.
func IconNames() []string { return names("icons", ".svg") }

// names are those of the files of a folder, without what they all end with.
func names(folder, suffix string) []string {
	entries, err := files.ReadDir(folder)
	if err != nil {
		panic(err)
	}
	all := make([]string, 0, len(entries))
	for _, e := range entries {
		all = append(all, strings.TrimSuffix(e.Name(), suffix))
	}
	return all
}

func must(name string) []byte {
	b, err := files.ReadFile(name)
	if err != nil {
		panic(err)
	}
	return b
}
