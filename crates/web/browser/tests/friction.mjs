// Do rage clicks and dead clicks stand where a person would say so, and nowhere else? Runs labelled click
// scripts in a real Chromium and says how often the detector agrees.
//   node friction.mjs [--fresh] [part of a name]
import { fresh, scripts } from "./scripts.mjs";
import { html, launch, serve } from "./stage.mjs";

const AT_ONCE = 34;
const HANDS = 5;
const LEAST_PRECISION = 0.95;
const LEAST_RECALL = 0.9;

const isFresh = process.argv.includes("--fresh");
const only = process.argv.slice(2).find((a) => !a.startsWith("--"));
const wanted = (isFresh ? fresh : scripts).filter((s) => !only || s.name.includes(only));
const twice = wanted.filter((s, i) => wanted.findIndex((o) => o.name === s.name) !== i);
if (twice.length) throw new Error(`the name is taken: ${twice.map((s) => s.name)}`);
const started = Date.now();
const server = await serve((url) => {
  const n = /^\/s(\d+)$/.exec(url.pathname);
  const s = n && wanted[+n[1]];
  if (!s) return undefined;
  const head = `<script>localStorage.clear(); sessionStorage.clear();</script><style>body{margin:24px;font:16px sans-serif;min-height:600px}${s.page.css ?? ""}</style>`;
  return html(`k${n[1]}t${url.searchParams.get("t")}`, s.page.body + (s.page.js ? `<script>${s.page.js}</script>` : ""), { head });
});
const browser = await launch();
const home = `http://localhost:${server.port}`;

async function point(page, at) {
  if (Array.isArray(at)) return at;
  const box = await page.locator(at).first().boundingBox();
  if (!box) throw new Error(`nothing at ${at}`);
  return [box.x + box.width / 2, box.y + box.height / 2];
}

let busy = 0;
const waiting = [];
const free = async () => { while (busy >= HANDS) await new Promise((go) => waiting.push(go)); busy++; };
async function clicks(page, at, { n = 1, gap = 0, jitter = 0, dx = 0, dy = 0, button = "left", hold = 15 } = {}) {
  const [x, y] = await point(page, at);
  await page.mouse.move(x + dx, y + dy);
  const began = Date.now();
  const done = [];
  for (let i = 0; i < n; i++) {
    await new Promise((go) => setTimeout(go, Math.max(0, i * gap - (Date.now() - began))));
    // A computer that is busy moves the hand more slowly than the script says: then it says nothing.
    if (gap && Date.now() - began > i * gap + 70) page.isTooSlow = true;
    const turn = i * 2.4;
    const clickCount = gap && gap < 450 && jitter < 4 ? i + 1 : 1;
    // A hand does not wait until the page has heard of it.
    if (jitter) done.push(page.mouse.move(x + dx + Math.cos(turn) * jitter, y + dy + Math.sin(turn) * jitter));
    done.push(page.mouse.down({ button, clickCount }));
    await new Promise((go) => setTimeout(go, hold));
    done.push(page.mouse.up({ button, clickCount }));
  }
  await Promise.all(done);
}

// What a hand does. Pauses are part of it: nothing on the page could be waited for instead.
const hand = {
  async click(page, at, how = {}) {
    if (!how.gap) return clicks(page, at, how);
    // Quick clicks of too many hands at once would come slowly.
    await free();
    try { await clicks(page, at, how); } finally { busy--; waiting.shift()?.(); }
  },
  async wait(page, ms) { await page.waitForTimeout(ms); },
  async press(page, key, n = 1) { for (let i = 0; i < n; i++) await page.keyboard.press(key); },
  async hold(page, key) { await page.keyboard.down(key); },
  async release(page, key) { await page.keyboard.up(key); },
  async type(page, text) { await page.keyboard.type(text); },
  async focus(page, at) { await page.locator(at).focus(); },
  async wheel(page, dy) { await page.mouse.wheel(0, dy); },
  async move(page, at) { await page.mouse.move(...(await point(page, at)), { steps: 4 }); },
  async drag(page, from, dx, dy) {
    const [x, y] = await point(page, from);
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x + dx, y + dy, { steps: 6 });
    await page.mouse.up();
  },
  async see(page, selector) { await page.waitForSelector(selector); },
};

// One window runs many scripts, one after the other; nothing of the former is left in it.
async function run(page, s, n, turn = 0) {
  const key = `k${n}t${turn}`;
  page.isTooSlow = false;
  try {
    await page.goto(`${home}/s${n}?t=${turn}`, { waitUntil: "load" });
    for (const [what, ...how] of s.act) await hand[what](page, ...how);
    if (page.isTooSlow && turn < 5) { again++; return run(page, s, n, turn + 1); }
    await page.waitForTimeout(s.settle ?? 3300);
    // A page that has gone elsewhere has no more to say.
    const isThere = await page.evaluate(() => {
      if (!window.throughline || !window.throughline.version) return false;
      window.throughline.track("Over");
      window.throughline.flush();
      return true;
    });
    if (isThere) await server.until(s.name, () => server.items(key).some((i) => i.event === "Over"));
  } catch (e) {
    return { s, error: e.message.split("\n")[0], events: [] };
  }
  return { s, events: server.items(key).filter((i) => /^(Rage|Dead) Click$/.test(i.event)) };
}

let again = 0;
const outcomes = [];
// Those that take long begin first.
const order = wanted.map((s, n) => [s, n]).sort((a, b) => (b[0].settle ?? 0) - (a[0].settle ?? 0));
await Promise.all(Array.from({ length: Math.min(AT_ONCE, wanted.length) }, async () => {
  const context = await browser.newContext({ viewport: { width: 720, height: 640 } });
  const page = await context.newPage();
  page.on("dialog", (d) => d.accept().catch(() => {}));
  page.on("filechooser", () => {});
  page.on("popup", (p) => p.close().catch(() => {}));
  for (let next; (next = order.shift());) outcomes.push(await run(page, ...next));
}));
await browser.close();
server.close();

let isGood = true;
const failed = outcomes.filter((o) => o.error);
for (const o of failed) console.log(`could not be run: ${o.s.name}: ${o.error}`);
function measure(what, isLabelled, isTold) {
  const found = outcomes.filter((o) => isLabelled(o) && isTold(o)).length;
  const missed = outcomes.filter((o) => isLabelled(o) && !isTold(o));
  const wrong = outcomes.filter((o) => !isLabelled(o) && isTold(o));
  const precision = found / (found + wrong.length || 1);
  const recall = found / (found + missed.length || 1);
  for (const o of missed) console.log(`${what} not seen: ${o.s.name} (told: ${o.events.map((e) => e.event).join(", ") || "nothing"})`);
  for (const o of wrong) console.log(`${what} seen wrongly: ${o.s.name} (${o.s.label}; ${JSON.stringify(o.events[0].properties)})`);
  console.log(`${what.padEnd(5)} precision ${precision.toFixed(3)}  recall ${recall.toFixed(3)}  (${found} found, ${missed.length} missed, ${wrong.length} wrong)`);
  if (!only && (precision < LEAST_PRECISION || recall < LEAST_RECALL)) isGood = false;
}
const has = (event) => (o) => o.events.some((e) => e.event === event);
measure("rage", (o) => o.s.label === "rage", has("Rage Click"));
measure("dead", (o) => o.s.label === "dead", has("Dead Click"));
measure("both", (o) => o.s.label !== "innocent", (o) => o.events.length > 0);
const of = (label) => wanted.filter((s) => s.label === label).length;
console.log(`${wanted.length} scripts (${of("rage")} rage, ${of("dead")} dead, ${of("innocent")} innocent) of ${new Set(wanted.map((s) => s.kind)).size} kinds, ${again} hands too slow and asked again, in ${((Date.now() - started) / 1000).toFixed(1)} s`);
process.exit(isGood && !failed.length ? 0 : 1);
