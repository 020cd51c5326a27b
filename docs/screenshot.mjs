// Makes a picture of a report's page down to its first drawing, as a desk shows it: `node screenshot.mjs PAGE PICTURE`.
import { pathToFileURL } from 'node:url';
import { withBrowser } from '../tests/crossrole/report/browser.mjs';

const [path, picture] = process.argv.slice(2);
await withBrowser(async (browser) => {
  const page = await browser.newPage();
  await page.setViewport({ width: 1100, height: 1000 });
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'light' }]);
  await page.goto(pathToFileURL(path).href);
  const height = await page.evaluate(() => Math.ceil(document.querySelector('figure').getBoundingClientRect().bottom) + 24);
  await page.screenshot({ path: picture, clip: { x: 0, y: 0, width: 1100, height } });
});
