// The invite link: what follows the # is what follows the address in a foyer: link. It
// stays in the browser; requests carry the secret in their body alone.

// read takes the link out of the page's address. Errors are {error}, as in a refusal.
export function read(location) {
  const rest = location.hash.slice(1);
  if (!rest) throw { error: 'link_empty' };
  const host = location.port ? location.host : `${location.host}:443`;
  const foyer = `foyer://${host}/${rest}`;
  const at = foyer.lastIndexOf('&c=');
  if (at < 0 || foyer.length < at + 11) throw { error: 'link_cut' };
  const body = foyer.slice(0, at);
  if (crc32(body) !== foyer.slice(at + 3, at + 11).toLowerCase()) throw { error: 'link_changed' };
  const question = rest.indexOf('?');
  const query = new URLSearchParams(rest.slice(question + 1));
  if (query.get('v') !== '1') throw { error: Number(query.get('v')) > 1 ? 'link_newer' : 'link_unreadable' };
  try {
    return {
      host, foyer: foyer.slice(0, at + 11), room: decodeURIComponent(rest.slice(0, question)), title: query.get('t') ?? '',
      secret: query.get('s') ?? '', existing: query.get('e') === '1', fingerprint: hex(query.get('f') ?? ''),
    };
  } catch {
    throw { error: 'link_unreadable' };
  }
}

function hex(base64url) {
  return [...atob(base64url.replace(/-/g, '+').replace(/_/g, '/'))].map((c) => c.charCodeAt(0).toString(16).padStart(2, '0')).join('');
}

// crc32 is the check code (IEEE).
function crc32(text) {
  let crc = -1;
  for (const byte of new TextEncoder().encode(text)) {
    crc ^= byte;
    for (let i = 0; i < 8; i++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ((crc ^ -1) >>> 0).toString(16).padStart(8, '0');
}
