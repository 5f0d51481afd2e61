// Camera and microphone before the room: what is open is shown, and can be turned on and
// off, in the lobby and while somebody waits to be let in. The room gets what was asked
// for last.
import * as devices from './devices.js';
import * as words from './words.js';
import { $, preview } from './view.js';

const { t } = words;
const asleep = 60_000; // after a sleep of so long, nothing comes on by itself
const throttled = 65_000; // between two looks of a page that is hidden

const here = () => !$('lobby').hidden;

// button draws the button of a device.
export function button(b, { on, busy = false, name, off, start }) {
  b.setAttribute('aria-pressed', on);
  b.setAttribute('aria-busy', busy);
  b.querySelector('i').className = `icon ${on ? name : `${name}-off`}`;
  b.querySelector('span').textContent = t(on ? off : start);
  words.label(b, t(on ? off : start)); // phones show no text
}

function choices() {
  return devices.list({ camera: $('camera-choice'), microphone: $('mic-choice'), speaker: $('speaker-choice') });
}

// enter shows the page of a device, where there is a form, or where one waits.
export function enter() {
  $('device-error').hidden = true;
  devices.show();
  draw();
  choices();
}

// draw shows what is open. On another page there is nothing to show it.
export function draw() {
  const [camera, wanted] = [here() ? devices.live('camera') : undefined, devices.wanted('camera')];
  preview($('preview-video'), camera);
  $('preview-video').hidden = !camera;
  const off = () => `${t('lobby.camera_off')}\n${t('page.preview.detail')}`; // the first is no sentence
  $('preview-note').textContent = camera ? '' : wanted ? t('lobby.camera_opening') : off();
  for (const [id, source, name, key] of [['lobby-camera', 'camera', 'camera', 'camera'], ['lobby-mic', 'microphone', 'mic', 'mic']]) {
    const on = devices.wanted(source);
    button($(id), { on, busy: on && !devices.live(source), name, off: `bar.${key}_off`, start: `bar.${key}_on` });
  }
}

// changed is told by devices.
export function changed() {
  draw();
  if (here()) choices();
}

// failed says why a device did not open. It reports whether this page is the one to say so.
export function failed(source, error) {
  if (!here()) return false;
  $('device-error').textContent = words.device(error, source);
  $('device-error').hidden = false;
  return true;
}

for (const [id, source] of [['lobby-camera', 'camera'], ['lobby-mic', 'microphone']]) {
  $(id).addEventListener('click', () => {
    $('device-error').hidden = true;
    devices.want(source, !devices.wanted(source));
  });
}
for (const [id, source] of [['camera-choice', 'camera'], ['mic-choice', 'microphone'], ['speaker-choice', 'speaker']]) {
  $(id).addEventListener('change', () => devices.choose(source, $(id).value));
}

// A computer that has slept while somebody was about to join wakes up with camera and
// microphone off, as in the window.
// Browsers wake a page that is hidden once a minute only.
let [last, hidden] = [Date.now(), false];
setInterval(() => {
  const slept = Date.now() - last > (hidden || document.hidden ? throttled : 0) + asleep;
  [last, hidden] = [Date.now(), document.hidden];
  if (slept && !$('waiting').hidden && here()) for (const source of ['camera', 'microphone']) devices.want(source, false);
}, 1000);
