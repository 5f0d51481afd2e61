// Package dropped finds an invite link in what was dropped on the window. Any
// goroutine may use it: files are read.
package dropped

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"foyer/engine/call"
	"foyer/ui/words"
)

// Link returns the first link among what was dropped. The error is the first
// link's that cannot be used, else [words.ErrDropped].
func Link(names []string) (string, error) {
	var broken error
	for _, name := range names {
		text, isLink := direct(name)
		if !isLink {
			var err error
			if text, err = read(name); err != nil {
				continue
			}
		}
		link, err := call.ParseLink(text)
		switch {
		case err == nil && link.IsLiveKit():
			return strings.TrimSpace(text), nil
		case err == nil:
			return link.String(), nil
		case broken == nil && (isLink || !errors.Is(err, call.ErrLinkUnreadable)):
			broken = err
		}
	}
	if broken == nil {
		broken = words.ErrDropped
	}
	return "", broken
}

// direct returns a link that was dropped itself, which Fyne takes for the
// name of a file in the current folder, with one slash of two.
func direct(name string) (link string, ok bool) {
	for _, scheme := range []string{"foyer:/", "wss:/", "ws:/"} {
		if _, rest, found := strings.Cut(name, "/"+scheme); found {
			return scheme + "/" + strings.TrimPrefix(rest, "/"), true
		}
	}
	return "", false
}

// read reads the beginning of a file, if it is one.
func read(name string) (string, error) {
	info, err := os.Stat(name)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s is no file", info.Mode().Type())
	}
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, call.MaxPasted))
	return string(text), err
}
