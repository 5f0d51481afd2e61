// What is received of all the others together (engine/call/subscription.go). What one
// person publishes costs the others no more than this, whatever it claims.
const maxVoices = 64; // of more, half are of who came first, half of who spoke last
const maxVideos = 32; // those that are not in sight are paused by LiveKit's client
const maxScreens = 4; // are shown before cameras
const maxPixels = 16 * 2 ** 20; // of all frames that are decoded at once; the largest yields

const kinds = { camera: 'video', microphone: 'audio', screen_share: 'video', screen_share_audio: 'audio' };

// choose returns the publications to subscribe to: of each person one of each source, of a
// kind that fits, and no audio of whom a host has muted. spoke has the time at which
// somebody was last heard, by identity, and pixels the size of what came of a track, by SID.
export function choose(people, { spoke, pixels }) {
  const [voices, videos] = [[], []];
  for (const p of people) {
    const seen = new Set();
    const heard = p.permissions?.canPublishData ?? true;
    for (const publication of p.trackPublications.values()) {
      const { source, kind } = publication;
      if (kinds[source] !== kind || seen.has(source)) continue;
      seen.add(source);
      if (kind === 'video') videos.push({ publication, nth: videos.filter((v) => v.p === p).length, p });
      else if (heard) {
        const screen = source === 'screen_share_audio';
        voices.push({ publication, screen, muted: publication.isMuted, spoke: spoke.get(p.identity) ?? 0 });
      }
    }
  }
  if (voices.length > maxVoices) {
    // Noise displaces nobody who came before it.
    voices.sort((a, b) => a.muted - b.muted || a.screen - b.screen);
    const late = voices.splice(maxVoices / 2);
    late.sort((a, b) => a.muted - b.muted || b.spoke - a.spoke || a.screen - b.screen);
    voices.push(...late);
  }
  // The first screens, then one video of everybody before anybody's second, of those first
  // who spoke last.
  const screens = videos.filter((v) => v.publication.source === 'screen_share').slice(0, maxScreens);
  const heardAt = (v) => spoke.get(v.p.identity) ?? 0;
  videos.sort((a, b) => screens.includes(b) - screens.includes(a) || a.nth - b.nth || heardAt(b) - heardAt(a));
  const size = ({ publication }) => pixels.get(publication.trackSid) ?? 0;
  const shown = videos.slice(0, maxVideos);
  let sum = shown.reduce((all, v) => all + size(v), 0);
  for (const v of [...shown].sort((a, b) => size(b) - size(a))) {
    if (sum <= maxPixels) break;
    sum -= size(v);
    shown.splice(shown.indexOf(v), 1);
  }
  return new Set([...voices.slice(0, maxVoices), ...shown].map((v) => v.publication));
}
