package words

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"foyer/engine/call"
	"foyer/engine/doorapi"
)

// pageTexts are how the keys begin of what the page for guests in a browser says.
var pageTexts = []string{
	"action.", "admin.tools", "app.", "bar.", "chat.", "date", "device.", "error.", "failed.", "farewell.", "gone.",
	"left.", "lobby.", "page.", "panel.", "people.", "role.", "room.", "until.",
}

// highestDisconnect is LiveKit's highest DisconnectReason so far, and some to come.
const highestDisconnect = 32

// pageBook is what the page reads: the sentences, and which of them belongs to what. So
// the page says the same of a reason or a refusal as the window.
type pageBook struct {
	Code  string            `json:"code"`
	Texts map[string]string `json:"texts"`
	// Left has the sentence and the actions of each reason, by its word.
	Left map[string]pageWay `json:"left"`
	// Disconnect has the words of LiveKit's DisconnectReasons, by their numbers.
	Disconnect []string `json:"disconnect"`
	// Refusals has the keys of the door's codes, and Removals those of the reasons
	// that come with a put_out or a notice, which has no others.
	Refusals map[doorapi.Code]string `json:"refusals"`
	Removals map[string]string       `json:"removals"`
	// Hopeless are the codes after which the same link does not help.
	Hopeless []doorapi.Code `json:"hopeless"`
}

type pageWay struct {
	Key  string   `json:"key"`
	Next []string `json:"next"`
}

// Page is the book as the page for guests in a browser reads it, in JSON.
func (b *Book) Page() []byte {
	p := pageBook{
		Code: b.tag.String(), Texts: map[string]string{}, Left: map[string]pageWay{}, Refusals: map[doorapi.Code]string{},
		Removals: map[string]string{},
	}
	for key, text := range b.texts {
		if slices.ContainsFunc(pageTexts, func(start string) bool { return strings.HasPrefix(key, start) }) {
			p.Texts[key] = text
		}
	}
	for _, r := range call.Reasons() {
		p.Left[r.String()] = pageWayOf(r)
		if call.RemovalReason(r.String()) == r {
			p.Removals[r.String()] = removedKey(r)
		}
	}
	for n := range int32(highestDisconnect) {
		r := call.ReasonFromDisconnect(n)
		p.Disconnect = append(p.Disconnect, r.String())
		p.Left[r.String()] = pageWayOf(r)
	}
	for _, k := range known {
		code, ok := doorapi.ErrorFrom(k.err)
		if _, has := p.Refusals[code.Code]; ok && !has {
			p.Refusals[code.Code] = k.key
			if hopeless(k.err) {
				p.Hopeless = append(p.Hopeless, code.Code)
			}
		}
	}
	raw, err := json.Marshal(p)
	if err != nil {
		panic(fmt.Sprintf("texts cannot be written: %v", err)) // only strings
	}
	return raw
}

func pageWayOf(r call.LeaveReason) pageWay {
	w, _ := wayOf(r)
	p := pageWay{Key: w.key}
	for _, a := range w.next {
		p.Next = append(p.Next, actionKeys()[a])
	}
	return p
}
