package engine

import (
	"fmt"

	"foyer/engine/call"
	"foyer/engine/call/mic"
)

// SetVoice changes what is done to our microphone, from now on and in the
// stays to come. At first it is the zero value.
type SetVoice struct{ Voice mic.Voice }

// Word is the command's name on the command line.
func (SetVoice) Word() string { return "voice" }
func (SetVoice) command()     {}

func doSetVoice(l *loop, c SetVoice) error {
	if !c.Voice.Valid() {
		return fmt.Errorf("%w: echo %q, noise %q", call.ErrBadArgument, c.Voice.Echo, c.Voice.Noise)
	}
	setVoice(l, c.Voice)
	return nil
}

// setVoice has media change it. Of a part that does not work the user is told.
func setVoice(l *loop, v mic.Voice) {
	b := l.inbox
	l.guard(func() {
		l.cfg.Media.SetVoice(v, func(part mic.Part, err error) {
			b.Put(happened{job{op: noteVoice, source: call.SourceMicrophone, about: string(part)}, func(l *loop) {
				err := fmt.Errorf("%w: %w", mic.ErrPart, err)
				l.emit(call.CommandFailed{Command: string(part), Source: call.SourceMicrophone, Err: err})
			}})
		})
	})
}
