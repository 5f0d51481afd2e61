// One stay in the room: LiveKit's client, what the door says about it, and its one end.
import * as devices from './devices.js';
import * as door from './door.js';
import * as ways from './ways.js';
import * as words from './words.js';
import { Chat } from './chat.js';

const { Room, RoomEvent, Track, DefaultReconnectPolicy, DisconnectReason } = window.LivekitClient;

const reconnect = 60_000; // as Foyer
const removalLimit = 1000; // who is told to leave leaves, whatever happens

const { Camera, Microphone, ScreenShare, ScreenShareAudio } = Track.Source;
const kinds = { [Camera]: 'video', [Microphone]: 'audio', [ScreenShare]: 'video', [ScreenShareAudio]: 'audio' };
export const sources = { [Camera]: 'camera', [Microphone]: 'microphone', [ScreenShare]: 'screen', [ScreenShareAudio]: 'screen_audio' };

class Patience extends DefaultReconnectPolicy {
  nextRetryDelayInMs(context) {
    if (context.elapsedMs > reconnect) return null;
    return super.nextRetryDelayInMs({ ...context, retryCount: Math.min(context.retryCount, 5) });
  }
}

// Stay tells view what changes: changed(), notice(text), banner(...), ended(end).
export class Stay {
  constructor(link, answer, view) {
    Object.assign(this, { link, answer, view });
    this.silenced = false; // muted by a host
    this.lost = new Set(); // of whom the door says that the connection is lost
    this.departures = new Map(); // identity -> what the door has said of their removal
    this.over = null;
    this.token = answer.token;
    this.room = new Room({
      adaptiveStream: true, dynacast: true, reconnectPolicy: new Patience(),
      stopLocalTrackOnUnpublish: false, // whatever ends is stopped by stop, which knows how long that took
      publishDefaults: { videoCodec: 'vp8', simulcast: true },
    });
    this.chat = new Chat(this);
    this.listen();
  }

  // enter connects, and publishes what is open. It throws a refusal.
  async enter() {
    ways.use(this.answer.media);
    const address = `wss://${window.location.host}`;
    try {
      await this.room.connect(address, this.answer.token, { autoSubscribe: false });
    } catch (error) {
      if (this.over) return;
      const refusal = await door.why(this.link.room, this.answer.token);
      throw refusal && refusal.error !== 'forbidden' ? refusal : { error: error?.reason === 6 ? 'join_timeout' : 'media_blocked' };
    }
    if (this.over) return;
    this.entered = true;
    this.me = this.room.localParticipant;
    this.permissions();
    await this.me.publishDataTrack({ name: 'foyer.presence' }).catch(() => {});
    for (const p of this.room.remoteParticipants.values()) this.subscribe(p);
    this.chat.catchUp();
    this.view.changed();
    for (const source of ['camera', 'microphone']) {
      const track = devices.opened(source);
      if (track && this.may(source)) await this.publish(source, track);
    }
  }

  may(source) {
    return this.mayPublish && !(source === 'microphone' && this.silenced);
  }

  async publish(source, track) {
    const of = source === 'camera' ? Camera : Microphone;
    await this.me.publishTrack(track, { source: of });
    this.view.changed();
  }

  listen() {
    const changed = () => this.view.changed();
    this.room
      .on(RoomEvent.ParticipantConnected, (p) => {
        this.departures.delete(p.identity);
        this.subscribe(p);
        this.view.notice(words.t('room.joined', { name: words.clean(p.name || p.identity) }));
        changed();
      })
      .on(RoomEvent.ParticipantDisconnected, (p) => {
        const name = words.clean(p.name || p.identity);
        setTimeout(() => { // the reason comes by another way
          const told = this.departures.get(p.identity) ?? { reason: 'left' };
          this.view.notice(words.gone(name, told.reason, told.by, told.text));
        }, 250);
        this.lost.delete(p.identity);
        changed();
      })
      .on(RoomEvent.TrackPublished, (_, p) => this.subscribe(p))
      .on(RoomEvent.TrackUnpublished, (_, p) => this.subscribe(p))
      .on(RoomEvent.TrackSubscribed, (track, publication, p) => {
        if (track.kind === 'audio') this.view.play(track);
        changed();
      })
      .on(RoomEvent.TrackUnsubscribed, (track) => {
        track.detach().forEach((e) => e.remove());
        changed();
      })
      .on(RoomEvent.ParticipantPermissionsChanged, (_, p) => {
        if (p === this.room.localParticipant) this.permissions();
        else this.subscribe(p);
        changed();
      })
      .on(RoomEvent.ParticipantAttributesChanged, changed)
      .on(RoomEvent.ParticipantNameChanged, changed)
      .on(RoomEvent.TrackMuted, changed)
      .on(RoomEvent.TrackUnmuted, changed)
      .on(RoomEvent.LocalTrackPublished, changed)
      .on(RoomEvent.LocalTrackUnpublished, changed)
      .on(RoomEvent.ActiveSpeakersChanged, () => this.view.speaking())
      .on(RoomEvent.AudioPlaybackStatusChanged, changed)
      .on(RoomEvent.SignalReconnecting, () => this.reconnecting(true))
      .on(RoomEvent.Reconnecting, () => this.reconnecting(true))
      .on(RoomEvent.Reconnected, () => {
        this.reconnecting(false);
        for (const p of this.room.remoteParticipants.values()) this.subscribe(p);
        this.chat.catchUp();
      })
      .on(RoomEvent.DataReceived, (payload, _, kind, topic, encryption, from) => {
        if (from !== '' || payload.length > 15_000) return; // what the server says has no sender; nobody can forge that
        if (topic === 'foyer.notice') this.heed(payload);
        if (topic === 'foyer.chat') this.chat.batch(payload);
      })
      .on(RoomEvent.Disconnected, (reason) => this.disconnected(reason));
    // The door wants to hear that a notice has come. Whether it is the door's is decided
    // below: here the SID of the sender is not told.
    this.room.registerRpcMethod('foyer.notice', async () => '');
    this.room.registerTextStreamHandler('lk.chat', () => {}); // the keeper says it again
    this.room.engine.on('dataPacketReceived', (packet) => {
      const { case: kind, value } = packet.value;
      const server = packet.participantSid === '' && packet.participantIdentity === value?.id;
      if (kind === 'rpcRequest' && value.method === 'foyer.notice' && server) this.heed(value.payload);
    });
    // Why others have left: LiveKit's client does not pass that on.
    this.room.engine.on('participantUpdate', (all) => {
      for (const p of all) {
        const gone = p.state === 3; // DISCONNECTED
        if (gone && !this.departures.has(p.identity)) {
          this.departures.set(p.identity, { reason: p.disconnectReason === 1 ? 'left' : words.disconnect(p.disconnectReason) });
        }
      }
    });
  }

  // subscribe takes one track of each source, of a kind that fits, and no audio of whom a
  // host has muted.
  subscribe(p) {
    const seen = new Set();
    const heard = p.permissions?.canPublishData ?? true;
    for (const publication of p.trackPublications.values()) {
      const fits = kinds[publication.source] === publication.kind && !seen.has(publication.source);
      if (fits) seen.add(publication.source);
      const wanted = fits && (publication.kind === 'video' || heard);
      if (publication.isDesired !== wanted) publication.setSubscribed(wanted);
    }
    this.view.changed();
  }

  permissions() {
    const may = this.room.localParticipant.permissions;
    this.mayPublish = may?.canPublish ?? true;
    this.silence(!(may?.canPublishData ?? true));
  }

  // silence takes the microphone away from whom a host has muted. It never comes back by
  // itself.
  silence(silenced) {
    if (this.silenced === silenced) return;
    this.silenced = silenced;
    if (silenced) {
      const publication = this.me?.getTrackPublication(Microphone);
      if (publication?.track) this.me.unpublishTrack(publication.track, true);
      devices.stop('microphone');
    }
    this.view.changed();
  }

  // heed reads a notice of the door's.
  heed(payload) {
    let said;
    try {
      said = JSON.parse(typeof payload === 'string' ? payload : new TextDecoder().decode(payload));
    } catch {
      return;
    }
    const mine = said.id === this.room.localParticipant.identity;
    switch (said.kind) {
      case 'put_out':
      case 'dismissed': {
        const told = words.removal(said);
        if (told.until) told.until -= this.answer.skew;
        if (said.kind === 'put_out' && !mine) {
          this.departures.set(said.id, told);
          break;
        }
        if (!this.told || (!this.told.by && !this.told.text)) this.told = told;
        this.stop(); // and the rest when the door has us out
        setTimeout(() => this.end(this.told), removalLimit);
        break;
      }
      case 'muted':
      case 'unmuted':
        if (mine) this.silence(said.kind === 'muted');
        break;
      case 'lost':
        this.lost.add(said.id);
        break;
      case 'back':
        this.lost.delete(said.id);
        break;
      case 'chat_not_stored':
      case 'chat_stored':
        this.notStored = said.kind === 'chat_not_stored';
        break;
      default:
    }
    this.view.changed();
  }

  reconnecting(on) {
    this.token = this.room.engine?.token ?? this.token;
    this.away = on;
    this.view.changed();
  }

  async disconnected(reason) {
    if (this.over || (!this.entered && !this.told)) return; // enter says why it failed
    if (this.told) {
      this.end(this.told);
      return;
    }
    let end = { reason: words.disconnect(reason) };
    if (['removed', 'dismissed', 'connection_lost', 'join_failed'].includes(end.reason)) {
      this.stop(); // before anything is asked
      const refusal = await door.why(this.link.room, this.room.engine?.token ?? this.token);
      if (['banned', 'put_out'].includes(refusal?.error)) {
        end = words.removal(refusal.error === 'banned' ? { ...refusal, reason: 'banned' } : refusal);
      }
    }
    this.end(this.told ?? end);
  }

  async camera(on) {
    await this.toggle('camera', Camera, on, (v) => this.me.setCameraEnabled(v));
  }

  async microphone(on) {
    await this.toggle('microphone', Microphone, on, (v) => this.me.setMicrophoneEnabled(v));
  }

  async toggle(source, of, on, set) {
    if (on && !this.may(source)) return;
    if (!on || this.me.getTrackPublication(of)) {
      await set(on);
    } else {
      await this.publish(source, await devices.start(source));
    }
    if (this.over) this.stop(); // it ended meanwhile
    this.view.changed();
  }

  async share(on) {
    if (on) await this.me.setScreenShareEnabled(true, { audio: true, contentHint: 'detail' });
    for (const of of on ? [] : [ScreenShare, ScreenShareAudio]) {
      const { track } = this.me.getTrackPublication(of) ?? {};
      if (track) await this.me.unpublishTrack(track, true);
    }
    if (this.over) this.stop();
    this.view.changed();
  }

  async hand() {
    const up = !this.me.attributes['foyer.hand'];
    await door.hand(this.link.room, this.room.engine?.token ?? this.token, up);
  }

  on(of) {
    const publication = this.me?.getTrackPublication(of);
    return !!publication?.track && !publication.isMuted;
  }

  // stop stops every device, and keeps what there is to say about it.
  stop() {
    const mine = [...(this.room.localParticipant?.trackPublications.values() ?? [])].filter((p) => p.track);
    const free = devices.stopAll(mine.map((p) => [sources[p.source] ?? 'unknown', p.track]));
    this.receipt = [...(this.receipt ?? []), ...free];
  }

  // end is the only way out: first the devices, then the room, then what is said.
  end(end) {
    if (this.over) return;
    this.over = end;
    this.stop();
    this.chat.close();
    this.room.disconnect(true).catch(() => {});
    this.view.ended({ ...end, receipt: this.receipt });
  }

  leave() {
    this.end({ reason: 'left' });
  }
}

export { Camera, Microphone, ScreenShare, DisconnectReason };
