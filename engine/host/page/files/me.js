// Who the guest is: the Ed25519 key of this browser, which signs every join, and the name.
// Both are in the browser's own store for this door. The key cannot be read out of it, by
// this page or another; a ban holds for it.

const store = 'me';

function open() {
  return new Promise((done, failed) => {
    const request = indexedDB.open('foyer', 1);
    request.onupgradeneeded = () => request.result.createObjectStore(store);
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
    request.onblocked = () => failed(new Error('blocked'));
  });
}

function ask(db, mode, act) {
  return new Promise((done, failed) => {
    const transaction = db.transaction(store, mode);
    const request = act(transaction.objectStore(store));
    transaction.oncomplete = () => done(request.result);
    transaction.onabort = transaction.onerror = () => failed(transaction.error);
  });
}

// load returns the installation, a new one the first time. It throws if the browser keeps
// nothing, or has no such keys: Missing says which.
export async function load() {
  let db;
  try {
    db = await open();
  } catch {
    throw new Missing('page.no_storage');
  }
  let keys = await ask(db, 'readonly', (s) => s.get('key'));
  if (!keys) {
    let made;
    try {
      made = await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify']);
    } catch {
      throw new Missing('page.no_keys');
    }
    try {
      await ask(db, 'readwrite', (s) => s.add(made, 'key')).catch(() => {}); // another tab may be first
      keys = await ask(db, 'readonly', (s) => s.get('key'));
    } catch {
      throw new Missing('page.no_storage');
    }
    if (!keys) throw new Missing('page.no_storage');
  }
  const key = new Uint8Array(await crypto.subtle.exportKey('raw', keys.publicKey));
  const sum = new Uint8Array(await crypto.subtle.digest('SHA-256', key));
  return {
    key, identity: `u-${base32(sum.slice(0, 10))}`,
    sign: async (text) => new Uint8Array(await crypto.subtle.sign('Ed25519', keys.privateKey, new TextEncoder().encode(text))),
    get: (what) => ask(db, 'readonly', (s) => s.get(what)),
    put: (what, value) => ask(db, 'readwrite', (s) => s.put(value, what)).catch(() => {}),
  };
}

// Missing is something that this browser lacks; key is what to say.
export class Missing extends Error {
  constructor(key) {
    super(key);
    this.key = key;
  }
}

function base32(bytes) {
  const digits = 'abcdefghijklmnopqrstuvwxyz234567';
  let bits = '';
  for (const b of bytes) bits += b.toString(2).padStart(8, '0');
  return bits.match(/.{5}/g).map((five) => digits[parseInt(five, 2)]).join('');
}
