// admin.mjs OPTIONS: an administrator who knows LiveKit and nothing of Foyer.
//
// OPTIONS is JSON: {url, keyFile}. It takes a command a line, such as
// {"method":"removeParticipant","args":["room","ada"]}, calls that method of
// LiveKit's RoomServiceClient and prints {"event":"answer","method":..,"value":..}
// or {"event":"refused","method":..,"code":..,"error":..}. "token" makes a token:
// its arguments are identity and grants. It ends when stdin ends.
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { AccessToken, RoomServiceClient } from 'livekit-server-sdk';

const { url, keyFile } = JSON.parse(process.argv[2]);
const print = (event, fields) => process.stdout.write(`${JSON.stringify({ event, ts: Date.now(), ...fields },
  (_, v) => (typeof v === 'bigint' ? Number(v) : v))}\n`);
const { key, secret } = JSON.parse(await readFile(keyFile, 'utf8'));
const rooms = new RoomServiceClient(url, key, secret);

async function token(identity, grants) {
  const access = new AccessToken(key, secret, { identity, ttl: '1h' });
  access.addGrant(grants);
  return access.toJwt();
}

async function run({ method, args }) {
  try {
    const value = method === 'token' ? await token(...args) : await rooms[method](...args);
    print('answer', { method, value: value ?? null });
  } catch (e) {
    print('refused', { method, code: e.code ?? '', error: e.message });
  }
}

print('ready', {});
// One after the other: answers come in the order of the commands.
for await (const line of createInterface({ input: process.stdin })) await run(JSON.parse(line));
