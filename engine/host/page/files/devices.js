// Cameras and microphones. Whatever is opened is in one list, and stopAll ends it all.
import * as words from './words.js';

const { createLocalVideoTrack, createLocalAudioTrack, VideoPresets, Room } = window.LivekitClient;

const open = new Map(); // 'camera', 'microphone' -> local track
export const chosen = { camera: '', microphone: '', speaker: '' };

// start opens a device, or returns the one that is open.
export async function start(source) {
  if (open.has(source)) return open.get(source);
  const deviceId = chosen[source] ? { exact: chosen[source] } : undefined;
  const track = source === 'camera'
    ? await createLocalVideoTrack({ deviceId, resolution: VideoPresets.h720.resolution })
    : await createLocalAudioTrack({ deviceId, echoCancellation: true, noiseSuppression: true, autoGainControl: true });
  open.set(source, track);
  return track;
}

export const opened = (source) => open.get(source);

export function stop(source) {
  open.get(source)?.stop();
  open.delete(source);
}

// stopAll stops everything, and returns what is free again, and after how long.
export function stopAll(more = []) {
  const receipt = [];
  const at = performance.now();
  for (const [source, track] of [...more, ...open]) { // what is in both is stopped once
    const media = track.mediaStreamTrack;
    if (!media || media.readyState === 'ended') continue;
    track.stop();
    media.stop();
    receipt.push({ source, ms: performance.now() - at, ended: media.readyState === 'ended' });
  }
  open.clear();
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
