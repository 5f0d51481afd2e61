package trace

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"foyer/engine"
	"foyer/engine/call"
)

// hidden stands where a secret was.
const hidden = "(hidden)"

// shortestSecret is the length from which a known secret is looked for in every
// line. Real ones are far longer.
const shortestSecret = 8

// Secrets that can be told by their form: JSON web tokens, invite links, and
// parameters of addresses.
var secretForms = []struct {
	mark    string // what a line with one has in any case: most have none
	form    *regexp.Regexp
	instead string
}{
	{"eyJ", regexp.MustCompile(`eyJ[\w-]{4,}\.[\w-]+(\.[\w-]*)?`), hidden},
	{"foyer:", regexp.MustCompile(`foyer:(//|\\/\\/)[^\s"]+`), hidden},
	{"=", regexp.MustCompile(`(?i)\b((?:access_token|token|secret|password|join_request|s)=)[^&\s"\\]+`), "${1}" + hidden},
	{"a=ice-pwd:", regexp.MustCompile(`(a=ice-pwd:)[^\\\s"]+`), "${1}" + hidden},
}

// secretKeys are parts of the names of a frame's fields whose values are secrets.
var secretKeys = []string{"token", "credential", "username", "password", "secret", "trailer", "apikey"}

// hider writes values without secrets, and remembers those that it has seen.
type hider struct {
	mu    sync.Mutex
	known []string
}

func (h *hider) remember(secret string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(secret) >= shortestSecret && !slices.Contains(h.known, secret) {
		h.known = append(h.known, secret)
	}
}

// secrets cuts them out of a line.
func (h *hider) secrets(data []byte) []byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.known {
		data = bytes.ReplaceAll(data, []byte(s), []byte(hidden))
	}
	for _, f := range secretForms {
		if bytes.Contains(data, []byte(f.mark)) {
			data = f.form.ReplaceAll(data, []byte(f.instead))
		}
	}
	return data
}

// named is a value and the name of its type.
func (h *hider) named(v any) (string, any) {
	return reflect.TypeOf(v).Name(), h.value(reflect.ValueOf(v))
}

// value is v as JSON has it, without what is empty, secret or no data.
func (h *hider) value(v reflect.Value) any {
	if !v.IsValid() || v.IsZero() {
		return nil
	}
	if v.CanInterface() {
		if written, ok := h.special(v.Interface()); ok {
			return written
		}
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		return h.value(v.Elem())
	case reflect.Struct:
		return h.fields(v)
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return fmt.Sprintf("(%d bytes)", v.Len())
		}
		list := make([]any, v.Len())
		for i := range list {
			list[i] = h.value(v.Index(i))
		}
		return list
	case reflect.String:
		return short(v.String())
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint,
		reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Float32, reflect.Float64:
		return v.Interface()
	default: // functions, channels
		return nil
	}
}

func (h *hider) fields(v reflect.Value) any {
	fields := map[string]any{}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if !f.IsExported() {
			continue
		}
		value := h.value(v.Field(i))
		if said(v.Type(), f.Name) && value != nil {
			value = Characters(utf8.RuneCountInString(v.Field(i).String()))
		}
		if value != nil {
			fields[f.Name] = value
		}
	}
	return fields
}

// said reports whether a field is something that somebody said.
func said(t reflect.Type, field string) bool {
	if field != "Text" {
		return false
	}
	switch t {
	case reflect.TypeFor[engine.SendChat](), reflect.TypeFor[call.ChatMessage](), reflect.TypeFor[call.CommandFailed]():
		return true
	}
	return false
}

// Characters stands for a text that is not written: a trace says how long it was.
func Characters(n int) string { return fmt.Sprintf("(%d characters)", n) }

// special are the types that do not write themselves as their fields.
func (h *hider) special(v any) (any, bool) {
	switch v := v.(type) {
	case call.Link:
		return h.link(v), true
	case *call.FrameSlot:
		return "(frames)", true
	case call.RemoteTrack:
		return map[string]any{
			"Owner": v.Owner(), "OwnerSID": v.OwnerSID(), "Info": h.value(reflect.ValueOf(v.Info())),
		}, true
	case error:
		return short(v.Error()), true
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano), true
	case time.Duration:
		return v.String(), true
	case encoding.TextMarshaler:
		text, err := v.MarshalText()
		return string(text), err == nil
	case fmt.Stringer:
		return v.String(), true
	}
	return nil, false
}

// link is where it leads, without what opens the room.
func (h *hider) link(l call.Link) any {
	h.remember(l.Secret)
	h.remember(l.Token)
	written := map[string]any{"Room": l.Room}
	for name, value := range map[string]any{
		"Hosts": l.Hosts, "Title": l.Title, "Existing": l.Existing, "URL": l.URL, "Identity": l.Identity, "Name": l.Name,
	} {
		if v := h.value(reflect.ValueOf(value)); v != nil {
			written[name] = v
		}
	}
	return written
}

// frame is a message of the signal connection, and which one it is.
func (h *hider) frame(m proto.Message) (string, any) {
	name := string(m.ProtoReflect().Descriptor().Name())
	if oneofs := m.ProtoReflect().Descriptor().Oneofs(); oneofs.Len() > 0 {
		if set := m.ProtoReflect().WhichOneof(oneofs.Get(0)); set != nil {
			name = string(set.Name())
		}
	}
	text, err := protojson.Marshal(m)
	if err != nil {
		return name, nil
	}
	var fields any
	if json.Unmarshal(text, &fields) != nil {
		return name, nil
	}
	return name, h.withoutSecrets(fields)
}

// withoutSecrets goes through what JSON has.
func (h *hider) withoutSecrets(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			lower := strings.ToLower(key)
			if slices.ContainsFunc(secretKeys, func(s string) bool { return strings.Contains(lower, s) }) {
				if text, ok := value.(string); ok {
					h.remember(text)
				}
				v[key] = hidden
				continue
			}
			v[key] = h.withoutSecrets(value)
		}
	case []any:
		for i := range v {
			v[i] = h.withoutSecrets(v[i])
		}
	case string:
		return short(v)
	}
	return v
}

// short cuts a long text.
func short(s string) string {
	if len(s) <= maxString {
		return s
	}
	return s[:maxString] + fmt.Sprintf("... (%d bytes)", len(s))
}
