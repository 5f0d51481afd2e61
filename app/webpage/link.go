package webpage

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"

	"foyer/engine/call"
	"foyer/engine/call/reach"
	"foyer/ui/words"
)

// Form is how `foyer invite` prints a link.
type Form struct{ web, json *bool }

// NewForm reads it from flags.
func NewForm(flags *flag.FlagSet) Form {
	return Form{
		flags.Bool("web", false, "print the link for a browser, which opens the page of the door"),
		flags.Bool("json", false, "print both links as JSON"),
	}
}

// Print prints a link, and on warnings what a guest with a browser finds first. It
// returns the form of the link that was chosen.
func (f Form) Print(out, warnings io.Writer, link call.Link) string {
	text := link.String()
	if *f.web {
		text = link.Web()
	}
	if *f.web && link.Pinned() {
		fmt.Fprintln(warnings, "foyer invite: "+words.English().T("invite.browser.warns"))
	}
	if !*f.json {
		fmt.Fprintln(out, text)
		return text
	}
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false) // links are to be copied
	leads, _ := reach.Of(link.Hosts)
	page := reach.ForBrowsers(link.Hosts)
	serves, _ := reach.Of(page[:min(len(page), 1)])
	_ = encoder.Encode(struct {
		Link string `json:"link"`
		Web  string `json:"web"`
		// Warns says that browsers do not know the door's certificate.
		Warns bool `json:"browser_warns"`
		// Reach is how far the addresses of the link lead, and Serves the one of the
		// link for a browser.
		Reach  reach.Kind `json:"reach"`
		Serves reach.Kind `json:"browser_reach"`
	}{link.String(), link.Web(), link.Pinned(), leads, serves}) // if it fails, nobody reads it
	return text
}
