// guest.mjs OPTIONS: a guest in Chromium, on the page that a door serves.
//
// OPTIONS is JSON: {url, language, width, height, phone, without, tcp}. tcp keeps media from
// going by UDP. It prints an event a line, and takes a command a line, one after the other, each of which is answered by
// "done", with an error if it failed: click and fill a control (on is a CSS selector), await its text, or
// that it is gone, text, eval, shot; open opens another page, with other options. without
// takes something from the browser: "webrtc", "storage", "keys" or "camera". It ends when
// stdin ends.
import { createInterface } from 'node:readline';
import { launch } from './chromium.mjs';

const options = JSON.parse(process.argv[2]);
const print = (event, fields) => process.stdout.write(`${JSON.stringify({ event, ts: Date.now(), ...fields })}\n`);

const lacking = {
  webrtc: () => { delete window.RTCPeerConnection; delete window.webkitRTCPeerConnection; },
  storage: () => { IDBFactory.prototype.open = () => { throw new DOMException('', 'SecurityError'); }; },
  keys: () => { SubtleCrypto.prototype.generateKey = () => Promise.reject(new DOMException('', 'NotSupportedError')); },
  camera: () => { if (window.MediaDevices) MediaDevices.prototype.getUserMedia = () => Promise.reject(new DOMException('', 'NotAllowedError')); },
};

const args = ['--auto-select-desktop-capture-source=Entire screen'];
if (options.tcp) args.push('--webrtc-ip-handling-policy=disable_non_proxied_udp');
const browser = await launch({ args });
let ending = false;
async function end(status) {
  if (ending) return;
  ending = true;
  await browser.close().catch(() => {});
  process.exit(status);
}
process.on('SIGTERM', () => end(0));
browser.on('disconnected', () => end(1));

let page;
async function open({ url, language, without, width = 1100, height = 760, phone = false }) {
  const next = await browser.newPage();
  await page?.close();
  page = next;
  page.on('console', (m) => print('console', { type: m.type(), text: m.text() }));
  page.on('pageerror', (e) => print('console', { type: 'error', text: String(e?.message ?? e) }));
  page.on('request', (r) => print('request', { url: r.url(), method: r.method() }));
  if (language) await page.evaluateOnNewDocument((l) => Object.defineProperty(navigator, 'languages', { get: () => [l] }), language);
  if (without) await page.evaluateOnNewDocument(lacking[without]);
  await page.evaluateOnNewDocument(watch);
  await page.setViewport({ width, height, isMobile: phone, hasTouch: phone, deviceScaleFactor: phone ? 2 : 1 });
  await page.goto(url);
}

// watch notes which tracks are opened, so that a test sees them end. While held is set, each
// question for a device waits in asked for an answer, as with a browser that asks the person.
// It notes the WebSockets, too; while cut is set, new ones fail.
function watch() {
  window.opened = [];
  window.asked = [];
  window.sockets = [];
  window.WebSocket = class extends WebSocket {
    constructor(url, ...more) {
      super(window.cut ? new URL('/nothing', url) : url, ...more);
      window.sockets.push(this);
      window.onsocket?.(this);
    }
  };
  for (const name of window.MediaDevices ? ['getUserMedia', 'getDisplayMedia'] : []) {
    const real = MediaDevices.prototype[name];
    MediaDevices.prototype[name] = async function ask(...args) {
      if (window.held) await new Promise((grant, refuse) => { window.asked.push({ grant, refuse: () => refuse(new DOMException('', 'NotAllowedError')) }); });
      const stream = await real.apply(this, args);
      window.opened.push(...stream.getTracks());
      return stream;
    };
  }
}

await open(options);
print('ready', {});

// shown is the text of a control that can be seen, null for one that cannot.
const shown = (on) => {
  const e = document.querySelector(on);
  return e && e.checkVisibility() ? e.innerText ?? '' : null;
};

// until asks the page again and again: its policy lets nobody wait in it.
async function until(timeout, ask) {
  for (const end = Date.now() + timeout; ;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > end) throw new Error('it did not happen in time');
    await new Promise((done) => { setTimeout(done, 50); });
  }
}

const usable = (on) => {
  const e = document.querySelector(on);
  return !!e && e.checkVisibility() && !e.disabled;
};

async function run({ cmd, on, text, gone, file, code, url, timeout = 30_000, ...rest }) {
  switch (cmd) {
    case 'click':
      await until(timeout, () => page.evaluate(usable, on));
      return page.$eval(on, (e) => e.click());
    case 'fill':
      await until(timeout, () => page.evaluate(usable, on));
      await page.$eval(on, (e) => { e.value = ''; });
      return page.type(on, text);
    case 'await':
      return until(timeout, async () => {
        const is = await page.evaluate(shown, on);
        if (gone) return is === null || (text && !is.includes(text));
        return is !== null && is.includes(text ?? '') && { text: is };
      });
    case 'text':
      return page.evaluate(shown, on);
    case 'eval':
      return page.evaluate(code);
    case 'open':
      return open({ url, ...rest });
    case 'shot':
      return void await page.screenshot({ path: file });
    default:
      throw new Error('unknown command');
  }
}

let queue = Promise.resolve();
const commands = createInterface({ input: process.stdin });
commands.on('line', (line) => {
  const command = JSON.parse(line);
  queue = queue.then(() => run(command))
    .then((value) => print('done', { cmd: command.cmd, on: command.on, value: value ?? null }))
    .catch(async (e) => print('done', { cmd: command.cmd, on: command.on, error: e.message, body: (await page.evaluate(() => document.body.innerText).catch(() => '')).slice(0, 2000) }));
});
commands.on('close', () => end(0));
