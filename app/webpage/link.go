package webpage

import (
	"encoding/json"
	"fmt"
	"io"

	"foyer/engine/call"
)

// PrintLink prints an invite link, web for a browser, asJSON in both forms. It returns
// the one that web chooses.
func PrintLink(out io.Writer, link call.Link, web, asJSON bool) string {
	text := link.String()
	if web {
		text = link.Web()
	}
	if !asJSON {
		fmt.Fprintln(out, text)
		return text
	}
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false) // links are to be copied
	_ = encoder.Encode(struct {
		Link string `json:"link"`
		Web  string `json:"web"`
		// Warns says that browsers do not know the door's certificate.
		Warns bool `json:"browser_warns"`
	}{link.String(), link.Web(), link.Pinned()}) // whoever reads it is gone if it fails
	return text
}
