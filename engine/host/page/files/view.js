// What the room looks like. Texts of others become text nodes, never markup.
import * as devices from './devices.js';
import * as words from './words.js';
import { Camera, Microphone, ScreenShare } from './stay.js';

export const $ = (id) => document.getElementById(id);

// el makes an element; children are elements and texts.
export function el(tag, fields = {}, ...children) {
  const { className, ...rest } = fields;
  const e = document.createElement(tag);
  if (className) e.className = className;
  for (const [name, value] of Object.entries(rest)) e.setAttribute(name, value);
  e.append(...children);
  return e;
}

export const icon = (name) => el('i', { className: `icon ${name}`, 'aria-hidden': 'true' });

export const nameOf = (p) => words.clean(p.name || p.identity, 255);

const toastFor = 5000;

export function toast(text, kind = '') {
  const e = el('p', { className: `toast ${kind}` }, text);
  $('toasts').append(e);
  while ($('toasts').children.length > 3) $('toasts').firstChild.remove();
  setTimeout(() => e.remove(), toastFor);
}

// show shows one of the page's screens.
export function show(name) {
  for (const screen of document.querySelectorAll('body > main')) screen.hidden = screen.id !== name;
}

// put shows a track in a tile: one of somebody else's, or a MediaStreamTrack of our own.
function put(tile, track) {
  if (tile.track === track) return;
  tile.track?.detach?.(tile.video);
  tile.track = track;
  if (track?.attach) track.attach(tile.video);
  else preview(tile.video, track);
}

// preview shows what is open here, or nothing.
export function preview(video, track) {
  if (video.srcObject?.getTracks()[0] === track) return;
  video.srcObject = track ? new MediaStream([track]) : null;
}

// Grid has a tile for each camera and screen. Tiles stay as long as what they show, so
// that video does not flicker.
export class Grid {
  constructor(element) {
    this.element = element;
    this.tiles = new Map();
  }

  clear() {
    for (const tile of this.tiles.values()) put(tile, undefined);
    this.tiles.clear();
    this.element.replaceChildren();
  }

  show(stay) {
    const { room } = stay;
    const people = [...room.remoteParticipants.values(), room.localParticipant];
    const wanted = [];
    for (const p of people) {
      const screen = p.getTrackPublication(ScreenShare);
      const shared = p.isLocal ? devices.live('screen') : screen?.track;
      if (shared) wanted.unshift([`${p.identity} screen`, p, screen]);
      wanted.push([`${p.identity} camera`, p, p.getTrackPublication(Camera)]);
    }
    for (const [key, tile] of this.tiles) {
      if (wanted.some(([k]) => k === key)) continue;
      put(tile, undefined);
      tile.element.remove();
      this.tiles.delete(key);
    }
    wanted.forEach(([key, p, publication], i) => {
      const tile = this.tiles.get(key) ?? this.make(key);
      this.fill(tile, key, p, publication, stay);
      if (this.element.children[i] !== tile.element) this.element.insertBefore(tile.element, this.element.children[i] ?? null);
    });
    const screens = wanted.filter(([key]) => key.endsWith(' screen')).length;
    this.element.className = screens ? 'sharing' : '';
    this.element.dataset.tiles = Math.min(wanted.length, 9);
  }

  make(key) {
    const video = el('video', { playsinline: '', autoplay: '' });
    video.muted = true; // sound has elements of its own
    const [letter, label] = [el('span', { className: 'letter', 'aria-hidden': 'true' }), el('span', { className: 'label' })];
    const element = el('figure', { className: key.endsWith(' screen') ? 'tile screen' : 'tile' }, letter, video, label);
    const tile = { element, video, letter, label };
    video.addEventListener('resize', () => this.measured?.(tile.track?.sid, video.videoWidth * video.videoHeight));
    this.tiles.set(key, tile);
    return tile;
  }

  fill(tile, key, p, publication, stay) {
    const name = nameOf(p);
    const own = p === stay.room.localParticipant;
    const screen = key.endsWith(' screen');
    if (own) put(tile, devices.live(screen ? 'screen' : 'camera')); // also what the room does not get yet
    else put(tile, publication?.isMuted ? undefined : publication?.track);
    tile.video.hidden = !tile.track;
    tile.element.dataset.id = p.identity;
    tile.element.classList.toggle('own', own && !screen);
    tile.letter.textContent = [...name][0]?.toUpperCase() ?? '';
    const said = screen ? (own ? words.t('room.screen_own') : words.t('room.screen_of', { name })) : own ? words.t('room.you', { name }) : name;
    const parts = [el(own || screen ? 'span' : 'bdi', { className: 'name' }, said)]; // a sentence isolates what is in it
    const microphone = p.getTrackPublication(Microphone);
    if (!screen && (!microphone || microphone.isMuted)) parts.unshift(icon('mic-off'));
    if (!screen && p.attributes['foyer.hand']) parts.unshift(icon('hand'));
    if (!screen && stay.lost.has(p.identity)) parts.push(el('em', {}, words.t('room.lost')));
    tile.label.replaceChildren(...parts);
  }

  speaking(room) {
    const loud = new Set(room.activeSpeakers.map((p) => p.identity));
    for (const { element } of this.tiles.values()) element.classList.toggle('speaking', loud.has(element.dataset.id));
  }
}

// people fills the list of people.
export function people(list, stay) {
  const { room } = stay;
  const all = [room.localParticipant, ...[...room.remoteParticipants.values()].sort((a, b) => nameOf(a).localeCompare(nameOf(b)))];
  list.replaceChildren(...all.map((p) => {
    const own = p === room.localParticipant;
    const name = own ? words.t('room.you', { name: nameOf(p) }) : nameOf(p);
    const row = el('li', {}, el(own ? 'span' : 'bdi', { className: 'name' }, name));
    const role = p.attributes['foyer.role'];
    if (role && role !== 'participant') row.append(el('span', { className: 'muted' }, words.t(`role.${role}`)));
    if (p.attributes['foyer.hand']) row.append(icon('hand'));
    if (stay.lost.has(p.identity)) row.append(el('em', {}, words.t('people.lost')));
    if (p.permissions && !p.permissions.canPublishData) row.append(el('em', {}, words.t('people.silenced')));
    const microphone = p.getTrackPublication(Microphone);
    row.append(icon(microphone && !microphone.isMuted ? 'mic' : 'mic-off'));
    return row;
  }));
  return all.length;
}

// messages fills the chat, and stays at its end if the reader is there.
export function messages(list, chat) {
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  const rows = chat.messages.map((m) => {
    const own = chat.mine(m.from);
    const when = new Date(m.ts).toTimeString().slice(0, 5);
    const by = m.from ? words.clean(m.name || m.from, 255) : words.t('admin.tools');
    return el('li', { className: own ? 'own' : '' },
      el('span', { className: 'by' }, el('bdi', {}, by), ' ', el('time', {}, when)),
      el('p', { dir: 'auto' }, words.clean(m.text, 4096)));
  });
  for (const { text } of chat.waiting.values()) {
    rows.push(el('li', { className: 'own pending' }, el('span', { className: 'by' }, words.t('chat.sending')), el('p', { dir: 'auto' }, text)));
  }
  if (!rows.length) rows.push(el('li', { className: 'empty' }, words.t('chat.empty')));
  list.replaceChildren(...rows);
  if (atEnd) list.scrollTop = list.scrollHeight;
}
