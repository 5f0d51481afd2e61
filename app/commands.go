package app

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"foyer/app/voice"
	"foyer/engine"
	"foyer/engine/call"
	"foyer/engine/doorapi"
)

// inputLine is a line of stdin, or why there are no more.
type inputLine struct {
	text    []byte
	tooLong bool
	err     error
}

// readLines hands over the lines of stdin and closes the channel at its end. A
// read that fails is not the end of the input, and is told.
// The goroutine ends with ctx or stdin: a blocked read has no other end.
func (h *headless) readLines(ctx context.Context) <-chan inputLine {
	lines := make(chan inputLine)
	go func() {
		defer close(lines)
		in := bufio.NewReader(h.in)
		for {
			line, end := readLine(in)
			if end && len(line.text) == 0 && !line.tooLong && line.err == nil {
				return
			}
			select {
			case lines <- line:
			case <-ctx.Done():
				return
			}
			if end {
				return
			}
		}
	}()
	return lines
}

// readLine reads one line, and no more of it than maxLine: the rest of a longer
// one is skipped, so that the next line is a line again.
func readLine(in *bufio.Reader) (line inputLine, end bool) {
	for {
		part, err := in.ReadSlice('\n')
		if line.tooLong = line.tooLong || len(line.text)+len(part) > maxLine; line.tooLong {
			line.text = nil
		} else {
			line.text = append(line.text, part...)
		}
		switch {
		case err == nil:
			return line, false
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrClosedPipe), errors.Is(err, os.ErrClosed):
			return line, true
		default:
			return inputLine{err: fmt.Errorf("%w: %w", call.ErrInputLost, err)}, true
		}
	}
}

// wireCommand is a line of stdin.
type wireCommand struct {
	Cmd    string        `json:"cmd"`
	Room   call.RoomID   `json:"room"`
	Link   string        `json:"link"`
	Source string        `json:"source"`
	Device string        `json:"device"`
	Text   string        `json:"text"`
	Kind   string        `json:"kind"`
	ID     call.Identity `json:"id"`
	Name   string        `json:"name"`
	File   string        `json:"file"`
	Width  int           `json:"width"`
	Height int           `json:"height"`

	Up       bool          `json:"up"`
	Reaction call.Reaction `json:"reaction"`
	Percent  int           `json:"percent"`
	voice.Words
	wireModeration
}

func (h *headless) command(ctx context.Context, line inputLine) {
	var w wireCommand
	if line.tooLong {
		h.out.CommandFailed("", fmt.Errorf("%w: a line of more than %d bytes", call.ErrBadArgument, maxLine))
		return
	}
	if err := json.Unmarshal(line.text, &w); err != nil {
		h.out.CommandFailed(w.Cmd, unreadable(err))
		return
	}
	if w.Cmd == "snapshot" {
		h.snapshot(ctx, w)
		return
	}
	cmd, err := h.parse(w)
	if err == nil {
		err = h.core.Do(cmd)
	}
	if err != nil {
		h.out.CommandFailed(w.Cmd, err)
	}
}

// unreadable says what is wrong with a line: one of its fields, by name, or that
// it is no JSON object at all.
func unreadable(err error) error {
	wrong, ok := errors.AsType[*json.UnmarshalTypeError](err)
	if !ok || wrong.Field == "" {
		return fmt.Errorf("%w: not a JSON object: %w", call.ErrBadArgument, err)
	}
	field := wrong.Field[strings.LastIndex(wrong.Field, ".")+1:] // without the structs that it is embedded in
	return fmt.Errorf("%w: %q cannot be a JSON %s", call.ErrBadArgument, field, wrong.Value)
}

func (h *headless) parse(w wireCommand) (engine.Command, error) {
	switch w.Cmd {
	case "leave":
		return engine.Leave{Room: w.Room}, nil
	case "join", "switch":
		return h.parseJoin(w)
	case "publish", "unpublish", "mute", "unmute":
		return parseDevice(w)
	case "chat":
		return engine.SendChat{Text: w.Text}, nil
	case "hand":
		return engine.RaiseHand{Up: w.Up}, nil
	case "react":
		return engine.React{Reaction: w.Reaction}, nil
	case "volume":
		return engine.SetVolume{ID: w.ID, Percent: w.Percent}, nil
	case "voice":
		v, err := w.Voice()
		return engine.SetVoice{Voice: v}, err
	case "stats":
		return engine.Stats{}, nil
	case "fault":
		return engine.Fault{Kind: w.Kind}, nil
	default:
		return parseModeration(w)
	}
}

func (h *headless) parseJoin(w wireCommand) (engine.Command, error) {
	link, err := call.ParseLink(w.Link)
	if err != nil {
		return nil, err
	}
	if w.Cmd == "switch" {
		return engine.SwitchRoom{Link: link}, nil
	}
	again := h.first
	again.Link = link
	if w.Name != "" {
		again.Name = w.Name
	}
	if w.ID != "" {
		again.Identity = w.ID
	}
	return withDefaults(again, h.profile), nil
}

func parseDevice(w wireCommand) (engine.Command, error) {
	source, err := call.ParseSource(w.Source)
	if err != nil {
		return nil, err
	}
	switch w.Cmd {
	case "publish":
		return engine.Publish{Source: source, Device: deviceWord(w.Device)}, nil
	case "unpublish":
		return engine.Unpublish{Source: source}, nil
	case "mute":
		return engine.Mute{Source: source}, nil
	default:
		return engine.Unmute{Source: source}, nil
	}
}

// wireModeration is what a line of stdin says about people and the room.
type wireModeration struct {
	IDs    []call.Identity `json:"ids"` // or "id" for one
	For    string          `json:"for"` // of a ban, such as "10m"; none: until lifted
	Tell   bool            `json:"tell"`
	All    bool            `json:"all"`
	Except []call.Identity `json:"except"`
	Role   call.Role       `json:"role"`
	doorapi.RulesRequest
}

// moderation maps a command's word to the door's operation.
func moderation() map[string]call.Operation {
	return map[string]call.Operation{
		"remove": call.OpRemove, "ban": call.OpBan, "unban": call.OpUnban, "bans": call.OpBans,
		"mute_participant": call.OpMute, "unmute_participant": call.OpUnmute, "lower": call.OpLower,
		"allow": call.OpAllow, "disallow": call.OpDisallow,
		"role": call.OpRole, "rules": call.OpRules, "members": call.OpMembers, "dismiss": call.OpDismiss,
		"waiting": call.OpWaiting, "admit": call.OpAdmit, "turn_away": call.OpTurnAway,
	}
}

func parseModeration(w wireCommand) (engine.Command, error) {
	op, known := moderation()[w.Cmd]
	if !known {
		return nil, fmt.Errorf("%w: unknown command %.64q", call.ErrBadArgument, w.Cmd)
	}
	m := engine.Moderate{
		Op: op, IDs: w.IDs, Text: w.Text, Tell: w.Tell, All: w.All, Except: w.Except, Role: w.Role, Rules: w.RulesRequest,
	}
	if w.ID != "" {
		m.IDs = append(m.IDs, w.ID)
	}
	if w.For != "" {
		d, err := time.ParseDuration(w.For)
		if err != nil || d <= 0 { // no length at all would mean for good
			return nil, fmt.Errorf("%w: a ban of %.32q", call.ErrBadArgument, w.For)
		}
		m.For = d
	}
	return m, nil
}
