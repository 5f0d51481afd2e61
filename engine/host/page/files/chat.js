// The room's chat is what the keeper says, in its order (docs/protocol.md, Chat).
import * as door from './door.js';
import * as words from './words.js';

const again = 2000; // a message without a receipt for so long is sent again
const last = 30_000; // or given back
const most = 4096; // bytes of a message
const kept = 1000; // messages that are shown

export class Chat {
  constructor(stay) {
    this.stay = stay;
    this.messages = []; // {id, from, name, text, ts}
    this.seen = new Set();
    this.waiting = new Map(); // id -> {text, since, timer}
    this.number = 0;
    this.changed = () => {};
  }

  get token() {
    return this.stay.room.engine?.token ?? this.stay.token;
  }

  batch(payload) {
    let said;
    try {
      said = JSON.parse(new TextDecoder().decode(payload));
    } catch {
      return;
    }
    const gap = this.number !== 0 && said.n !== this.number + 1;
    this.number = said.n;
    for (const m of said.m ?? []) this.add(m);
    for (const { id, from } of [...(said.m ?? []), ...(said.k ?? [])]) if (this.mine(from)) this.settle(id);
    for (const { id, from, error } of said.r ?? []) if (this.mine(from)) this.giveBack(id, { error: error === 'too_fast' ? 'chat_too_fast' : error });
    this.changed();
    if (gap) this.catchUp();
  }

  mine(id) {
    return id === this.stay.room.localParticipant.identity;
  }

  add(m) {
    const key = `${m.from ?? ''} ${m.id}`;
    if (this.seen.has(key) || typeof m.text !== 'string') return;
    this.seen.add(key);
    const at = this.messages.findLastIndex((other) => other.ts <= m.ts) + 1;
    this.messages.splice(at, 0, m);
    if (this.messages.length > kept) this.messages.shift();
  }

  // catchUp asks the door for what has come since the last message.
  async catchUp() {
    const newest = this.messages[this.messages.length - 1]?.id;
    try {
      for (const m of await door.history(this.stay.link.room, this.token, newest)) {
        this.add(m);
        if (this.mine(m.from)) this.settle(m.id);
      }
      this.problem = undefined;
    } catch (refusal) {
      if (refusal.error === 'chat_endless') this.problem = words.announced(words.t('failed.chat_history'), words.sentence(refusal).text);
    }
    this.changed();
    this.stay.view.changed();
  }

  // send says something. It throws a refusal at once if the text is no message.
  send(text) {
    const bytes = new TextEncoder().encode(text).length;
    if (!text.trim()) throw { error: 'message_empty' };
    if (bytes > most) throw { error: 'message_long', args: { length: bytes, limit: most } };
    if (this.stay.silenced) throw { error: 'muted' };
    const id = crypto.randomUUID();
    this.waiting.set(id, { text, since: Date.now() });
    this.deliver(id);
    this.changed();
  }

  async deliver(id) {
    const message = this.waiting.get(id);
    if (!message || this.stay.over) return;
    if (Date.now() - message.since > last) {
      this.giveBack(id, { error: 'unreachable' });
      return;
    }
    message.timer = setTimeout(() => this.deliver(id), again);
    try {
      const stream = await this.stay.room.localParticipant.streamText({
        topic: 'lk.chat', streamId: id, totalSize: new TextEncoder().encode(message.text).length,
      });
      await stream.write(message.text);
      await stream.close();
    } catch {
      // it is tried again
    }
  }

  settle(id) {
    clearTimeout(this.waiting.get(id)?.timer);
    this.waiting.delete(id);
  }

  // giveBack returns a text that nobody was told to whoever wrote it.
  giveBack(id, refusal) {
    const message = this.waiting.get(id);
    if (!message) return;
    this.settle(id);
    this.returned?.(message.text, refusal);
    this.changed();
  }

  close() {
    for (const id of [...this.waiting.keys()]) this.settle(id);
  }
}
