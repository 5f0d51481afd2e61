package app

import (
	"bufio"
	"errors"
	"io"
	"os"
	"strings"

	"foyer/app/argv"
	"foyer/engine/call"
	"foyer/ui/words"
)

const (
	linkVariable = "FOYER_LINK"
	linkOnStdin  = "-"
	// maxLinkLine is beyond the longest link that can be read (4 KiB), in bytes.
	maxLinkLine = 8 << 10
)

const linkNote = `
Anyone who has a link can join. Other users of this computer can see command lines
(ps): Foyer erases the link from its own as soon as it has read it, which may be too
late. With - for LINK, Foyer reads the link from the first line of standard input;
without LINK, from $` + linkVariable + `, where only you can see it.
`

// takeLink returns the link: the argument, for "-" the first line of stdin, or
// without an argument what FOYER_LINK says; none of them is an empty one.
// Programs that are started from here do not inherit the variable.
func (c *command) takeLink(positional []string) (string, error) {
	link := os.Getenv(linkVariable)
	_ = os.Unsetenv(linkVariable) // fails for names that cannot be one
	if len(positional) > 0 {
		link = argv.Hide(positional[0])
	}
	if link != linkOnStdin {
		return link, nil
	}
	in := bufio.NewReaderSize(c.std.in, maxLinkLine)
	c.std.in = in // what follows is for somebody else
	line, err := in.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return "", call.ErrLinkUnreadable
	case err != nil && !errors.Is(err, io.EOF):
		return "", err
	}
	if link = strings.TrimSpace(string(line)); link == "" {
		return "", words.ErrNoLink
	}
	return link, nil
}
