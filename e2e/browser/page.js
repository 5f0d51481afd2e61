// The page of the far side: LiveKit's own client, told what to do by peer.mjs
// through window.far, telling what happens through window.report.
const { Room, RoomEvent, Track, VideoPresets } = window.LivekitClient;

const room = new Room({ adaptiveStream: false, dynacast: false });
const remote = new Map(); // "identity source" -> {track, element}
const keyOf = (participant, publication) => `${participant.identity} ${publication.source}`;

room.on(RoomEvent.TrackSubscribed, (track, publication, participant) => {
  const element = track.attach(); // Chromium decodes nothing without one
  element.autoplay = true;
  document.body.appendChild(element);
  arrange();
  remote.set(keyOf(participant, publication), { track, element });
  window.report('track_subscribed', { id: participant.identity, source: publication.source });
});
room.on(RoomEvent.TrackUnsubscribed, (track, publication, participant) => {
  track.detach().forEach((e) => e.remove());
  arrange();
  remote.delete(keyOf(participant, publication));
});
room.on(RoomEvent.ParticipantDisconnected, (p) => window.report('participant_left', { id: p.identity }));
room.on(RoomEvent.Disconnected, (reason) => window.report('left', { reason: String(reason) }));
room.on(RoomEvent.ConnectionStateChanged, (state) => window.report('state', { state }));

// What a LiveKit web page does for chat: text streams of this topic.
room.registerTextStreamHandler('lk.chat', async (reader, participant) => {
  const text = await reader.readAll();
  window.report('chat', { id: reader.info.id, from: participant?.identity ?? '', text });
});
room.localParticipant.on(RoomEvent.ParticipantPermissionsChanged, () => {
  window.report('permissions', { data: room.localParticipant.permissions?.canPublishData ?? null });
});
room.localParticipant.on(RoomEvent.TrackMuted, (publication) => window.report('muted', { source: publication.source }));

// What a Foyer door says of people, and reactions.
room.on(RoomEvent.ParticipantAttributesChanged, (_, participant) => {
  const { 'foyer.hand': hand, 'foyer.role': role } = participant.attributes;
  window.report('attributes', { id: participant.identity, hand: hand ?? '', role: role ?? '' });
});
room.on(RoomEvent.DataReceived, (payload, participant, _, topic) => {
  if (topic === 'foyer.reaction') {
    window.report('reaction', { id: participant?.identity ?? '', reaction: new TextDecoder().decode(payload) });
  }
});

// A grid that fills the page, as a meeting's page has.
function arrange() {
  const videos = document.querySelectorAll('video').length;
  document.body.style.gridTemplateColumns = `repeat(${Math.max(1, Math.ceil(Math.sqrt(videos)))}, 1fr)`;
}

function find(id, source) {
  const found = remote.get(`${id} ${source}`);
  if (!found) throw new Error(`no ${source} of ${id}`);
  return found;
}

// base64 of bytes, in pieces that fit on the stack.
function base64(bytes) {
  let text = '';
  for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return btoa(text);
}

// A recorder node that hands over what it hears, 128 samples at a time.
const recorder = URL.createObjectURL(new Blob([`
  registerProcessor('recorder', class extends AudioWorkletProcessor {
    process(inputs) {
      if (inputs[0][0]) this.port.postMessage(inputs[0][0].slice());
      return true;
    }
  });`], { type: 'text/javascript' }));

const taken = []; // {number, at}: the frames of the own camera, at in ms since 1970
const strip = new OffscreenCanvas(20, 1).getContext('2d', { willReadFrequently: true });

// numberOf reads the number that a frame carries (engine/devices/testpicture).
function numberOf(element) {
  const [w, h] = [element.videoWidth, element.videoHeight];
  strip.drawImage(element, w / 10, h / 2 - 4, w * 0.8, 8, 0, 0, 20, 1);
  const cells = [...strip.getImageData(0, 0, 20, 1).data].filter((_, i) => i % 4 === 1).map((v) => v > 128);
  const bits = cells.slice(2, 18);
  if (!cells[0] || cells[1] || cells[18] !== (bits.filter((b) => b).length % 2 === 1)) return undefined;
  return bits.reduce((n, b) => 2 * n + b, 0);
}

let door; // where the hand is raised, and with which token

window.far = {
  async join({ url, token, camera, lines, microphone, system }) {
    door = { url: url.replace(/^ws/, 'http'), token };
    await room.connect(url, token);
    window.report('joined', { id: room.localParticipant.identity });
    if (camera) await room.localParticipant.setCameraEnabled(true, { resolution: VideoPresets[`h${lines || 360}`].resolution });
    if (microphone) {
      // A recording is sent as it is: a browser's own processing is not what is tested.
      await room.localParticipant.setMicrophoneEnabled(true,
        system ? undefined : { echoCancellation: false, noiseSuppression: false, autoGainControl: false });
    }
  },
  async camera({ on }) { await room.localParticipant.setCameraEnabled(on); },
  async microphone({ on }) { await room.localParticipant.setMicrophoneEnabled(on); },
  async chat({ text }) { return (await room.localParticipant.sendText(text, { topic: 'lk.chat' })).id; },
  async react({ reaction }) {
    await room.localParticipant.publishData(new TextEncoder().encode(reaction), { reliable: true, topic: 'foyer.reaction' });
  },
  async hand({ up }) {
    const answer = await fetch(`${door.url}/foyer/v1/hand`, {
      method: 'POST', headers: { Authorization: `Bearer ${door.token}` }, body: JSON.stringify({ room: room.name, up }),
    });
    return answer.status;
  },
  // Raised hands in their order.
  async hands() {
    const all = [room.localParticipant, ...room.remoteParticipants.values()].filter((p) => p.attributes['foyer.hand']);
    return all.sort((a, b) => a.attributes['foyer.hand'] - b.attributes['foyer.hand']).map((p) => p.identity);
  },
  // Notes from now on when the frames of the own camera were taken.
  async film() {
    const element = document.createElement('video');
    element.muted = true;
    element.srcObject = new MediaStream([room.localParticipant.getTrackPublication(Track.Source.Camera).track.mediaStreamTrack]);
    const note = (_, { captureTime }) => {
      const number = numberOf(element);
      if (number !== undefined && captureTime) taken.push({ number, at: performance.timeOrigin + captureTime });
      element.requestVideoFrameCallback(note);
    };
    element.requestVideoFrameCallback(note);
    await element.play();
  },
  async taken() { return taken; },
  async leave() { await room.disconnect(); },
  // The picture that is shown now, in that size or its own, as a PNG in base64.
  async picture({ id, source, width, height }) {
    const { element } = find(id, source);
    const canvas = new OffscreenCanvas(width ?? element.videoWidth, height ?? element.videoHeight);
    canvas.getContext('2d').drawImage(element, 0, 0, canvas.width, canvas.height);
    const blob = await canvas.convertToBlob({ type: 'image/png' });
    return base64(new Uint8Array(await blob.arrayBuffer()));
  },
  // The next new picture: neither the one that is shown already, nor one of those
  // of 8x8 that a server sends when a track goes dark.
  async next({ id, source, ...size }) {
    const { element } = find(id, source);
    const shown = () => new Promise((done) => { element.requestVideoFrameCallback((_, picture) => done(picture)); });
    while ((await shown()).width <= 8);
    return this.picture({ id, source, ...size });
  },
  // What is heard for ms milliseconds: 48 kHz mono, signed 16 bit, in base64.
  async sound({ id, source, ms }) {
    const { track } = find(id, source);
    const context = new AudioContext({ sampleRate: 48000 });
    await context.audioWorklet.addModule(recorder);
    const node = new AudioWorkletNode(context, 'recorder', { numberOfOutputs: 0, channelCount: 1, channelCountMode: 'explicit' });
    context.createMediaStreamSource(new MediaStream([track.mediaStreamTrack])).connect(node);
    const samples = new Int16Array((ms * 48000) / 1000);
    let at = 0;
    await new Promise((done) => {
      node.port.onmessage = ({ data }) => {
        for (const v of data) if (at < samples.length) samples[at++] = Math.max(-1, Math.min(1, v)) * 32767;
        if (at >= samples.length) done();
      };
    });
    await context.close();
    return base64(new Uint8Array(samples.buffer));
  },
  // Per remote track what the browser counts.
  async stats() {
    const rows = [];
    for (const [key, { track }] of remote) {
      const [id, source] = key.split(' ');
      for (const s of (await track.receiver.getStats()).values()) {
        if (s.type !== 'inbound-rtp') continue;
        rows.push({
          id, source, frames_decoded: s.framesDecoded ?? 0, width: s.frameWidth ?? 0, height: s.frameHeight ?? 0,
          fps: s.framesPerSecond ?? 0, bytes: s.bytesReceived ?? 0, packets_lost: s.packetsLost ?? 0,
          freeze_ms: Math.round(1000 * (s.totalFreezesDuration ?? 0)), concealed: s.concealedSamples ?? 0, samples: s.totalSamplesReceived ?? 0,
        });
      }
    }
    return rows;
  },
};
window.report('loaded', {});
