// The door's own routes (docs/protocol.md). A refusal is thrown as the door writes it:
// {error, ...}; {error: 'unreachable'} if there is no answer at all.

const timeout = 40_000; // the door holds its answer to who waits up to 20 s
const silence = 60_000; // for so long who waits tries on, if the door does not answer

async function post(path, body, { signal, token, limit = 15_000 } = {}) {
  const ended = [AbortSignal.timeout(limit), ...(signal ? [signal] : [])];
  let response;
  try {
    response = await fetch(`/foyer/v1/${path}`, {
      method: 'POST', body: JSON.stringify(body), credentials: 'omit', cache: 'no-store', redirect: 'error',
      headers: token ? { Authorization: `Bearer ${token}` } : {}, signal: AbortSignal.any(ended),
    });
  } catch {
    throw { error: signal?.aborted ? 'cancelled' : 'unreachable' };
  }
  let answer;
  try {
    answer = await response.json();
  } catch {
    throw { error: signal?.aborted ? 'cancelled' : 'server_garbage' };
  }
  if (response.ok) return answer;
  throw typeof answer?.error === 'string' ? answer : { error: 'server_garbage' };
}

const base64 = (bytes) => btoa(String.fromCharCode(...bytes));

async function binding(link) {
  if (link.fingerprint) return link.fingerprint;
  const text = new TextEncoder().encode(`foyer-host-v1\n${link.host.toLowerCase()}`);
  return [...new Uint8Array(await crypto.subtle.digest('SHA-256', text))].map((b) => b.toString(16).padStart(2, '0')).join('');
}

async function signed(link, me, name, skew) {
  const nonce = base64(crypto.getRandomValues(new Uint8Array(16)));
  const time = Date.now() + skew;
  const text = ['foyer-join-v1', link.room, me.identity, name, nonce, time, await binding(link)].join('\n');
  return {
    room: link.room, secret: link.secret, identity: me.identity, name, key: base64(me.key), nonce, time,
    signature: base64(await me.sign(text)), existing: link.existing, batches: true, wait: true,
  };
}

// join asks to be let in, and waits if a host has to: onWaiting is told so.
export async function join(link, me, name, { signal, onWaiting }) {
  let [skew, held, clocks, used, heard] = [0, false, 0, 0, Date.now()];
  for (;;) {
    const asked = Date.now();
    try {
      const request = { ...(await signed(link, me, name, skew)), held };
      const answer = await post('join', request, { signal, limit: held ? timeout : 15_000 });
      return { ...answer, skew: answer.time ? answer.time - Date.now() : skew };
    } catch (refusal) {
      if (refusal.error !== 'unreachable') heard = Date.now();
      if (refusal.error === 'clock' && refusal.time && clocks++ === 0) {
        skew = refusal.time - Date.now();
        continue;
      }
      if (refusal.error === 'join_used' && used++ === 0) continue;
      const waiting = refusal.error === 'waiting';
      if (!waiting && !(held && refusal.error === 'unreachable' && Date.now() - heard < silence)) throw byOurClock(refusal);
      held ||= waiting;
      if (waiting) onWaiting();
      await pause(1000 - (Date.now() - asked), signal);
    }
  }
}

// byOurClock gives the end of a ban by the clock of this computer.
function byOurClock(refusal) {
  if (refusal.until && refusal.time) refusal.until -= refusal.time - Date.now();
  return refusal;
}

function pause(ms, signal) {
  return new Promise((done, failed) => {
    const timer = setTimeout(done, Math.max(0, ms));
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      failed({ error: 'cancelled' });
    }, { once: true });
  });
}

// why asks the door why a token is no good any more. It returns the refusal, or nothing.
export async function why(room, token) {
  try {
    await post('members', { room }, { token, limit: 500 });
  } catch (refusal) {
    return byOurClock(refusal);
  }
  return undefined;
}

// history is the room's chat after the message of that ID, without one the last 50.
export async function history(room, token, after) {
  const all = [];
  for (let i = 0; i < 50; i++) {
    const { messages, more } = await post('chat', { room, after }, { token });
    all.push(...messages);
    if (!more || !messages.length) return all;
    after = messages[messages.length - 1].id;
  }
  throw { error: 'chat_endless' };
}

export const hand = (room, token, up) => post('hand', { room, up }, { token });
