package words

import "strings"

// Key is what the keyboards of the language have on a key, or on several that are
// pressed together: "Ctrl+I".
func (b *Book) Key(name string) string {
	parts := strings.Split(name, "+")
	for i, part := range parts {
		if key := "key." + part; b.Has(key) {
			parts[i] = b.T(key)
		}
	}
	return strings.Join(parts, "+")
}

// WithKey says what a control does, and the key that does it too.
func (b *Book) WithKey(text, key string) string { return text + " (" + b.Key(key) + ")" }

// TalkKeyHere says why a key does not let us speak in every window (model.Obstacle).
func (b *Book) TalkKeyHere(key, obstacle string) string {
	return b.T("talk.here."+obstacle, "key", b.Key(key))
}
