// Package webpage gives the page for guests in a browser what is the program's: the
// sentences of the window in every language, and its icons.
package webpage

import (
	"encoding/json"
	"fmt"

	"foyer/assets"
	"foyer/ui/words"
)

// icons are those that page.css of the page names.
var icons = []string{
	"camera", "camera-off", "chat", "check", "close", "hand", "leave", "mic", "mic-off", "people", "screen", "screen-off",
	"send", "warning",
}

// Files are what the page needs besides its own files, by name.
func Files() map[string][]byte {
	type language struct {
		Code string `json:"code"`
		Name string `json:"name"`
	}
	files := map[string][]byte{"icon.svg": assets.AppIcon()}
	for _, name := range icons {
		files["icons/"+name+".svg"] = assets.Icon(name)
	}
	var all []language
	for _, l := range words.Languages() {
		all = append(all, language{l.Code, l.Name})
		files["words/"+l.Code+".json"] = words.Choose(l.Code, nil).Page()
	}
	list, err := json.Marshal(all)
	if err != nil {
		panic(fmt.Sprintf("languages cannot be written: %v", err)) // only strings
	}
	files["words.json"] = list
	return files
}
