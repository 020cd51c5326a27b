// Looks at a page as people do: on a phone and on a desk, light and dark, printed. `node look.mjs PAGE OUT NAME
// LOOK…` writes screenshots and a PDF to the folder OUT, and prints what is wrong as JSON.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { withBrowser } from './browser.mjs';

const [path, out, name, ...wanted] = process.argv.slice(2);
const url = pathToFileURL(path).href;
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const SIZES = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 900 } };
// A4 in CSS pixels, less the page's own margins.
const PAPER = { width: Math.round(((210 - 28) / 25.4) * 96), height: Math.round(((297 - 32) / 25.4) * 96) };
// A screenshot of more would be rejected by the browser.
const TALLEST = 16000;

mkdirSync(out, { recursive: true });
const found = await withBrowser(async (browser) => {
  const looks = {};
  for (const each of wanted) {
    const [size, scheme] = each.split('-');
    looks[each] = await look(browser, size, SIZES[size], scheme);
  }
  return { looks, print: await print(browser) };
});
process.stdout.write(JSON.stringify(found) + '\n');

async function opened(browser, viewport) {
  const page = await browser.newPage();
  const said = { console: [], requests: [] };
  page.on('console', (message) => said.console.push(message.text()));
  page.on('pageerror', (error) => said.console.push(String(error)));
  page.on('request', (request) => said.requests.push(request.url()));
  await page.setJavaScriptEnabled(false);
  await page.setViewport(viewport);
  return { page, said };
}

async function look(browser, size, viewport, scheme) {
  const { page, said } = await opened(browser, viewport);
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
  await page.goto(url);
  const shape = await page.evaluate(measured);
  const height = Math.min(TALLEST, await page.evaluate(() => document.documentElement.scrollHeight));
  await page.screenshot({ path: join(out, `${name}-${size}-${scheme}.png`), clip: { x: 0, y: 0, width: viewport.width, height } });
  const foreground = await page.evaluate(() => document.body.innerText);
  // The checker waits for promises, which a page without scripts never settles. It comes in by the browser's protocol,
  // which the page's own policy does not keep out.
  await page.setJavaScriptEnabled(true);
  await page.goto(url);
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() =>
    globalThis.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }),
  );
  await page.close();
  return {
    ...shape,
    console: said.console,
    requests: said.requests.filter((each) => each !== url),
    violations: violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(' | ')}`),
    text: foreground,
  };
}

// What sticks out of the page, and what is cut off inside a drawing.
function measured() {
  const root = document.documentElement;
  // On a phone the heads of tables are there for screen readers alone.
  const hidden = (each) => each && getComputedStyle(each).position === 'absolute';
  const wide = [...document.body.querySelectorAll('*')].filter(
    (each) => !each.closest('.drawing svg, .skip') &&
      !hidden(each) &&
      !hidden(each.closest('thead')) &&
      (each.getBoundingClientRect().right > root.clientWidth + 1 || (each.matches('th, td, dd, pre') && each.scrollWidth > each.clientWidth + 1)),
  );
  const inside = (box, outer) => box.left >= outer.left - 0.5 && box.right <= outer.right + 0.5;
  // A drawing is there once: as a graph where there is room for it, else as chains one below another.
  const displayed = (each) => each.checkVisibility();
  const twice = [...document.querySelectorAll('.drawing')].filter((each) => [...each.children].filter(displayed).length !== 1);
  const unseen = [...document.querySelectorAll('h1, h2, h3, svg text')].filter(displayed).filter((each) => {
    const { width, height } = each.getBoundingClientRect();
    return width < 4 || height < 6;
  });
  const cut = [...document.querySelectorAll('.drawing .node')].filter(displayed).filter((node) => {
    const shape = node.querySelector('polygon, path').getBoundingClientRect();
    return [...node.querySelectorAll('text')].some((text) => !inside(text.getBoundingClientRect(), shape));
  });
  const outside = [...document.querySelectorAll('.drawing svg')].filter(displayed).filter((svg) =>
    [...svg.querySelectorAll('text')].some((text) => !inside(text.getBoundingClientRect(), svg.getBoundingClientRect())) ||
    !inside(svg.getBoundingClientRect(), svg.parentElement.getBoundingClientRect()),
  );
  return {
    overflow: root.scrollWidth - root.clientWidth,
    wide: wide.map((each) => each.outerHTML.slice(0, 120)),
    cut: [...twice, ...unseen, ...cut, ...outside].map((each) => each.textContent.trim().slice(0, 120)),
  };
}

async function print(browser) {
  const { page, said } = await opened(browser, PAPER);
  await page.emulateMediaType('print');
  await page.goto(url);
  const shape = await page.evaluate(measured);
  const blocks = await page.evaluate(() => [...document.querySelectorAll('.grant, figure')].map((each) => each.getBoundingClientRect().height));
  const height = Math.min(TALLEST, await page.evaluate(() => document.documentElement.scrollHeight));
  await page.screenshot({ path: join(out, `${name}-print.png`), clip: { x: 0, y: 0, width: PAPER.width, height } });
  const pdf = Buffer.from(await page.pdf({ preferCSSPageSize: true, format: 'A4', printBackground: false, tagged: true }));
  writeFileSync(join(out, `${name}.pdf`), pdf);
  const whole = await page.evaluate(() => document.documentElement.scrollHeight);
  await page.close();
  return {
    ...shape,
    requests: said.requests.filter((each) => each !== url),
    pages: (pdf.toString('latin1').match(/\/Type\s*\/Page\b/g) ?? []).length,
    leastPages: Math.ceil(whole / PAPER.height),
    tallerThanPaper: blocks.filter((each) => each > PAPER.height).length,
  };
}
