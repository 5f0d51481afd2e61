//go:build linux

package e2e

import (
	"fmt"
	"strings"
)

// people are others as LiveKit's client describes them, for choose of the page's
// tracks.js.
const people = `
	const { choose } = await import(new URL('tracks.js', document.baseURI));
	const person = (identity, ...tracks) => ({
		identity, permissions: { canPublishData: true },
		trackPublications: new Map(tracks.map(([kind, source], i) => [i, { trackSid: identity + i, kind, source, isMuted: false }])),
	});
	const spoke = new Map();
	const pixels = new Map();
	const chosen = (all) => [...choose(all, { spoke, pixels })].map((p) => p.trackSid);
	const many = (n, ...tracks) => [...Array(n).keys()].map((i) => person('p' + i + '.', ...tracks));
`

// keepsLimits checks what the page takes of others, as they describe themselves, and that
// a history without an end is told, in its page.
func (v *visitor) keepsLimits() {
	v.t.Helper()
	v.t.Log("what one person sends costs no more than it may")
	for what, tt := range map[string]struct{ code, want string }{
		"one of each source": {
			`return chosen([person('a', ['audio', 'microphone'], ['audio', 'microphone'], ['video', 'camera'], ['video', 'camera'], ['video', 'screen_share'])])`,
			"a0 a4 a2",
		},
		"audio that calls itself a camera, and what has no source": {
			`return chosen([person('a', ['audio', 'camera'], ['audio', 'screen_share'], ['video', 'microphone'], ['audio', 'unknown'], ['video', 'camera'])])`,
			"a4",
		},
		"no audio of whom a host has muted": {
			`const a = person('a', ['audio', 'microphone'], ['audio', 'screen_share_audio'], ['video', 'camera']);
			a.permissions.canPublishData = false;
			return chosen([a])`, "a2",
		},
		"64 voices, those who spoke last": {
			`spoke.set('p69.', 5);
			const all = chosen(many(70, ['audio', 'microphone']));
			return [all.length, all.includes('p69.0')]`, "64 true",
		},
		"noise displaces nobody who came before it": {
			`for (let i = 40; i < 140; i++) spoke.set('p' + i + '.', 9);
			const all = chosen(many(140, ['audio', 'microphone']));
			return [all.length, [...Array(32).keys()].every((i) => all.includes('p' + i + '.0'))]`, "64 true",
		},
		"32 videos, of many screens the first": {
			`const all = chosen(many(40, ['video', 'camera'], ['video', 'screen_share']));
			return [all.length, all.filter((sid) => sid.endsWith('.1')).length]`, "32 4",
		},
		"the screen of who turned the camera on last": {
			`const all = chosen([...many(40, ['video', 'camera']), person('z.', ['video', 'camera'], ['video', 'screen_share'])]);
			return [all.length, all.includes('z.1')]`, "32 true",
		},
		"the camera of who speaks": {
			`spoke.set('p39.', 5);
			return [chosen(many(40, ['video', 'camera'])).includes('p39.0')]`, "true",
		},
		"the largest frames yield": {
			`const all = many(3, ['video', 'camera']);
			pixels.set('p0.0', 4096 * 2304).set('p1.0', 4096 * 2304 + 1).set('p2.0', 1280 * 720);
			return chosen(all)`, "p0.0 p2.0",
		},
	} {
		var got []any
		v.evaluates(`(async () => {`+people+tt.code+`})()`, &got)
		if text := strings.Trim(fmt.Sprint(got), "[]"); text != tt.want {
			v.t.Errorf("%s: the page takes %s, want %s", what, text, tt.want)
		}
	}

	v.t.Log("a history without an end")
	var end struct {
		Asked int
		Error string
	}
	v.evaluates(`(async () => {
		const door = await import(new URL('door.js', document.baseURI));
		const real = window.fetch;
		let asked = 0;
		window.fetch = async () => new Response(JSON.stringify({ messages: [{ id: String(asked++) }], more: true }));
		try {
			await door.history('hall', 'token');
			return { asked, error: '' };
		} catch (refusal) {
			return { asked, error: refusal.error };
		} finally {
			window.fetch = real;
		}
	})()`, &end)
	if end.Asked != 50 || end.Error != "chat_endless" {
		v.t.Errorf("of a history without an end, the page asks %d times: %q", end.Asked, end.Error)
	}
}
