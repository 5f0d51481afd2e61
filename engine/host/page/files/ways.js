// Ways to the server's media beside those that it offers itself (engine/client/rtp/ways.go):
// a server behind port forwarding, 1:1 NAT or in a container offers its inside addresses
// alone. So its media ports are tried at the address by which the page was reached, by UDP,
// by TCP, and TCP at the door's own port.

const delay = 250; // that one way has before the next is tried beside it

let ways = [];

const isAddress = (text) => typeof text === 'string' && (/^\d+(\.\d+){3}$/.test(text) || /^[\da-f.]*:[\da-f:.]*$/i.test(text));

// use takes what the door says about its media, and the addresses of its name: Firefox
// takes no name. Without any, other browsers look it up.
export function use({ udp, tcp, door } = {}, addresses = []) {
  const own = window.location.hostname.replace(/^\[|\]$/g, '');
  let hosts = isAddress(own) || !Array.isArray(addresses) ? [own] : addresses.filter(isAddress).slice(0, 4);
  if (!hosts.length) hosts = [own];
  ways = [];
  const add = (name, network, priority, port, rest) => {
    if (!Number.isInteger(port) || port <= 0 || port >= 65536) return;
    hosts.forEach((host, i) => {
      ways.push(`candidate:${name}${i || ''} 1 ${network} ${priority - i} ${host} ${port} typ host${rest}`);
    });
  };
  add('foyer1', 'udp', 126 * 2 ** 24 - 1, udp, '');
  add('foyer2', 'tcp', 90 * 2 ** 24, tcp, ' tcptype passive');
  add('foyer3', 'tcp', 89 * 2 ** 24, door ? Number(window.location.port || 443) : 0, ' tcptype passive');
}

function widen(connection, n) {
  if (n >= ways.length || ['connected', 'closed'].includes(connection.connectionState)) return;
  const usernameFragment = /^a=ice-ufrag:(\S+)/m.exec(connection.remoteDescription?.sdp ?? '')?.[1];
  connection.addIceCandidate({ candidate: ways[n], sdpMLineIndex: 0, usernameFragment }).catch(() => {}); // no way then
  setTimeout(() => widen(connection, n + 1), delay);
}

// LiveKit's client keeps its connections to itself: each is met where it learns what the
// server offers.
const { setRemoteDescription } = window.RTCPeerConnection?.prototype ?? {};
if (setRemoteDescription) {
  RTCPeerConnection.prototype.setRemoteDescription = async function learn(...args) {
    const answer = await setRemoteDescription.apply(this, args);
    widen(this, 0);
    return answer;
  };
}
