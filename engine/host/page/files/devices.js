// Cameras, microphones and screens. Nothing else on the page opens any: LiveKit's client
// is given what is open here, and opens nothing by itself.
//
// Each source has one wish, what the person asked for last, and at most one question to
// the browser. Its answer may take minutes: the person is asked, and meanwhile the page
// may have changed. So the wish is looked at again when the answer comes, and what is not
// wanted any more is stopped before anybody sees it.
import * as words from './words.js';

const { Room } = window.LivekitClient;

const media = () => navigator.mediaDevices;
const exactly = (id) => (id ? { exact: id } : undefined);
const questions = {
  camera: (id) => media().getUserMedia({ video: { deviceId: exactly(id), width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: 30 } }),
  microphone: (id) => media().getUserMedia({ audio: { deviceId: exactly(id), echoCancellation: true, noiseSuppression: true, autoGainControl: true } }),
  screen: () => media().getDisplayMedia({ video: { width: { ideal: 1920 }, height: { ideal: 1080 }, frameRate: 30 }, audio: true }),
};

const state = Object.fromEntries(Object.keys(questions).map((source) => [source, { wanted: false, asking: false, fellBack: false, tracks: [] }]));
let shown = false; // the page shows what is open; while it does not, nothing is
let tell = { changed() {}, failed() {} };

export const chosen = { camera: '', microphone: '', speaker: '' };

// listen says who is told: changed() of anything, failed(source, error) of a wish that
// cannot be fulfilled, and is none any more.
export function listen(listener) {
  tell = listener;
}

export const wanted = (source) => state[source].wanted;

const isLive = (track) => track.readyState === 'live';

// live is the track of a source that is open, if one is. The sound of a screen is its own.
export function live(source) {
  if (source === 'screen_audio') return state.screen.tracks.find((t) => t.kind === 'audio' && isLive(t));
  const kind = source === 'microphone' ? 'audio' : 'video';
  return state[source].tracks.find((t) => t.kind === kind && isLive(t));
}

// want says what the person wants now. What is not wanted is stopped at once.
export function want(source, on) {
  const s = state[source];
  s.wanted = on;
  s.fellBack = false;
  if (!on) stop(source);
  else for (const track of s.tracks) track.enabled = true;
  open(source);
  tell.changed();
}

// rest keeps a microphone open that sends nothing.
export function rest(source) {
  const s = state[source];
  s.wanted = false;
  for (const track of s.tracks) track.enabled = false;
  tell.changed();
}

// choose takes another device for a source.
export function choose(source, id) {
  chosen[source] = id;
  if (source === 'speaker') return;
  stop(source);
  open(source);
  tell.changed();
}

// show says that the page shows from now on what is open. What was wanted is opened.
export function show() {
  shown = true;
  for (const source of Object.keys(state)) open(source);
  tell.changed();
}

// open asks the browser for what is wanted and not open.
async function open(source) {
  const s = state[source];
  if (s.asking) return;
  const missing = () => shown && s.wanted && !live(source);
  while (missing()) {
    const id = chosen[source];
    s.asking = true;
    try {
      const stream = await questions[source](id);
      s.asking = false;
      take(source, stream.getTracks(), missing() && id === chosen[source]);
    } catch (error) {
      s.asking = false;
      if (!missing() || id !== chosen[source]) continue; // nobody waits for that any more
      s.wanted = false;
      tell.failed(source, error);
    }
    tell.changed();
  }
}

// take keeps what the browser has granted, or stops it.
function take(source, tracks, keep) {
  if (!keep) {
    tracks.forEach((track) => track.stop());
    return;
  }
  stop(source);
  state[source].tracks = tracks;
  for (const track of tracks) track.addEventListener('ended', () => lost(source, track)); // not by us: stop tells nobody
}

// lost takes the default microphone in place of one that is gone, once. Nothing else
// comes back by itself.
function lost(source, track) {
  const s = state[source];
  if (live(source) || !s.tracks.includes(track)) return;
  stop(source);
  const again = source === 'microphone' && s.wanted && !s.fellBack;
  if (again) {
    s.fellBack = true;
    chosen[source] = '';
    open(source);
  } else if (s.wanted) {
    s.wanted = false;
    if (source !== 'screen') tell.failed(source, new DOMException('', 'InvalidStateError'));
  }
  tell.changed();
}

function stop(source) {
  for (const track of state[source].tracks) track.stop();
  state[source].tracks = [];
}

// stopAll stops everything, and returns what is free again, and after how long. Until
// show is called, nothing is opened any more.
export function stopAll() {
  shown = false;
  const receipt = [];
  const at = performance.now();
  for (const [source, s] of Object.entries(state)) {
    for (const track of s.tracks.filter(isLive)) {
      track.stop();
      const as = source === 'screen' && track.kind === 'audio' ? 'screen_audio' : source;
      receipt.push({ source: as, ms: performance.now() - at, ended: !isLive(track) });
    }
    s.tracks = s.tracks.filter(isLive); // none
  }
  state.screen.wanted = false;
  return receipt;
}

// list fills the choices. Browsers tell names only after a device was opened.
export async function list(choices) {
  for (const [source, kind] of [['camera', 'videoinput'], ['microphone', 'audioinput'], ['speaker', 'audiooutput']]) {
    const select = choices[source];
    const found = await Room.getLocalDevices(kind, false).catch(() => []);
    select.replaceChildren(new Option(words.t('device.default'), ''));
    for (const d of found) {
      if (d.deviceId && d.deviceId !== 'default') select.append(new Option(d.label || d.deviceId, d.deviceId));
    }
    select.value = [...select.options].some((o) => o.value === chosen[source]) ? chosen[source] : '';
    select.disabled = select.options.length < 2;
  }
}
