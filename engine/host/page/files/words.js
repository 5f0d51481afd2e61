// What the page says. The sentences, and which of them belongs to a reason or a refusal,
// come from the program's own language files (ui/words/page.go): the window says the same.

let book = { code: 'en', texts: {}, left: {}, disconnect: [], refusals: {}, removals: {}, hopeless: [] };

// languages lists the languages that there are.
export async function languages() {
  return (await fetch('words.json')).json();
}

// choose is the code that suits best who has set the browser up for these languages.
export function choose(all, wanted) {
  for (const tag of wanted) {
    const base = tag.toLowerCase().split('-')[0];
    const found = all.find((l) => l.code === tag) ?? all.find((l) => l.code.split('-')[0] === base);
    if (found) return found.code;
  }
  return 'en';
}

export async function load(code) {
  book = await (await fetch(`words/${code}.json`)).json();
  document.documentElement.lang = book.code;
  for (const e of document.querySelectorAll('[data-t]')) e.textContent = t(e.dataset.t);
  for (const e of document.querySelectorAll('[data-title]')) label(e, t(e.dataset.title));
  for (const e of document.querySelectorAll('[data-placeholder]')) e.placeholder = t(e.dataset.placeholder);
}

// label names a control that shows no text.
export function label(element, text) {
  element.title = text;
  element.setAttribute('aria-label', text);
}

const rightToLeft = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;
const turning = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

// clean takes what would turn or hide the text around it out of a text of somebody else.
export function clean(text, most = 1024) {
  return [...String(text ?? '').replace(turning, (c) => (c === '\n' || c === '\t' ? c : ''))].slice(0, most).join('').trim();
}

// t is a sentence, with args in the places that it has for them.
export function t(key, args = {}) {
  const text = book.texts[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => {
    if (!(name in args)) return whole;
    const value = String(args[name]);
    return rightToLeft.test(value) ? `\u2068${value}\u2069` : value;
  });
}

const has = (key) => key in book.texts;

// n is the sentence for a count.
export function n(key, count, args = {}) {
  const form = new Intl.PluralRules(book.code).select(count);
  return t(has(`${key}.${form}`) ? `${key}.${form}` : `${key}.other`, { n: count, ...args });
}

const fullWidth = /[\p{Script=Han}\u3000-\u303f\uff00-\uffef]["”’]*$/u;

// join puts sentences one after the other.
export function join(...sentences) {
  return sentences.filter(Boolean).reduce((all, s) => (all && !fullWidth.test(all) ? `${all} ${s}` : all + s), '');
}

// announced says what could not be done, and why.
export function announced(what, ...why) {
  return (fullWidth.test(what) ? `${what}：` : `${what}: `) + join(...why);
}

const pad = (v) => String(v).padStart(2, '0');

// until is when something ends, with the day unless it is today's.
function until(ms) {
  const when = new Date(ms);
  const time = `${pad(when.getHours())}:${pad(when.getMinutes())}`;
  if (when.toDateString() === new Date().toDateString()) return time;
  const [m, d] = [when.getMonth() + 1, when.getDate()];
  const day = t('date', { year: when.getFullYear(), m, d, mm: pad(m), dd: pad(d) });
  return t('until.day', { day, time });
}

const pair = (key, args) => ({ text: t(`error.${key}`, args), next: t(`error.${key}.next`, args) });

// known has the errors of the page's own, beside those of the door.
const known = ['unreachable', 'cancelled', 'server_garbage', 'join_timeout', 'media_blocked', 'link_empty', 'link_cut', 'link_changed',
  'link_newer', 'link_unreadable', 'name_empty', 'name_long', 'message_empty', 'message_long', 'chat_too_fast', 'chat_endless', 'muted'];

// sentence is what a refusal means: {error, until, reason, by, text, time}, as the door
// writes it.
export function sentence(refusal) {
  const { error, args } = refusal;
  if (error === 'banned') {
    return refusal.until ? pair('banned', { until: until(refusal.until) }) : pair('banned_open');
  }
  if (error === 'put_out') return pair(book.removals[refusal.reason] ?? book.removals.removed ?? 'put_out');
  if (error === 'clock' && refusal.time) return pair('clock_server', { time: until(refusal.time) });
  if (known.includes(error)) return pair(error, args);
  return pair(book.refusals[error] ?? 'refused');
}

// removal is what a notice or a refusal says about somebody who has to leave.
export function removal({ kind, reason, by, text, until: end }) {
  if (kind === 'dismissed') reason = 'dismissed';
  if (!(reason in book.removals)) reason = 'removed';
  return { reason, by: clean(by, 255), text: clean(text), until: reason === 'banned' ? end : 0 };
}

// disconnect is the word of LiveKit's reason.
export function disconnect(reason) {
  if (reason === undefined) return 'connection_lost';
  const word = book.disconnect[reason] ?? `other(${reason})`;
  return word === 'left' ? 'other(0)' : word; // a server cannot say that
}

// left says why a stay has ended: {reason, by, text, until, refusal}. The first action is
// the main one.
export function left(end) {
  const way = book.left[end.reason] ?? { key: end.reason.startsWith('other(') ? 'left.other' : 'left.unknown', next: ['action.rejoin', 'action.lobby'] };
  const args = { n: end.reason.slice(6, -1) };
  const said = {
    title: t(way.key, args), detail: t(`${way.key}.detail`, args), next: way.next,
    quote: end.text ? t('farewell.quote', { text: end.text }) : '',
  };
  if (end.by && has(`${way.key}_by`)) said.title = t(`${way.key}_by`, { by: end.by });
  if (end.reason === 'banned') said.title = banTitle(end.until);
  if (end.reason === 'left' && end.never) {
    said.title = t('left.cancelled');
    said.detail = t('left.cancelled.detail');
    said.next = ['action.try_again', 'action.lobby'];
  }
  if (end.reason === 'join_failed' && end.refusal) joinFailed(said, end.refusal);
  return said;
}

const banTitle = (end) => (end ? t('left.banned', { until: until(end) }) : t('left.banned_open'));

function joinFailed(said, refusal) {
  const s = sentence(refusal);
  said.detail = join(s.text, s.next);
  if (refusal.error === 'unanswered') {
    said.title = t('left.unanswered');
    said.detail = s.next;
  }
  if (refusal.error === 'banned') {
    said.title = banTitle(refusal.until);
    said.detail = s.next;
    if (refusal.text) said.quote = t('farewell.quote', { text: clean(refusal.text) });
  }
  if (refusal.error === 'banned' || book.hopeless.includes(refusal.error)) said.next = ['action.lobby'];
}

// gone says of somebody else that they have left, and why.
export function gone(name, reason, by, text) {
  const other = /^other\((\d+)\)$/.exec(reason);
  if (other) return t('gone.other', { name, n: other[1] });
  const what = by && has(`gone.${reason}_by`) ? t(`gone.${reason}_by`, { name, by }) : t(has(`gone.${reason}`) ? `gone.${reason}` : 'gone.unknown', { name });
  return text ? t('gone.text', { what, text }) : what;
}

// device is an error of a camera or microphone.
export function device(error, source) {
  const key = {
    NotAllowedError: 'page.device_forbidden', SecurityError: 'page.device_forbidden', NotFoundError: 'error.device_missing',
    OverconstrainedError: 'error.device_missing', NotReadableError: 'error.device_busy', AbortError: 'error.device_busy',
    InvalidStateError: 'error.device_lost',
  }[error?.name] ?? 'error.device_failed';
  const args = { device: t(`device.the.${source}`), another: t(`device.another.${source}`) };
  return join(t(key, args), t(`${key}.next`, args));
}

// released is a line of the receipt.
export function released(source, ms) {
  return t('farewell.released', { device: t(`device.capital.${source}`), ms: ms < 1 ? '<1 ms' : `${Math.round(ms)} ms` });
}
