// Opens pages in a real browser and says what is wrong with them.
//
// Standard input: {"chromium", "modules", "address", "cookies": [[name, value]], "pages": [path],
// "sheets"?: [path], "pictures"?: folder}. Standard output: {"looked": n, "faults": [text]}. What is checked stands in
// `look` and `keys`.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const asked = JSON.parse(readFileSync(0, "utf8"));
const require = createRequire(asked.modules + "/");
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const faults = [];
let looked = 0;

const browser = await chromium.launch({
  executablePath: asked.chromium,
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
  ],
});

async function context(width, colorScheme, cookies) {
  const made = await browser.newContext({
    viewport: { width, height: 900 }, colorScheme, reducedMotion: "reduce", baseURL: `http://${asked.address}`,
  });
  await made.addCookies(cookies.map(([name, value]) => ({ name, value, url: `http://${asked.address}` })));
  return made;
}

// Nothing broken, nothing wider than the window, nothing that WCAG 2.2 AA forbids.
async function look(tab, path, where) {
  const say = (text) => faults.push(`${path} ${where}: ${text}`);
  const hear = (message) => message.type() === "error" && say(`the console says: ${message.text()}`);
  const failed = (error) => say(`a script failed: ${error.message}`);
  const answered = (response) => {
    const own = new URL(response.url()).pathname === path.split("?")[0];
    if (response.status() >= 400 && !own) say(`${response.url()} answers ${response.status()}`);
  };
  // A page that is itself a failure is looked at like any other; the browser's word about it is not a fault.
  const told = path.startsWith("/nothing");
  if (!told) tab.on("console", hear);
  tab.on("pageerror", failed);
  tab.on("response", answered);
  await tab.goto(path, { waitUntil: "load" });
  const wide = await tab.evaluate(() => {
    const most = document.documentElement.clientWidth;
    if (document.scrollingElement.scrollWidth <= most) return null;
    const out = [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > most + 1);
    return out.slice(0, 3).map((e) => e.outerHTML.slice(0, 80)).join(" | ");
  });
  if (wide !== null) say(`wider than the window: ${wide}`);
  // Colours are the same at both widths, and the order of things in both colours: three of four will do.
  const all = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  if (where !== "360 dark") await tab.evaluate(axe);
  const violations = where === "360 dark" ? [] : (await tab.evaluate((runOnly) => window.axe.run(document, { runOnly }), all)).violations;
  for (const v of violations) {
    const n = v.nodes[0];
    say(`${v.id}: ${v.help} (${v.nodes.length}×, first ${n.target.join(" ")}: ${n.failureSummary?.replace(/\s+/g, " ")})`);
  }
  if (asked.pictures) {
    const name = path.replace(/[^a-z0-9]+/gi, "-").replace(/^-|-$/g, "") || "home";
    await tab.screenshot({ path: `${asked.pictures}/${name}-${where.replace(" ", "-")}.png`, fullPage: true });
  }
  tab.off("console", hear);
  tab.off("pageerror", failed);
  tab.off("response", answered);
  looked += 1;
}

// Printed, the page is one sheet of A3.
async function sheet(tab, path) {
  await tab.goto(path, { waitUntil: "load" });
  const pdf = await tab.pdf({
    preferCSSPageSize: true,
    ...(asked.pictures ? { path: `${asked.pictures}/${path.replace(/[^a-z0-9]+/gi, "-").replace(/^-|-$/g, "")}.pdf` } : {}),
  });
  const sheets = pdf.toString("latin1").match(/\/Type\s*\/Page\b/g)?.length ?? 0;
  if (sheets !== 1) faults.push(`${path} printed: ${sheets} sheets`);
}

// By keyboard alone: past the navigation, to the search, out of a menu.
async function keys(tab) {
  const is = async (what, holds) => (await holds) || faults.push(`by keyboard: ${what}`);
  await tab.goto("/customers");
  await tab.keyboard.press("Tab");
  await is("the first Tab leads to the skip link", tab.evaluate(() => document.activeElement.className === "skip"));
  await tab.keyboard.press("Enter");
  await is("the skip link leads to the page", tab.evaluate(() => location.hash === "#main"));
  await tab.keyboard.press("/");
  await is("/ leads to the search", tab.evaluate(() => document.activeElement.id === "search"));
  const menu = tab.locator("details.menu summary").first();
  if (await menu.count()) {
    await menu.focus();
    await tab.keyboard.press("Enter");
    await is("Enter opens a menu", tab.evaluate(() => document.querySelector("details.menu").open));
    await tab.keyboard.press("Escape");
    await is("Escape closes it", tab.evaluate(() => !document.querySelector("details.menu").open));
  }
}

for (const [width, scheme] of [[360, "light"], [360, "dark"], [1440, "light"], [1440, "dark"]]) {
  for (const [cookies, pages] of [[asked.cookies, asked.pages], [[], ["/login"]]]) {
    const made = await context(width, scheme, cookies);
    const tab = await made.newPage();
    for (const path of pages) await look(tab, path, `${width} ${scheme}`);
    if (width === 1440 && scheme === "light" && cookies.length > 0) {
      await keys(tab);
      for (const path of asked.sheets ?? []) await sheet(tab, path);
    }
    await made.close();
  }
}
await browser.close();
console.log(JSON.stringify({ looked, faults }));
