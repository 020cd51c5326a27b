// Starts the headless Chromium that the package @sparticuz/chromium carries, so that a new machine needs no browser.
// It is built for Linux; elsewhere (macOS) a Chrome or Chromium on PATH, or where it is installed to, stands in.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { tmpdir } from 'node:os';
import puppeteer from 'puppeteer-core';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--font-render-hinting=none',
];
const INSTALLED = ['/Applications/Google Chrome.app/Contents/MacOS/Google Chrome', '/Applications/Chromium.app/Contents/MacOS/Chromium'];

const FONTS = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <dir>PACKAGED</dir>
  <cachedir>CACHE</cachedir>
</fontconfig>
`;

export async function withBrowser(work) {
  const folder = mkdtempSync(join(tmpdir(), 'crossrole-browser-'));
  let browser;
  const end = async () => {
    await browser?.close().catch(() => browser.process()?.kill('SIGKILL'));
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  };
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => end().finally(() => process.exit(1)));
  try {
    browser = await puppeteer.launch({
      executablePath: await executable(folder),
      headless: 'shell',
      args: FLAGS,
      protocolTimeout: 60_000,
      userDataDir: join(folder, 'profile'),
    });
    return await work(browser);
  } finally {
    await end();
  }
}

async function executable(folder) {
  if (process.platform !== 'linux') {
    const names = ['google-chrome', 'chromium', 'chrome'];
    const onPath = process.env.PATH.split(delimiter).flatMap((path) => names.map((name) => join(path, name)));
    const found = [...onPath, ...INSTALLED].find(existsSync);
    if (!found) throw new Error('no Chrome or Chromium is installed, and the packaged one runs on Linux alone');
    return found;
  }
  // The package unpacks itself, its fonts and the few libraries that a bare Linux lacks, into the temporary folder.
  process.env.TMPDIR = folder;
  const { default: chromium, inflate, setupLambdaEnvironment } = await import('@sparticuz/chromium');
  const packed = join(import.meta.dirname, 'node_modules', '@sparticuz', 'chromium', 'bin');
  await inflate(join(packed, 'al2023.tar.br'));
  setupLambdaEnvironment(join(folder, 'al2023', 'lib'));
  const binary = await chromium.executablePath();
  // The package's own configuration names folders of AWS Lambda; without any font no text is drawn at all.
  writeFileSync(join(folder, 'fonts', 'fonts.conf'), FONTS.replace('PACKAGED', join(folder, 'fonts')).replace('CACHE', join(folder, 'cache')));
  process.env.FONTCONFIG_PATH = join(folder, 'fonts');
  return binary;
}
