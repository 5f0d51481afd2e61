package page_test

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// waysScript prints the candidates that the page adds to a connection.
const waysScript = `
globalThis.setTimeout = (f) => queueMicrotask(f);
const told = [];
globalThis.window = globalThis;
globalThis.location = { hostname: process.argv[2], port: '7843' };
globalThis.RTCPeerConnection = class {
  remoteDescription = { sdp: 'a=ice-ufrag:abcd' };
  async setRemoteDescription() {}
  addIceCandidate({ candidate }) { told.push(candidate); return Promise.resolve(); }
};
const ways = await import(process.argv[1]);
ways.use({ udp: 7844, tcp: 7845, door: true }, JSON.parse(process.argv[3]));
await new RTCPeerConnection().setRemoteDescription({});
for (let i = 0; i < 100; i++) await null;
console.log(JSON.stringify(told));
`

// TestCandidatesAreAddresses: Firefox takes no name in a candidate, so that the page adds the
// addresses of the door's name as the door knows them. What is none is not used.
func TestCandidatesAreAddresses(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("there is no node; runs on machines that scripts/deps.sh has prepared")
	}
	file, err := filepath.Abs("files/ways.js")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		hostname, known string
		want            []string
	}{
		{"meet.example.org", `["203.0.113.5","2001:db8::5"]`, []string{"203.0.113.5", "2001:db8::5"}},
		{"meet.example.org", `["203.0.113.5","evil.example","1 2 typ host",7,null]`, []string{"203.0.113.5"}},
		{"[2001:db8::7]", `["203.0.113.5"]`, []string{"2001:db8::7"}},
		{"meet.example.org", `null`, []string{"meet.example.org"}}, // other browsers look it up
	} {
		out, err := exec.CommandContext(t.Context(), node, "--input-type=module", "-e", waysScript, file, tt.hostname, tt.known).Output()
		if err != nil {
			t.Fatal(err)
		}
		var told []string
		if err := json.Unmarshal(out, &told); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		var got []string
		for _, c := range told {
			f := strings.Fields(c)
			got = append(got, f[4]+":"+f[5]+"/"+f[2])
		}
		var want []string
		for _, way := range []string{":7844/udp", ":7845/tcp", ":7843/tcp"} {
			for _, a := range tt.want {
				want = append(want, a+way)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s, %s: %v, want %v", tt.hostname, tt.known, got, want)
		}
	}
}
