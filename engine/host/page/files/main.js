// The page by which guests join in a browser: what is shown when, and what a button does.
import * as devices from './devices.js';
import * as door from './door.js';
import * as link from './link.js';
import * as me from './me.js';
import * as setup from './setup.js';
import * as words from './words.js';
import { $, el, Grid, icon, messages, people, show, toast } from './view.js';
import { Stay } from './stay.js';

const { t } = words;
window.LivekitClient.setLogLevel('warn'); // its other lines hold addresses with requests
const grid = new Grid($('grid'));
grid.measured = (sid, pixels) => sid && stay?.measured(sid, pixels); // our own have none
let invitation; // what the address says
let installation; // who we are
let stay;
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

// before shows the page before the room, with its form or while somebody waits.
function before(waits) {
  $('lobby-title').textContent = title();
  $('lobby-title').hidden = waits; // the other title has it
  $('lobby-error').hidden = true;
  $('join-form').hidden = waits;
  $('waiting').hidden = !waits;
  show('lobby');
  setup.enter();
}

function lobby() {
  before(false);
  $('name').focus();
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
  if (!$('lobby').hidden && !$('waiting').hidden) return; // pressed twice
  const { signal } = asking = new AbortController();
  let mine; // the stay that comes of it
  stay = undefined; // the one before is over
  $('waiting-title').textContent = t('lobby.joining', { room: title() });
  $('waiting-detail').textContent = '';
  before(true);
  try {
    const onWaiting = () => {
      $('waiting-title').textContent = t('lobby.waiting', { room: title() });
      $('waiting-detail').textContent = t('lobby.waiting.detail');
    };
    const answer = await door.join(invitation, installation, name, { signal, onWaiting });
    if (signal.aborted) throw { error: 'cancelled' };
    if (answer.title) invitation.title = answer.title;
    stay = mine = new Stay(invitation, answer, view);
    signal.addEventListener('abort', () => mine.end(cancelled), { once: true });
    await mine.enter();
    if (!mine.over) enter();
  } catch (refusal) {
    const end = signal.aborted ? cancelled : notJoined(refusal);
    if (mine) mine.end(end);
    else view.ended({ ...end, receipt: devices.stopAll() });
  }
}

const cancelled = { reason: 'left', never: true };

// notJoined is why a join did not come about: who was removed is told so as if inside.
function notJoined(refusal) {
  if (refusal?.error === 'put_out') return words.removal(refusal);
  return { reason: 'join_failed', refusal: refusal?.error ? refusal : { error: 'server_garbage' } };
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
  setup.draw();
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
    for (const [id, source, name, key] of [['mic', 'microphone', 'mic', 'mic'], ['camera', 'camera', 'camera', 'camera'], ['share', 'screen', 'screen', 'share']]) {
      const on = devices.wanted(source);
      setup.button($(id), { on, busy: on && !stay.on(source), name, off: `bar.${key}_off`, start: `bar.${key}_on` });
    }
    $('share').querySelector('i').className = `icon ${devices.wanted('screen') ? 'screen-off' : 'screen'}`;
    const up = !!stay.room.localParticipant.attributes['foyer.hand'];
    setup.button($('hand'), { on: up, name: 'hand', off: 'bar.hand_down', start: 'bar.hand' });
    $('hand').querySelector('i').className = 'icon hand';
    $('mic').disabled = !stay.may('microphone');
    $('camera').disabled = $('share').disabled = !stay.mayPublish;
    $('share').hidden = !navigator.mediaDevices?.getDisplayMedia;
    $('chat-text').disabled = $('chat-send').disabled = stay.silenced;
    $('chat-note').textContent = stay.silenced ? t('chat.muted') : stay.notStored ? t('chat.not_stored') : stay.chat.problem ?? '';
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
  failed,
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
  setup.draw();
}

// failed says why a device is not open, or not in the room.
function failed(source, error) {
  if (setup.failed(source, error) || !stay || stay.over) return;
  if (source === 'screen' && error?.name === 'NotAllowedError') return; // the choice was cancelled
  toast(words.announced(t(`failed.publish.${source}`), words.device(error, source)), 'bad');
}

devices.listen({
  changed() {
    setup.changed();
    stay?.settle();
  },
  failed,
});

for (const [id, source] of [['mic', 'microphone'], ['camera', 'camera'], ['share', 'screen']]) {
  $(id).addEventListener('click', () => stay.toggle(source));
}
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
  devices.stopAll();
});
window.addEventListener('pageshow', (event) => {
  if (event.persisted) window.location.reload();
});
window.addEventListener('hashchange', () => window.location.reload());

begin().catch(() => {
  $('farewell-title').textContent = 'Foyer';
  $('farewell-detail').textContent = 'This page could not be loaded. Load it again.';
  show('farewell');
});
