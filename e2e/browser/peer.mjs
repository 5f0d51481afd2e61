// peer.mjs OPTIONS: a participant that is Chromium with LiveKit's own client.
//
// OPTIONS is JSON: {url, keyFile, room, id, name, camera, lines, microphone, headful, system}.
// url is a room server's https address, keyFile its LiveKit key. camera is a
// Y4M file or true for Chromium's test picture, microphone a WAV file or true,
// either may be left out. system is true for the system's microphone, as a browser
// processes it by itself. It prints an event a line and takes a command a line,
// like "foyer join": picture, next (the next new picture) and sound write a
// file, camera and microphone are turned on or off, chat says something, stats, film
// begins to note when the frames of its own camera were taken, taken says it, leave. It ends when stdin ends.
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { AccessToken } from 'livekit-server-sdk';
import { launch } from './chromium.mjs';

const options = JSON.parse(process.argv[2]);
const print = (event, fields) => process.stdout.write(`${JSON.stringify({ event, ts: Date.now(), ...fields })}\n`);
const here = (name) => fileURLToPath(new URL(name, import.meta.url));

async function serve() {
  const files = {
    '/': ['page.html', 'text/html'],
    '/page.js': ['page.js', 'text/javascript'],
    '/livekit-client.umd.js': ['node_modules/livekit-client/dist/livekit-client.umd.js', 'text/javascript'],
  };
  const server = createServer(async (request, response) => {
    const [file, type] = files[request.url] ?? [];
    if (!file) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { 'content-type': type }).end(await readFile(here(file)));
  });
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  return server;
}

function devices() {
  const args = [];
  if (typeof options.camera === 'string') args.push(`--use-file-for-fake-video-capture=${options.camera}`);
  if (typeof options.microphone === 'string') args.push(`--use-file-for-fake-audio-capture=${options.microphone}`);
  return args;
}

async function token() {
  const { key, secret } = JSON.parse(await readFile(options.keyFile, 'utf8'));
  const access = new AccessToken(key, secret, { identity: options.id, name: options.name ?? options.id, ttl: '1h' });
  access.addGrant({ roomJoin: true, room: options.room, canPublish: true, canSubscribe: true });
  return access.toJwt();
}

async function run(page, command) {
  const far = (method) => page.evaluate((m, c) => window.far[m](c), method, command);
  switch (command.cmd) {
    case 'picture':
    case 'next':
    case 'sound':
      await writeFile(command.file, Buffer.from(await far(command.cmd), 'base64'));
      print(command.cmd, { id: command.id, source: command.source, file: command.file });
      break;
    case 'stats':
      print('stats', { remote: await far('stats') });
      break;
    case 'camera':
    case 'microphone':
      await far(command.cmd);
      print(command.cmd, { on: command.on });
      break;
    case 'react':
      await far('react');
      print('reacted', { reaction: command.reaction });
      break;
    case 'hand':
      print('hand', { status: await far('hand') });
      break;
    case 'hands':
      print('hands', { ids: await far('hands') });
      break;
    case 'chat':
      print('said', { id: await far('chat'), text: command.text });
      break;
    case 'film':
      await far('film');
      print('film', {});
      break;
    case 'taken':
      print('taken', { frames: await far('taken') });
      break;
    case 'leave':
      await far('leave');
      break;
    default:
      throw new Error('unknown command');
  }
}

const server = await serve();
const browser = await launch({ args: devices(), headful: options.headful, system: options.system });
let ending = false;
async function end(status) {
  if (ending) return;
  ending = true;
  await browser.close().catch(() => {});
  server.close();
  process.exit(status);
}
process.on('SIGTERM', () => end(0));
browser.on('disconnected', () => end(1));

const page = await browser.newPage();
page.on('console', (m) => process.stderr.write(`${m.type()}: ${m.text()}\n`));
page.on('pageerror', (e) => process.stderr.write(`error: ${e.message}\n`));
await page.exposeFunction('report', print);
await page.goto(`http://localhost:${server.address().port}/`);
print('ready', { pid: browser.process().pid });

const commands = createInterface({ input: process.stdin });
commands.on('line', (line) => {
  const command = JSON.parse(line);
  run(page, command).catch((e) => print('command_failed', { command: command.cmd, error: e.message }));
});
commands.on('close', () => end(0));

try {
  await page.evaluate((o) => window.far.join(o), {
    url: options.url.replace(/^http/, 'ws'), token: await token(), camera: !!options.camera, microphone: !!options.microphone,
    lines: options.lines, system: options.system,
  });
  print('publishing', {});
} catch (e) {
  print('failed', { error: e.message });
  await end(1);
}
