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

// The palette and the keys, with the keyboard alone: to a page, to a customer by name, to a saved view.
async function palette(tab, customer) {
  const is = async (what, holds) => (await holds) || faults.push(`by keyboard: ${what}`);
  const path = () => new URL(tab.url()).pathname;
  const goes = async (what, to, act) => {
    await Promise.all([tab.waitForURL((u) => u.pathname.startsWith(to), { timeout: 10_000 }).catch(() => {}), act()]);
    await is(`${what} leads to ${to}, not ${path()}`, path().startsWith(to));
  };
  const opens = async (keys) => {
    await tab.keyboard.press(keys);
    await tab.waitForSelector("dialog.palette[open] .places a, dialog.palette[open] .keys", { timeout: 10_000 }).catch(() => {});
    await is(`${keys} opens it`, tab.evaluate(() => document.querySelector("dialog.palette")?.open === true));
  };
  await tab.goto("/today");
  await opens("Control+k");
  await is("the letters go into it", tab.evaluate(() => document.activeElement.matches("dialog.palette input")));
  await tab.evaluate(axe);
  const found = await tab.evaluate(() => window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"] }));
  for (const v of found.violations) faults.push(`the palette: ${v.id}: ${v.help}: ${v.nodes[0].html}`);
  if (asked.pictures) await tab.screenshot({ path: `${asked.pictures}/palette.png` });
  await tab.keyboard.press("Escape");
  await is("Escape closes it", tab.evaluate(() => !document.querySelector("dialog.palette").open));
  await opens("Control+k");
  await goes("a journey's name and Enter", "/journeys/", async () => {
    await tab.keyboard.type("buy and");
    await tab.keyboard.press("Enter");
  });
  await opens("Control+k");
  await goes("a customer's name and Enter", "/customers/", async () => {
    await tab.keyboard.type(customer);
    await tab.keyboard.press("Enter");
  });
  await opens("Control+k");
  await is("where one was stands first", tab.evaluate(() => document.querySelector("dialog.palette h2")?.textContent === "Where you were"));
  await goes("arrows and Enter", "/journeys/", async () => {
    await tab.keyboard.press("ArrowDown");
    await tab.keyboard.press("Enter");
  });
  for (const [key, to] of [["c", "/customers"], ["j", "/journeys"], ["d", "/data"], ["t", "/today"]]) {
    await goes(`g ${key}`, to, async () => { await tab.keyboard.press("g"); await tab.keyboard.press(key); });
  }
  await opens("?");
  if (asked.pictures) await tab.screenshot({ path: `${asked.pictures}/keys.png` });
  await tab.keyboard.press("Escape");
  await tab.goto("/customers");
  const focused = () => tab.evaluate(() => document.activeElement.getAttribute("href") ?? "");
  await tab.keyboard.press("j");
  const first = await focused();
  await tab.keyboard.press("j");
  const second = await focused();
  await tab.keyboard.press("k");
  await is("j and k walk the list", first !== second && first.startsWith("/customers/") && (await focused()) === first);
  await goes("Enter", "/customers/", () => tab.keyboard.press("Enter"));
  // A view is saved on its page, and stands in the palette.
  await tab.goto("/customers?search=ana");
  await tab.getByText("Views", { exact: true }).focus();
  await tab.keyboard.press("Enter");
  await tab.getByLabel("Save this page as").fill("All the Anas");
  await Promise.all([tab.waitForNavigation(), tab.keyboard.press("Enter")]);
  await tab.goto("/today");
  await opens("Control+k");
  await goes("a saved view", "/customers", async () => {
    await tab.keyboard.type("anas");
    await tab.keyboard.press("Enter");
  });
  await is("the view keeps its search", new URL(tab.url()).searchParams.get("search") === "ana");
  // Keys of one letter can be turned off.
  await tab.goto("/go");
  await Promise.all([tab.waitForNavigation(), tab.getByText("Turn keys of one letter off").click()]);
  await tab.goto("/customers");
  await tab.keyboard.press("j");
  await is("keys of one letter are off", (await focused()) === "");
}

for (const [width, scheme] of [[360, "light"], [360, "dark"], [1440, "light"], [1440, "dark"]]) {
  for (const [cookies, pages] of [[asked.cookies, asked.pages], [[], ["/login"]]]) {
    const made = await context(width, scheme, cookies);
    const tab = await made.newPage();
    for (const path of pages) await look(tab, path, `${width} ${scheme}`);
    if (width === 1440 && scheme === "light" && cookies.length > 0) {
      await keys(tab);
      await palette(tab, asked.customer);
      for (const path of asked.sheets ?? []) await sheet(tab, path);
    }
    await made.close();
  }
}
await browser.close();
console.log(JSON.stringify({ looked, faults }));
