// A visitor of a shop whose pages carry our script, in a real browser:
// script.mjs <host> <key> <chromium> <folder of playwright-core>.
import http from "node:http";
import { createRequire } from "node:module";
import path from "node:path";

const [host, key, executablePath, modules] = process.argv.slice(2);
const { chromium } = createRequire(path.join(modules, "x.js"))("playwright-core");

const shop = `<!doctype html><title>Shop</title><script async src="${host}/tl.js" data-key="${key}"></script>
<h1>Shop</h1><a href="#" id="cart" onclick="history.pushState({}, '', '/shop/cart'); document.querySelector('h1').textContent = 'Cart'; return false">To the cart</a>
<p><button id="pay" type="button">Pay now</button></p>
<form id="address"><label>Street <input name="street"></label><button>Go on</button></form>`;
const server = http.createServer((_, response) => {
  response.setHeader("content-type", "text/html; charset=utf-8");
  response.end(shop);
});
await new Promise((done) => server.listen(0, "localhost", done));

// By its own name it would be taken for a program, also in what it sends on leaving.
const agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
const browser = await chromium.launch({ executablePath, args: [`--user-agent=${agent}`, "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"] });
const patience = setTimeout(() => { console.error(`no end after 40 seconds; so far ${events}`); process.exit(3); }, 40_000);
const context = await browser.newContext();
const page = await context.newPage();
const visitors = [];
const events = [];
const waiting = new Set();
const delivered = (name) => new Promise((done) => {
  const look = () => events.includes(name) && (waiting.delete(look), done());
  waiting.add(look);
  look();
});
page.on("response", async (response) => {
  if (!response.url().includes("/v1/web")) return;
  const answer = await response.json().catch(() => ({}));
  visitors.push(answer.visitor);
  for (const item of JSON.parse(response.request().postData() ?? "{}").items ?? []) events.push(item.event);
  for (const look of [...waiting]) look();
});
await page.goto(`http://localhost:${server.address().port}/shop?utm_campaign=spring&utm_source=mail&secret=1`);
await page.waitForFunction(() => typeof window.throughline?.flush === "function");
await page.evaluate(() => throughline.flush());
await delivered("Page Viewed");
await page.click("#cart");
const [x, y] = await page.locator("#pay").boundingBox().then((b) => [b.x + b.width / 2, b.y + b.height / 2]);
for (let n = 0; n < 4; n++) await page.mouse.click(x, y);
await delivered("Rage Click");
await page.fill("[name=street]", "Secret Street 7");
await page.evaluate(() => {
  throughline.track("Order Completed", { order_id: "o-1", revenue: 12.5, currency: "EUR" });
  throughline.identify("ana", { email: "ana@example.org", plan: "pro" });
  throughline.flush();
});
await delivered("Order Completed");
// Leaving sends what is left; nobody can wait for that answer but the server.
await page.goto("about:blank");
const kept = await context.cookies(`${host}/v1/web`);
clearTimeout(patience);
await browser.close();
server.close();
console.log(JSON.stringify({ visitors, cookies: kept.map((c) => ({ name: c.name, httpOnly: c.httpOnly, path: c.path })) }));
