// Chromium for tests, with devices of its own unless it is to have the system's. $CHROMIUM is the browser, if it is another
// than Debian's.
import puppeteer from 'puppeteer-core';

export function launch({ args = [], headful = false, system = false } = {}) {
  const all = [
    '--use-fake-ui-for-media-stream', ...(system ? [] : ['--use-fake-device-for-media-stream']),
    '--autoplay-policy=no-user-gesture-required', '--allow-loopback-in-peer-connection',
    '--ignore-certificate-errors', // the room server's certificate is of its own making
    '--window-size=1100,800', '--window-position=0,0', '--disable-background-timer-throttling', '--disable-renderer-backgrounding', '--disable-gpu',
    ...args,
  ];
  if (process.getuid?.() === 0) all.push('--no-sandbox');
  return puppeteer.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', headless: !headful, args: all,
    ignoreDefaultArgs: ['--mute-audio'], defaultViewport: null,
  });
}
