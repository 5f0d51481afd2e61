package words

import (
	"strings"
	"time"

	"foyer/engine/call"
)

// Error describes an error in English, for the program without a window.
func Error(err error) Sentence {
	return English().Error(err, "", call.SourceUnknown, time.Now())
}

// Usage returns, in English, that a command line is wrong and how to get help.
// command is what to type before --help, such as "foyer serve".
func Usage(command string) Sentence { return English().pair("usage", "command", command) }

// LinksRegistered says that a program opens links from now on, or does so no longer.
func (b *Book) LinksRegistered(registered bool, program string) string {
	if registered {
		return b.T("links.registered", "program", program)
	}
	return b.T("links.unregistered")
}

// Command describes in English why a command failed.
func Command(e call.CommandFailed) Sentence {
	return English().Error(e.Err, e.Command, e.Source, time.Now())
}

// Left describes in English why a stay ended.
func Left(l call.Left) Farewell { return English().Left(l, time.Now()) }

// String joins what a farewell says into one line, its actions left out.
func (f Farewell) String() string {
	parts := []string{strings.TrimSuffix(f.Title, ".") + "."}
	for _, s := range []string{f.Quote, f.Detail} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, " ")
}
