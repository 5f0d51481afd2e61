// One stay in the room: LiveKit's client, what the door says about it, and its one end.
import * as devices from './devices.js';
import * as door from './door.js';
import * as ways from './ways.js';
import * as words from './words.js';
import { Chat } from './chat.js';
import { choose } from './tracks.js';

const { Room, RoomEvent, Track, LocalAudioTrack, LocalVideoTrack, DefaultReconnectPolicy } = window.LivekitClient;

const reconnect = 60_000; // as Foyer
const yields = 10_000; // how far somebody who goes on speaking falls behind those who begin
const removalLimit = 1000; // who is told to leave leaves, whatever happens

const { Camera, Microphone, ScreenShare, ScreenShareAudio } = Track.Source;
const published = { camera: Camera, microphone: Microphone, screen: ScreenShare, screen_audio: ScreenShareAudio };
const deviceOf = (source) => (source === 'screen_audio' ? 'screen' : source); // whose wish decides

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
    this.spoke = new Map(); // identity -> when they were last heard
    this.began = new Map(); // identity of who speaks now -> since when
    this.pixels = new Map(); // SID -> how large the frames of that track are
    this.settling = new Set(); // the sources of which a step is being taken
    this.connections = 1; // grows whenever the connection was another one
    this.over = null;
    this.token = answer.token;
    this.room = new Room({
      adaptiveStream: true, dynacast: true, reconnectPolicy: new Patience(),
      stopLocalTrackOnUnpublish: false, // devices alone opens and stops
      publishDefaults: { videoCodec: 'vp8', simulcast: true },
    });
    this.chat = new Chat(this);
    this.listen();
  }

  // enter connects, and publishes what is open. It throws a refusal. A stay that ends
  // meanwhile leaves again.
  async enter() {
    if (this.over) return;
    ways.use(this.answer.media, this.answer.media_addresses);
    const address = `wss://${window.location.host}`;
    try {
      await this.room.connect(address, this.answer.token, { autoSubscribe: false });
    } catch (error) {
      if (this.over) return;
      const refusal = await door.why(this.link.room, this.answer.token);
      throw refusal && refusal.error !== 'forbidden' ? refusal : { error: error?.reason === 6 ? 'join_timeout' : 'media_blocked' };
    }
    if (this.over) {
      this.room.disconnect(true).catch(() => {}); // end could not yet
      return;
    }
    this.entered = true;
    this.me = this.room.localParticipant;
    this.permissions();
    await this.me.publishDataTrack({ name: 'foyer.presence' }).catch(() => {});
    if (this.over) return;
    this.subscribe();
    this.chat.catchUp();
    this.settle();
  }

  may(source) {
    return this.mayPublish && !(source === 'microphone' && this.silenced);
  }

  publication(source) {
    return this.me?.getTrackPublication(published[source]);
  }

  // settle brings what the room gets closer to what is wished and open, one step at a
  // time. It is called after everything that may change either.
  settle() {
    for (const source of Object.keys(published)) this.settleOne(source);
    this.view.changed();
  }

  async settleOne(source) {
    if (this.settling.has(source)) return;
    this.settling.add(source);
    for (let step = this.next(source); step; step = this.next(source)) {
      const { connections } = this;
      try {
        await step();
      } catch (error) {
        if (this.over) break;
        if (!this.sends(source)) break; // it is not to be heard or seen, and its device is closed
        if (this.connections !== connections) continue;
        devices.want(deviceOf(source), false);
        this.view.failed(deviceOf(source), error);
      }
    }
    this.settling.delete(source);
    this.view.changed();
  }

  // sends reports whether the room is to get a source.
  sends(source) {
    return !!devices.live(source) && devices.wanted(deviceOf(source)) && this.may(source);
  }

  // next is the next step of a source, if there is one.
  next(source) {
    if (this.over || !this.entered) return undefined;
    const publication = this.publication(source);
    const track = publication?.track;
    if (!this.sends(source)) {
      if (!track || this.away && source.startsWith('screen')) return undefined;
      if (source.startsWith('screen')) return () => this.me.unpublishTrack(track, true);
      return publication.isMuted ? undefined : () => track.mute();
    }
    const media = devices.live(source);
    if (!track) return this.away ? undefined : () => this.publish(source, media); // LiveKit's client may be about to do so
    if (track.mediaStreamTrack !== media) return () => track.replaceTrack(media, true);
    return publication.isMuted ? () => track.unmute() : undefined;
  }

  async publish(source, media) {
    if (source === 'screen') media.contentHint = 'detail';
    const Local = media.kind === 'video' ? LocalVideoTrack : LocalAudioTrack;
    await this.me.publishTrack(new Local(media, undefined, true), { source: published[source] });
  }

  // obey takes back the wish for what a host has muted, or the server has ended. It never
  // comes back by itself.
  obey(sid) {
    const publication = this.me?.trackPublications.get(sid);
    const source = Object.keys(published).find((s) => published[s] === publication?.source);
    if (source) devices.want(deviceOf(source), false);
  }

  listen() {
    const changed = () => this.view.changed();
    this.room
      .on(RoomEvent.ParticipantConnected, (p) => {
        this.departures.delete(p.identity);
        this.subscribe();
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
        this.spoke.delete(p.identity);
        this.subscribe();
      })
      .on(RoomEvent.TrackPublished, () => this.subscribe())
      .on(RoomEvent.TrackUnpublished, (publication) => {
        this.pixels.delete(publication.trackSid);
        this.subscribe();
      })
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
        else this.subscribe();
        changed();
      })
      .on(RoomEvent.ParticipantAttributesChanged, changed)
      .on(RoomEvent.ParticipantNameChanged, changed)
      .on(RoomEvent.TrackMuted, (_, p) => this.muting(p))
      .on(RoomEvent.TrackUnmuted, (_, p) => this.muting(p))
      .on(RoomEvent.LocalTrackPublished, () => this.settle())
      .on(RoomEvent.LocalTrackUnpublished, () => this.settle())
      .on(RoomEvent.ActiveSpeakersChanged, () => this.speaking())
      .on(RoomEvent.AudioPlaybackStatusChanged, changed)
      .on(RoomEvent.SignalReconnecting, () => this.reconnecting(true))
      .on(RoomEvent.Reconnecting, () => this.reconnecting(true))
      .on(RoomEvent.Reconnected, () => {
        this.reconnecting(false);
        this.settle();
        this.subscribe();
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
    // Before LiveKit's client forgets what that was.
    this.room.engine.prependListener('remoteMute', (sid, muted) => muted && this.obey(sid));
    this.room.engine.prependListener('localTrackUnpublished', ({ trackSid }) => this.obey(trackSid));
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

  // subscribe takes what may be taken of everybody, and gives back the rest.
  subscribe() {
    const people = [...this.room.remoteParticipants.values()];
    const chosen = choose(people, this);
    for (const p of people) {
      for (const publication of p.trackPublications.values()) {
        const wanted = chosen.has(publication);
        if (publication.isDesired !== wanted) publication.setSubscribed(wanted);
      }
    }
    this.view.changed();
  }

  // measured is told how large the frames of a track are.
  measured(sid, size) {
    if (this.over || this.pixels.get(sid) === size) return;
    this.pixels.set(sid, size);
    this.subscribe();
  }

  // speaking takes the voices of those who speak, if they were not among those that are heard.
  speaking() {
    const unheard = (p) => p !== this.room.localParticipant
      && [...p.trackPublications.values()].some((t) => t.source === 'microphone' && !t.isDesired);
    const [now, before] = [Date.now(), this.began];
    this.began = new Map(this.room.activeSpeakers.map((p) => [p.identity, before.get(p.identity) ?? now]));
    // The one who has spoken for longest yields.
    for (const [id, since] of this.began) this.spoke.set(id, now - Math.min(yields, now - since));
    if (this.room.activeSpeakers.some(unheard)) this.subscribe();
    this.view.speaking();
  }

  // muting follows somebody who has muted or unmuted themselves: those who cannot speak
  // make room for others.
  muting(p) {
    if (p === this.room.localParticipant) this.settle();
    else this.subscribe();
  }

  permissions() {
    const may = this.room.localParticipant.permissions;
    this.mayPublish = may?.canPublish ?? true;
    this.silence(!(may?.canPublishData ?? true));
    if (!this.mayPublish) for (const source of ['camera', 'microphone', 'screen']) devices.want(source, false);
  }

  // silence takes the microphone away from whom a host has muted, also one that is still
  // being opened. It never comes back by itself.
  silence(silenced) {
    if (this.silenced === silenced) return;
    this.silenced = silenced;
    if (silenced) devices.want('microphone', false);
    this.view.changed();
  }

  // heed reads a notice of the door's.
  heed(payload) {
    if (this.over) return;
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
    this.connections++;
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

  // toggle turns a device around. What counts is what was asked for last, whether or not
  // the browser has asked the person already.
  toggle(source) {
    if (this.over || this.told) return;
    const on = !devices.wanted(source);
    if (on && !this.may(source)) return;
    if (!on && source === 'microphone' && this.publication(source)) devices.rest(source);
    else devices.want(source, on);
  }

  async hand() {
    const up = !this.me.attributes['foyer.hand'];
    await door.hand(this.link.room, this.room.engine?.token ?? this.token, up);
  }

  // on reports whether the room gets a source.
  on(source) {
    const publication = this.publication(source);
    return !!publication?.track && !publication.isMuted && this.sends(source);
  }

  // stop stops every device, and keeps what there is to say about it.
  stop() {
    this.receipt = [...(this.receipt ?? []), ...devices.stopAll()];
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

export { Camera, Microphone, ScreenShare };
