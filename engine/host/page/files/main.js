// The page by which guests join in a browser: what is shown when, and what a button does.
import * as devices from './devices.js';
import * as door from './door.js';
import * as link from './link.js';
import * as me from './me.js';
import * as words from './words.js';
import { $, el, Grid, icon, messages, people, show, toast } from './view.js';
import { Camera, Microphone, ScreenShare, Stay } from './stay.js';

const { t } = words;
window.LivekitClient.setLogLevel('warn'); // its other lines hold addresses with requests
const grid = new Grid($('grid'));
let invitation; // what the address says
let installation; // who we are
let stay;
let wanted = { camera: false, microphone: false };
let asking; // ends a join

function title() {
  return words.clean(invitation.title || invitation.room, 255) || t('room.untitled');
}

// refuse says why the page cannot be used at all.
function refuse(text, detail) {
  say({ title: text, detail, next: invitation ? ['page.open'] : [] });
}

// lacks is the key of what this browser lacks, if anything.
function lacks() {
  if (!window.RTCPeerConnection || !window.LivekitClient?.isBrowserSupported()) return 'page.no_webrtc';
  if (!window.isSecureContext || !window.crypto?.subtle) return 'page.no_keys';
  if (!window.indexedDB) return 'page.no_storage';
  return '';
}

async function begin() {
  const all = await words.languages();
  await words.load(words.choose(all, navigator.languages ?? []));
  try {
    invitation = link.read(window.location);
  } catch (refusal) {
    const s = words.sentence(refusal.error ? refusal : { error: 'link_unreadable' });
    refuse(s.text, s.next);
    return;
  }
  const missing = lacks();
  if (missing) {
    refuse(t(missing), t(`${missing}.next`));
    return;
  }
  try {
    installation = await me.load();
  } catch (error) {
    const key = error instanceof me.Missing ? error.key : 'page.no_storage';
    refuse(t(key), t(`${key}.next`));
    return;
  }
  const language = await installation.get('language').catch(() => '');
  if (all.some((l) => l.code === language)) await words.load(language);
  $('language').replaceChildren(...all.map((l) => new Option(l.name, l.code)));
  $('language').value = document.documentElement.lang;
  $('name').value = (await installation.get('name').catch(() => '')) ?? '';
  welcome();
}

function welcome() {
  document.title = `${title()} – ${t('app.name')}`;
  $('welcome-title').textContent = t('page.invited', { room: title() });
  $('open').href = invitation.foyer;
  show('welcome');
}

$('language').addEventListener('change', async () => {
  await words.load($('language').value);
  installation.put('language', $('language').value);
  welcome();
});

$('here').addEventListener('click', () => lobby());

function lobby() {
  $('lobby-title').textContent = title();
  $('lobby-error').hidden = true;
  show('lobby');
  preview();
  choices();
  $('name').focus();
}

const choices = () => devices.list({ camera: $('camera-choice'), microphone: $('mic-choice'), speaker: $('speaker-choice') });

function preview() {
  const camera = devices.opened('camera');
  camera?.attach($('preview-video'));
  $('preview-video').hidden = !camera;
  $('preview-note').textContent = camera ? '' : words.join(t('lobby.camera_off'), t('page.preview.detail'));
  button($('lobby-camera'), !!camera, 'camera', 'bar.camera_off', 'bar.camera_on');
  button($('lobby-mic'), !!devices.opened('microphone'), 'mic', 'bar.mic_off', 'bar.mic_on');
}

function button(b, on, name, off, onKey) {
  b.setAttribute('aria-pressed', on);
  b.querySelector('i').className = `icon ${on ? name : `${name}-off`}`;
  b.querySelector('span').textContent = t(on ? off : onKey);
  words.label(b, t(on ? off : onKey)); // phones show no text
}

async function wish(source, on) {
  $('lobby-error').hidden = true;
  try {
    if (on) await devices.start(source);
    else devices.stop(source);
    wanted[source] = on;
  } catch (error) {
    $('lobby-error').textContent = words.device(error, source);
    $('lobby-error').hidden = false;
  }
  preview();
  choices();
}

$('lobby-camera').addEventListener('click', () => wish('camera', !devices.opened('camera')));
$('lobby-mic').addEventListener('click', () => wish('microphone', !devices.opened('microphone')));
for (const [id, source] of [['camera-choice', 'camera'], ['mic-choice', 'microphone'], ['speaker-choice', 'speaker']]) {
  $(id).addEventListener('change', async () => {
    devices.chosen[source] = $(id).value;
    if (source === 'speaker' || !devices.opened(source)) return;
    devices.stop(source);
    await wish(source, true);
  });
}

$('join-form').addEventListener('submit', (event) => {
  event.preventDefault();
  const name = $('name').value.trim();
  const bytes = new TextEncoder().encode(name).length;
  const wrong = name === '' ? { error: 'name_empty' } : bytes > 255 ? { error: 'name_long', args: { length: bytes, limit: 255 } } : null;
  if (wrong) {
    const s = words.sentence(wrong);
    $('lobby-error').textContent = words.join(s.text, s.next);
    $('lobby-error').hidden = false;
    return;
  }
  installation.put('name', name);
  join(name);
});

$('cancel').addEventListener('click', () => asking?.abort());

async function join(name) {
  asking = new AbortController();
  stay = undefined; // the one before is over
  $('waiting-title').textContent = t('lobby.joining', { room: title() });
  $('waiting-detail').textContent = '';
  show('waiting');
  const { signal } = asking;
  try {
    const onWaiting = () => {
      $('waiting-title').textContent = t('lobby.waiting', { room: title() });
      $('waiting-detail').textContent = t('lobby.waiting.detail');
    };
    const answer = await door.join(invitation, installation, name, { signal, onWaiting });
    if (answer.title) invitation.title = answer.title;
    stay = new Stay(invitation, answer, view);
    signal.addEventListener('abort', () => stay.end({ reason: 'left', never: true }), { once: true });
    await again();
    await stay.enter();
    if (stay.over) return;
    enter();
  } catch (refusal) {
    if (stay?.over) return;
    const end = signal.aborted ? { reason: 'left', never: true } : failed(refusal);
    const receipt = devices.stopAll();
    stay?.end(end);
    view.ended({ ...end, receipt });
  }
}

// failed is why a join did not come about: who was put out is told so as if inside.
function failed(refusal) {
  if (refusal?.error === 'put_out') return words.removal(refusal);
  return { reason: 'join_failed', refusal: refusal?.error ? refusal : { error: 'server_garbage' } };
}

// again opens what was open before, for who joins again.
async function again() {
  for (const source of ['camera', 'microphone']) {
    if (wanted[source] && !devices.opened(source)) await devices.start(source).catch(() => {});
  }
}

function enter() {
  document.title = `${title()} – ${t('app.name')}`;
  $('room-title').textContent = title();
  $('messages').replaceChildren();
  stay.chat.changed = () => view.chat();
  stay.chat.returned = (text, refusal) => {
    if (!$('chat-text').value) $('chat-text').value = text;
    const s = words.sentence(refusal);
    toast(words.announced(t('failed.chat'), s.text, s.next), 'bad');
  };
  if (devices.chosen.speaker) stay.room.switchActiveDevice('audiooutput', devices.chosen.speaker).catch(() => {});
  show('room');
  view.draw();
  view.chat();
}

// What the stay tells.
const view = {
  pending: false,
  read: 0,
  changed() {
    if (this.pending) return;
    this.pending = true;
    queueMicrotask(() => {
      this.pending = false;
      if (stay && !stay.over && !$('room').hidden) this.draw();
    });
  },
  draw() {
    grid.show(stay);
    const count = people($('people-list'), stay);
    $('room-count').textContent = words.n('farewell.people', count);
    const [mic, camera, screen] = [stay.on(Microphone), stay.on(Camera), stay.on(ScreenShare)];
    button($('mic'), mic, 'mic', 'bar.mic_off', 'bar.mic_on');
    button($('camera'), camera, 'camera', 'bar.camera_off', 'bar.camera_on');
    button($('share'), screen, 'screen', 'bar.share_off', 'bar.share_on');
    $('share').querySelector('i').className = `icon ${screen ? 'screen-off' : 'screen'}`;
    const up = !!stay.room.localParticipant.attributes['foyer.hand'];
    button($('hand'), up, 'hand', 'bar.hand_down', 'bar.hand');
    $('hand').querySelector('i').className = 'icon hand';
    $('mic').disabled = !stay.may('microphone');
    $('camera').disabled = $('share').disabled = !stay.mayPublish;
    $('share').hidden = !navigator.mediaDevices?.getDisplayMedia;
    $('chat-text').disabled = $('chat-send').disabled = stay.silenced;
    $('chat-note').textContent = stay.silenced ? t('chat.muted') : stay.notStored ? t('chat.not_stored') : '';
    this.banner();
  },
  banner() {
    const { room } = stay;
    let text = '';
    if (stay.away) text = words.join(t('room.reconnecting'), t('room.reconnecting.detail'));
    else if (!stay.mayPublish) text = t('room.listening');
    else if (stay.silenced) text = t('room.silenced');
    const parts = text ? [text] : [];
    if (!room.canPlaybackAudio) {
      const b = el('button', { type: 'button' }, t('page.hear'));
      b.addEventListener('click', () => room.startAudio());
      parts.push(b);
    }
    $('banner').replaceChildren(...parts);
    $('banner').hidden = parts.length === 0;
  },
  chat() {
    messages($('messages'), stay.chat);
    const open = !$('panel').hidden && !$('chat').hidden;
    const all = stay.chat.messages.filter((m) => !stay.chat.mine(m.from)).length;
    if (open) this.read = all;
    const unread = Math.max(0, all - this.read);
    $('unread').textContent = unread > 99 ? '99+' : unread;
    $('unread').hidden = unread === 0;
  },
  notice: (text) => toast(text),
  speaking: () => grid.speaking(stay.room),
  play(track) {
    $('audio').append(track.attach());
  },
  ended(end) {
    grid.clear();
    $('audio').replaceChildren();
    say({ ...words.left(end), receipt: end.receipt });
  },
};

// say shows the farewell.
function say({ title: text, quote, detail, next, receipt }) {
  $('farewell-title').textContent = text;
  $('farewell-quote').textContent = quote ?? '';
  $('farewell-quote').hidden = !quote;
  $('farewell-detail').textContent = detail ?? '';
  const rows = (receipt ?? []).map((r) => el('li', { className: r.ended ? 'free' : 'stuck' }, icon(r.ended ? 'check' : 'warning'), words.released(r.source, r.ms)));
  if (receipt && !rows.length) rows.push(el('li', {}, t('farewell.nothing_open')));
  $('receipt').replaceChildren(...rows);
  const actions = next.filter((key) => key !== 'action.copy_report').map((key, i) => {
    if (key === 'page.open') return el('a', { className: 'button', href: invitation.foyer }, t(key));
    const b = el('button', { type: 'button', className: i === 0 ? 'primary' : 'button', 'data-action': key }, t(key));
    b.addEventListener('click', () => (key === 'action.lobby' ? lobby() : join($('name').value.trim())));
    return b;
  });
  $('farewell-actions').replaceChildren(...actions);
  document.title = `${text} – ${t('app.name')}`;
  show('farewell');
}

// act does something with a device of the room, and says why it did not work.
async function act(source, failing, what) {
  try {
    await what();
  } catch (error) {
    if (stay.over || (source === 'screen' && error?.name === 'NotAllowedError')) return; // the choice was cancelled
    toast(words.announced(t(failing), words.device(error, source)), 'bad');
    view.changed();
  }
}

$('mic').addEventListener('click', () => act('microphone', 'failed.publish.microphone', () => stay.microphone(!stay.on(Microphone))));
$('camera').addEventListener('click', () => act('camera', 'failed.publish.camera', () => stay.camera(!stay.on(Camera))));
$('share').addEventListener('click', () => act('screen', 'failed.publish.screen', () => stay.share(!stay.on(ScreenShare))));
$('hand').addEventListener('click', () => stay.hand().catch((refusal) => {
  const s = words.sentence(refusal);
  toast(words.announced(t('failed.hand'), s.text, s.next), 'bad');
}));
$('leave').addEventListener('click', () => stay.leave());

function panel(which) {
  $('panel').hidden = !which;
  $('chat').hidden = which !== 'chat';
  $('people').hidden = which !== 'people';
  $('tab-chat').setAttribute('aria-pressed', which === 'chat');
  $('tab-people').setAttribute('aria-pressed', which === 'people');
  view.chat();
  if (which === 'chat') {
    $('messages').scrollTop = $('messages').scrollHeight;
    $('chat-text').focus();
  }
}

const opens = (which) => panel(!$('panel').hidden && !$(which).hidden ? '' : which);
$('open-chat').addEventListener('click', () => opens('chat'));
$('open-people').addEventListener('click', () => opens('people'));
$('tab-chat').addEventListener('click', () => panel('chat'));
$('tab-people').addEventListener('click', () => panel('people'));
$('panel-close').addEventListener('click', () => panel(''));

$('chat-form').addEventListener('submit', (event) => {
  event.preventDefault();
  try {
    stay.chat.send($('chat-text').value.trim());
    $('chat-text').value = '';
  } catch (refusal) {
    const s = words.sentence(refusal);
    $('chat-note').textContent = words.join(s.text, s.next);
  }
});
$('chat-text').addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  $('chat-form').requestSubmit();
});

// A page that goes away leaves the room.
window.addEventListener('pagehide', () => {
  asking?.abort();
  stay?.leave();
});
window.addEventListener('hashchange', () => window.location.reload());

begin().catch(() => {
  $('farewell-title').textContent = 'Foyer';
  $('farewell-detail').textContent = 'This page could not be loaded. Load it again.';
  show('farewell');
});
