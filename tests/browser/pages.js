// pages.js RUN PAGE…: a run's folder, whose page is tried out, and other pages, which are looked at; in a browser, from
// their files. Ends with 1 where anything is wrong. Screenshots lie in `screenshots` beside each page.
import { readFileSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const require = createRequire(import.meta.url);
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const [runFolder, ...others] = process.argv.slice(2);
const pages = [join(runFolder, "report.html"), ...others];
const faults = [];
const check = (right, what) => right || faults.push(what);

/** Whether a line of a chart passes through a box. */
const passes = `(line, box) => {
  const points = [...line.points].map((point) => point.matrixTransform(line.getScreenCTM()));
  return points.slice(1).some((to, at) => [...Array(201).keys()].some((step) => {
    const x = points[at].x + (to.x - points[at].x) * step / 200, y = points[at].y + (to.y - points[at].y) * step / 200;
    return x > box.left && x < box.right && y > box.top + 0.2 * box.height && y < box.bottom - 0.2 * box.height;
  }));
}`;

/** Texts outside their box, over each other, or struck through; what does not fit; what is said twice. */
function layout(passes) {
  const found = [];
  const struck = eval(passes);
  const shown = (element) => element.getBoundingClientRect().width > 0;
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > width) found.push("the page is wider than the window");
  for (const element of document.querySelectorAll("h1,h2,h3,p,dt,dd,td,th,button,li,figcaption,caption")) {
    const style = getComputedStyle(element);
    const box = element.getBoundingClientRect();
    if (!box.width || style.position === "absolute" || style.position === "fixed") continue;
    const name = `${element.tagName} "${element.textContent.trim().slice(0, 40)}"`;
    if (element.scrollWidth > element.clientWidth + 1 && element.clientWidth) found.push(`${name} is clipped`);
    if (!element.closest(".scroll") && box.right > width + 1) found.push(`${name} leaves the window`);
  }
  for (const box of document.querySelectorAll(".scroll"))
    if (box.scrollWidth > box.clientWidth + 1) found.push(`a part of "${box.getAttribute("aria-label")}" is scrolled away`);
  for (const heading of document.querySelectorAll("section > h2")) {
    const said = [...heading.parentElement.querySelectorAll("h3,svg text")].filter(shown).map((element) => element.textContent.trim());
    if (said.includes(heading.textContent.trim())) found.push(`"${heading.textContent}" is said twice`);
  }
  for (const figure of document.querySelectorAll("figure"))
    if ([...figure.querySelectorAll("svg[role=img]")].filter(shown).length !== 1) found.push(`${figure.id}: not one picture`);
  const findings = [...document.querySelectorAll(".index tbody tr")].map((row) => row.querySelector("[data-name=Found]"));
  for (const cell of findings) {
    const box = cell?.getBoundingClientRect();
    if (!box || box.width < 60 || box.right > width) found.push("what an entry found is not visible");
  }
  for (const [index, picture] of [...document.querySelectorAll("svg[role=img]")].filter(shown).entries()) {
    const lines = picture.querySelectorAll("polyline[stroke^='var(--series'],polyline[stroke='var(--ink)']");
    const frame = picture.getBoundingClientRect();
    const texts = [...picture.querySelectorAll("text")].map((text) => [text.textContent.trim(), text.getBoundingClientRect()]);
    for (const [at, [text, box]] of texts.entries()) {
      if (box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1 || box.bottom > frame.bottom + 1)
        found.push(`chart ${index}: "${text}" is cut`);
      if ([...lines].some((line) => struck(line, box))) found.push(`chart ${index}: "${text}" is struck through`);
      for (const [other, rival] of texts.slice(at + 1)) {
        const across = Math.min(box.right, rival.right) - Math.max(box.left, rival.left);
        // A line's box is taller than its letters.
        const down = Math.min(box.bottom, rival.bottom) - Math.max(box.top, rival.top) - 0.3 * Math.min(box.height, rival.height);
        if (across > 1 && down > 1) found.push(`chart ${index}: "${text}" overlaps "${other}"`);
      }
    }
  }
  return found;
}

const flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: flags });
const serious = async (page) => {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run());
  return violations.filter((rule) => ["serious", "critical"].includes(rule.impact));
};
for (const file of pages) {
  const address = pathToFileURL(resolve(file)).href;
  const screenshots = join(dirname(file), "screenshots");
  mkdirSync(screenshots, { recursive: true });
  for (const colorScheme of ["light", "dark"]) {
    for (const width of [360, 768, 1440]) {
      // axe is put in from outside, which the page's own policy forbids; the policy is checked below.
      const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme, bypassCSP: true });
      const where = `${file} at ${width} px, ${colorScheme}`;
      page.on("console", (message) => message.type() === "error" && faults.push(`${where}: console: ${message.text()}`));
      page.on("pageerror", (error) => faults.push(`${where}: ${error}`));
      page.on("request", (request) =>
        check(request.url() === address || request.url().startsWith("data:"), `${where}: request ${request.url()}`));
      await page.goto(address);
      await page.evaluate(() => document.fonts.ready);
      for (const fault of await page.evaluate(layout, passes)) faults.push(`${where}: ${fault}`);
      for (const rule of await serious(page))
        faults.push(`${where}: axe: ${rule.id}: ${rule.nodes[0].html.slice(0, 160)}`);
      await page.screenshot({ path: join(screenshots, `${basename(file, ".html")}-${width}-${colorScheme}.png`), fullPage: true });
      await page.close();
    }
  }
}

// What finds nothing must be able to find something: each fault is planted and must be seen.
const plants = {
  "is clipped": () => (document.querySelector("h1").style.cssText = "width:60px;overflow:hidden;white-space:nowrap"),
  "leaves the window": () => (document.querySelector("main > h1").style.cssText = "width:3000px"),
  "wider than the window": () => document.body.insertAdjacentHTML("beforeend", "<div style='width:3000px'>.</div>"),
  overlaps: () => {
    const text = document.querySelector("svg[role=img] text");
    text.after(text.cloneNode(true));
  },
  "is struck through": () => {
    const text = document.querySelector("svg[role=img] text");
    const { x, y, width, height } = text.getBBox();
    const line = document.createElementNS("http://www.w3.org/2000/svg", "polyline");
    line.setAttribute("points", `${x},${y + height / 2} ${x + width},${y + height / 2}`);
    line.setAttribute("stroke", "var(--series-1)");
    text.after(line);
  },
  "is said twice": () => (document.querySelector("svg[role=img] text").textContent = document.querySelector("section > h2").textContent),
  "is scrolled away": () => (document.querySelector("table").style.minWidth = "1200px"),
  "not one picture": () => (document.querySelector("figure > .wide").style.display = "none"),
  "is cut": () => document.querySelector("svg[role=img] text").setAttribute("x", "-40"),
};
for (const [word, plant] of Object.entries(plants)) {
  const page = await browser.newPage({ viewport: { width: 768, height: 900 }, bypassCSP: true });
  await page.goto(pathToFileURL(resolve(pages[0])).href);
  await page.evaluate(plant);
  const found = await page.evaluate(layout, passes);
  check(found.some((fault) => fault.includes(word)), `a planted fault was not seen: ${word}; found ${found}`);
  await page.close();
}
const unnamed = await browser.newPage({ bypassCSP: true });
await unnamed.goto(pathToFileURL(resolve(pages[0])).href);
await unnamed.evaluate(() => (document.getElementById("theme").textContent = ""));
check((await serious(unnamed)).some((rule) => rule.id === "button-name"), "axe does not see a button without a name");

// With the page's policy in force: values, keys, sorting, the switch.
const run = JSON.parse(readFileSync(join(runFolder, "run.json"), "utf8"));
const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, colorScheme: "light" });
page.on("console", (message) => message.type() === "error" && faults.push(`policy: ${message.text()}`));
await page.goto(pathToFileURL(resolve(runFolder, "report.html")).href);
check((await page.locator("figure").count()) === 4, "four charts");
for (const figure of await page.locator("figure").all()) {
  const box = await figure.boundingBox();
  check(box && box.width > 500 && box.height > 200, `a chart is not visible: ${JSON.stringify(box)}`);
}
const forward = run.batches[0].forwards[0].name;
for (const batch of run.batches) {
  for (const row of batch.processors) {
    const ratio = row.ratio[forward].median;
    const mark = page.locator(`#ratio .wide .values rect[aria-label^="${row.name} (${row.feed})"][aria-label*="batch ${batch.batch_size}:"]`);
    check(Number(await mark.getAttribute("data-value")) === ratio, `${row.name} at ${batch.batch_size}: data-value`);
    // By its own event, as a neighbour may lie above it.
    await mark.dispatchEvent("pointerover");
    const tip = await page.locator("#tip").textContent();
    const shown = Number(/: ([\d.,e-]+) /.exec(tip)?.[1].replaceAll(",", ""));
    check(Math.abs(shown - ratio) <= 0.06 * ratio, `${row.name} at ${batch.batch_size}: "${tip}" is not ${ratio}`);
  }
}
const largest = run.batches.reduce((most, batch) => (batch.batch_size > most.batch_size ? batch : most));
const saved = largest.processors.flatMap((row) => [row.ratio[forward].median, row.speedup_over_hf?.median]);
const cards = await page.locator(".numbers > div").evaluateAll((cards) => cards.map((card) => Number(card.dataset.value)));
check(cards.length === 3 && cards.every((value) => saved.includes(value)), `the first numbers are not the run's: ${cards}`);
const first = page.locator("#ratio .wide .values rect").first();
await first.scrollIntoViewIfNeeded();
// A scroll hides what is shown, and its event comes later.
await page.waitForTimeout(300);
const { x, y, width: across, height: down } = await first.boundingBox();
await page.mouse.move(x + across / 2, y + down / 2);
check(await page.locator("#tip").isVisible(), "hovering shows no value");
await first.focus();
await page.keyboard.press("ArrowRight");
const second = await page.locator("#ratio .wide .values rect").nth(1).getAttribute("aria-label");
check((await page.locator("#tip").textContent()) === second, "the arrow key does not reach the next value");

const column = async () =>
  page.locator("table tbody tr td:nth-child(3)").evaluateAll((cells) => cells.map((cell) => Number(cell.dataset.key)));
const sort = page.locator("table thead th:nth-child(3) button");
await sort.click();
const rising = await column();
const times = run.batches.flatMap((batch) => batch.processors.map((row) => row.preprocess_ms.estimate.median));
check(rising.join() === times.sort((a, b) => a - b).join(), "the sorted column is not the run's times");
check(rising.every((value, index) => !index || rising[index - 1] <= value), "sorting does not rise");
await sort.click();
check((await column()).join() === [...rising].reverse().join(), "sorting does not turn round");
check((await page.locator("table thead th:nth-child(3)").getAttribute("aria-sort")) === "descending", "aria-sort");

const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
const light = await paper();
await page.locator("#theme").click();
check((await paper()) !== light, "the switch changes nothing");
await page.locator("#theme").click();
check((await paper()) === light, "the switch does not go back");

// A request that the policy must refuse, on a page of its own, as its message is wanted.
const probe = await browser.newPage();
const refused = [];
probe.on("console", (message) => refused.push(message.text()));
await probe.goto(pathToFileURL(resolve(runFolder, "report.html")).href);
check(refused.length === 0, `with the policy in force: ${refused}`);
await probe.evaluate(() => fetch("https://example.invalid/").catch(() => {}));
await probe.waitForTimeout(100);
check(refused.some((text) => text.includes("Content Security Policy")), "the policy lets a request through");

const bare = await browser.newPage({ javaScriptEnabled: false, viewport: { width: 768, height: 900 } });
await bare.goto(pathToFileURL(resolve(runFolder, "report.html")).href);
check((await bare.locator("tbody tr").count()) === run.batches.flatMap((batch) => batch.processors).length, "rows without scripts");
await browser.close();

const unique = [...new Set(faults)];
for (const fault of unique) console.error(`browser-test: ${fault}`);
console.log(unique.length ? `browser-test: ${unique.length} faults` : "browser-test: nothing wrong at 360, 768 and 1440 px");
process.exit(unique.length ? 1 : 0);
