// How the script behaves on a page: what it sends, when, and what it never does.
//   node sdk.mjs [part of a name]
import assert from "node:assert/strict";
import { html, launch, serve } from "./stage.mjs";

const only = process.argv[2];
const AT_ONCE = 6;
const pages = new Map();
const server = await serve((url) => {
  const name = url.hostname.split(".")[0];
  const page = pages.get(name + url.pathname) ?? pages.get(name);
  return typeof page === "function" ? page(url) : page;
});
const answers = new Map();
server.state.answer = (key, n, request) => (answers.get(key) ?? (() => ({ status: 200 })))(n, request);
const browser = await launch();
const tests = [];
let made = 0;

/** A test with a site of its own: `open` gives a page of it, `of` what has arrived of an event. */
const test = (name, work) => tests.push({ name, work });
async function stage(work) {
  const key = `t${++made}`;
  const context = await browser.newContext({ viewport: { width: 800, height: 600 } });
  const site = {
    key, context,
    at: (path = "/") => server.at(key, path),
    page: (body, options, path = "") => pages.set(key + path, typeof body === "function" ? body : html(key, body, options)),
    answer: (work) => answers.set(key, work),
    sent: () => server.sent.filter((s) => s.key === key),
    of: (event) => server.items(key).filter((i) => i.event === event),
    one: (event, holds = () => true) => server.until(event, () => server.items(key).find((i) => i.event === event && holds(i))),
    until: server.until,
    async open(path = "/", init) {
      const page = await context.newPage();
      if (init) await page.addInitScript(init);
      await page.goto(site.at(path));
      await page.waitForFunction(() => window.throughline && window.throughline.version);
      return page;
    },
    // What is sent last tells that everything before has arrived.
    async over(page) {
      const word = `Over ${Math.random()}`;
      await page.evaluate((w) => { throughline.track(w); throughline.flush(); }, word);
      await site.one(word);
    },
    leave: (page) => page.goto("about:blank"),
  };
  try { await work(site); } finally { await context.close(); }
}
const storage = (page) => page.evaluate(() => [...Object.keys(localStorage), ...Object.keys(sessionStorage)].filter((k) => k.startsWith("tl:")));

test("an item is a draft with its context", async (s) => {
  s.page("<p>Hello</p>", { title: "Lamps" });
  const page = await s.open("/lamps?utm_source=news&utm_campaign=spring&token=secret&gclid=g1");
  const item = await s.one("Page Viewed");
  assert.match(item.message_id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.ok(Math.abs(Date.parse(item.occurred_at) - Date.now()) < 60_000);
  assert.equal(item.channel, "web");
  assert.deepEqual(Object.keys(item).sort(), ["channel", "context", "event", "message_id", "occurred_at", "properties"]);
  const c = item.context;
  assert.equal(c.page.url, s.at("/lamps?utm_source=news&utm_campaign=spring&gclid=g1"));
  assert.equal(c.page.path, "/lamps");
  assert.equal(c.page.title, "Lamps");
  assert.deepEqual(c.campaign, { source: "news", name: "spring" });
  assert.equal(c.consent, "implied");
  assert.equal(c.library.name, "throughline.js");
  assert.ok(c.session_id && c.timezone && c.locale && c.viewport.width === 800 && c.screen.width);
  const [sent] = s.sent();
  assert.match(sent.type, /^text\/plain/);
  assert.ok(!sent.body.includes("secret"));
  assert.ok(JSON.parse(sent.body).sent_at);
  await page.evaluate(() => throughline.track("Order Completed", { total: 3 }, { refs: { order: "o1" } }));
  assert.deepEqual((await s.one("Order Completed")).refs, { order: "o1" });
});

test("pages of an application, none twice", async (s) => {
  s.page("<p>Home</p>");
  const page = await s.open("/");
  await s.one("Page Viewed");
  const go = (work) => page.evaluate(work);
  await go(() => { history.pushState({}, "", "/a"); document.title = "A"; });
  await s.one("Page Viewed", (i) => i.context.page.path === "/a" && i.context.page.title === "A");
  await go(() => history.pushState({}, "", "/a"));
  await go(() => history.replaceState({}, "", "/a?filter=1"));
  await go(() => { location.hash = "part"; });
  await go(() => { history.pushState({}, "", "/old"); history.replaceState({}, "", "/new"); });
  await s.one("Page Viewed", (i) => i.context.page.path === "/new");
  await go(() => history.back());
  await page.waitForFunction(() => location.hash === "#part");
  await s.over(page);
  assert.deepEqual(s.of("Page Viewed").map((i) => i.context.page.path), ["/", "/a", "/new", "/a"]);
  assert.equal(s.of("Page Viewed")[1].context.page.referrer, s.at("/"));
});

test("pages behind a hash", async (s) => {
  s.page("<p>Home</p>");
  const page = await s.open("/#/start");
  await s.one("Page Viewed");
  await page.evaluate(() => { location.hash = "#/cart?token=x"; });
  await s.one("Page Viewed", (i) => i.context.page.path === "/#/cart");
  await s.over(page);
  assert.equal(s.of("Page Viewed").length, 2);
  assert.ok(!s.sent().some((r) => r.body.includes("token")));
});

test("a page outside is the referrer, without its query", async (s) => {
  s.page("<p>Hello</p>");
  const page = await s.context.newPage();
  await page.goto(server.at(`out${s.key}`, "/search?q=private"));
  await page.setContent(`<a href="${s.at("/")}" referrerpolicy="unsafe-url">x</a>`);
  await page.click("a");
  assert.equal((await s.one("Page Viewed")).context.page.referrer, server.at(`out${s.key}`, "/search"));
});

test("consent is required: nothing is sent or stored before", async (s) => {
  s.page("<button>Buy</button>", { attributes: 'data-consent="required"' });
  const page = await s.open("/");
  await page.click("button");
  await page.evaluate(() => throughline.track("Early"));
  await page.evaluate(() => new Promise((go) => setTimeout(go, 1000))); // nothing is what is waited for
  assert.equal(s.sent().length, 0);
  assert.deepEqual(await storage(page), []);
  await page.evaluate(() => throughline.consent("granted"));
  const early = await s.one("Early");
  assert.equal(early.context.consent, "granted");
  assert.equal(s.of("Page Viewed").length, 1);
  assert.equal(s.of("Element Clicked").length, 1);
  await page.reload();
  // A page that goes before it has heard the answer leaves what it sent to the next one, which sends it
  // again: its id tells that it is the same.
  await s.until("the next page", () => new Set(s.of("Page Viewed").map((i) => i.message_id)).size === 2);
});

test("consent is denied: what waited is dropped, what was stored is gone", async (s) => {
  s.page("<p>x</p>", { attributes: 'data-consent="required"' });
  const page = await s.open("/");
  await page.evaluate(() => { throughline.track("Early"); throughline.consent("denied"); throughline.track("Later"); throughline.consent("granted"); throughline.track("Last"); });
  await s.one("Last");
  assert.equal(s.of("Early").length + s.of("Later").length, 0);
  await page.evaluate(() => { throughline.identify("u1"); throughline.consent("denied"); });
  assert.deepEqual(await storage(page), []);
});

test("a refusal of implied consent outlives the page", async (s) => {
  s.page("<p>x</p>");
  const page = await s.open("/");
  await s.one("Page Viewed");
  await page.evaluate(() => throughline.consent("denied"));
  await page.reload();
  await page.waitForFunction(() => window.throughline.version);
  await page.evaluate(() => { throughline.track("No"); throughline.consent("granted"); throughline.track("Yes"); });
  await s.one("Yes");
  assert.equal(s.of("No").length, 0);
  assert.equal(s.of("Page Viewed").length, 1);
});

test("a browser that refuses to be followed counts as denied until the person grants", async (s) => {
  s.page("<p>x</p>");
  const page = await s.open("/", () => Object.defineProperty(Navigator.prototype, "globalPrivacyControl", { get: () => true }));
  await page.evaluate(() => { throughline.track("No"); throughline.consent("granted"); throughline.track("Yes"); });
  await s.one("Yes");
  assert.equal(s.of("No").length + s.of("Page Viewed").length, 0);
});

test("without an answer it is kept over a reload", async (s) => {
  s.page("<p>x</p>");
  s.answer((n) => ({ status: n < 2 ? 500 : 200 }));
  const page = await s.open("/");
  await page.evaluate(() => { throughline.track("Kept"); throughline.flush(); });
  await s.until("a request", () => s.sent().length > 0);
  await page.reload();
  await s.one("Kept");
  await s.over(page);
  assert.equal(s.of("Kept").length, 1);
});

test("offline it is kept, and sent when the network is back", async (s) => {
  s.page("<p>x</p>");
  const page = await s.open("/");
  await s.one("Page Viewed");
  await s.context.setOffline(true);
  await page.evaluate(() => { throughline.track("Offline"); throughline.flush(); });
  await page.waitForFunction(() => Object.values(localStorage).some((v) => v.includes("Offline")));
  await s.context.setOffline(false);
  await s.one("Offline");
});

test("the queue is bounded, and says what it dropped", async (s) => {
  s.page("<p>x</p>");
  s.answer(() => ({ status: 503, headers: { "Retry-After": "2" } }));
  const page = await s.open("/");
  await s.until("a request", () => s.sent().length > 0);
  await page.evaluate(() => { for (let i = 0; i < 620; i++) throughline.track("N" + i, { pad: "x".repeat(300) }); });
  const size = await page.evaluate(() => Math.max(...Object.values(localStorage).map((v) => v.length)));
  assert.ok(size <= 256 * 1024, `${size}`);
  s.answer(() => ({ status: 200 }));
  await page.evaluate(() => throughline.track("Next"));
  const last = await s.one("Next");
  await s.over(page);
  const arrived = server.items(s.key);
  const dropped = arrived.reduce((sum, i) => sum + (i.properties.items_dropped ?? 0), 0);
  assert.ok(last.properties.items_dropped > 0);
  assert.equal(dropped + arrived.filter((i) => /^N\d/.test(i.event)).length + s.of("Page Viewed").length, 621);
});

test("503 with Retry-After is heeded, then sent once", async (s) => {
  s.page("<p>x</p>");
  s.answer((n) => (n ? { status: 200 } : { status: 503, headers: { "Retry-After": "2" } }));
  await s.open("/");
  await s.one("Page Viewed");
  const [first, second] = s.sent();
  assert.ok(second.at - first.at >= 1950, `${second.at - first.at}`);
  assert.equal(second.items[0].message_id, first.items[0].message_id);
});

for (const status of [400, 401, 403, 404, 413, 422]) {
  test(`${status} drops`, async (s) => {
    s.page("<p>x</p>");
    s.answer((n) => ({ status: n ? 200 : status }));
    const page = await s.open("/");
    await s.until("a request", () => s.sent().length > 0);
    await page.waitForFunction(() => !Object.keys(localStorage).some((k) => k.startsWith("tl:queue")));
    await s.over(page);
    assert.equal(s.of("Page Viewed").length, 0);
  });
}

test("what is left unsent goes by beacon", async (s) => {
  s.page("<p>x</p>");
  const page = await s.open("/");
  await s.one("Page Viewed");
  await page.evaluate(() => { addEventListener("pagehide", () => throughline.track("Goodbye"), true); });
  await page.evaluate(() => throughline.track("Just now"));
  await s.leave(page);
  await s.one("Just now");
});

test("more than a beacon takes is left for the next page", async (s) => {
  s.page("<p>x</p>");
  const page = await s.open("/");
  await s.one("Page Viewed");
  await page.evaluate(() => { for (let i = 0; i < 60; i++) throughline.track("Big " + i, { pad: "ü".repeat(2000) }); });
  await s.leave(page);
  const next = await s.open("/");
  await s.until("all of them", () => new Set(server.items(s.key).filter((i) => /^Big/.test(i.event)).map((i) => i.event)).size === 60);
  await s.over(next);
  // What was on its way when the page was left may come once more, as it was: its id tells.
  const said = new Map();
  for (const item of server.items(s.key)) {
    assert.deepEqual(item, said.get(item.message_id) ?? item);
    said.set(item.message_id, item);
  }
  assert.equal([...said.values()].filter((i) => /^Big/.test(i.event)).length, 60);
});

test("a form that is left is told, and no typed value ever", async (s) => {
  s.page('<form id="signup" action="/join?x=1"><label>Your name <input name="full_name"></label><input name="card" aria-label="Card"><textarea name="note"></textarea><button>Go</button></form><div data-tl-mask><form name="m"><input name="hidden_name"></form></div>');
  const page = await s.open("/");
  await page.fill("[name=card]", "4111222233334444");
  await page.fill("[name=full_name]", "Ana Secret");
  await page.locator("[name=full_name]").pressSequentially("Typed");
  await page.locator("[name=hidden_name]").pressSequentially("Masked");
  await s.leave(page);
  const item = await s.one("Form Abandoned", (i) => i.properties.form === "signup");
  assert.equal(item.properties.last_field, "full_name");
  assert.equal(item.properties.last_label, "Your name");
  assert.equal(item.properties.action, "/join");
  const masked = await s.one("Form Abandoned", (i) => i.properties.form === "masked");
  assert.equal(masked.properties.last_field, "masked");
  assert.ok(!/Secret|4111|Typed|hidden_name/.test(s.sent().map((r) => r.body).join("")));
});

test("a form that is sent is no abandoned one", async (s) => {
  s.page('<form id="f" onsubmit="return false"><input name="a"><button>Go</button></form>');
  const page = await s.open("/");
  await page.locator("[name=a]").pressSequentially("Word");
  await page.click("button");
  const item = await s.one("Form Submitted");
  assert.equal(item.properties.form, "f");
  assert.equal(item.properties.fields_touched, 1);
  await s.leave(page);
  const next = await s.open("/");
  await s.over(next);
  assert.equal(s.of("Form Abandoned").length, 0);
  assert.ok(!s.sent().some((r) => r.body.includes("Word")));
});

test("a form that is gone for half a minute is abandoned, one drawn anew is not", async (s) => {
  s.page('<div id="x"><form id="gone"><input name="a"></form></div><div id="y"><form id="again"><input name="b"></form></div>');
  const page = await s.context.newPage();
  await page.clock.install();
  await page.goto(s.at("/"));
  await page.waitForFunction(() => window.throughline && window.throughline.version);
  await page.locator("[name=a]").pressSequentially("x");
  await page.locator("[name=b]").pressSequentially("x");
  await page.evaluate(() => { document.getElementById("x").innerHTML = ""; const y = document.getElementById("y"); y.innerHTML = y.innerHTML; });
  for (let i = 0; i < 9; i++) await page.clock.runFor(5000);
  await s.one("Form Abandoned");
  assert.deepEqual(s.of("Form Abandoned").map((i) => i.properties.form), ["gone"]);
});

test("searches, with what they found", async (s) => {
  s.page((url) => html(s.key, url.searchParams.get("q") === "sofa" ? '<p data-tl-results="1,204">found</p>' : "<main><h1>Leider keine Treffer</h1></main>"));
  const page = await s.open("/find?q=sofa");
  assert.deepEqual((await s.one("Products Searched")).properties, { query: "sofa", results: 1204 });
  await page.goto(s.at("/find?q=xyzzy"));
  assert.deepEqual((await s.one("Products Searched", (i) => i.properties.query === "xyzzy")).properties, { query: "xyzzy", results: 0 });
  await page.goto(s.at("/find?q=xyzzy&page=2"));
  await page.waitForFunction(() => window.throughline.version);
  await s.over(page);
  assert.equal(s.of("Products Searched").length, 2);
});

const NOTHING = ["No results found for “x”", "Your search did not match any products", "0 results", "Keine Produkte gefunden", "Aucun résultat", "No se encontraron resultados", "Nenhum produto encontrado", "Nessun risultato", "Geen resultaten", "Brak wyników"];
NOTHING.forEach((words) => test(`nothing found: ${words}`, async (s) => {
  s.page(`<main>${words}</main>`);
  await s.open("/?search=thing");
  assert.equal((await s.one("Products Searched")).properties.results, 0);
}));

test("ten results are not none", async (s) => {
  s.page("<main>10 results for lamp. No registration needed.</main>");
  const page = await s.open("/?search=lamp");
  await s.leave(page);
  assert.deepEqual((await s.one("Products Searched")).properties, { query: "lamp" });
});

test("a search that is drawn in place is told once", async (s) => {
  s.page('<form role="search"><input name="q"><button>Go</button></form><main></main>', { head: "" });
  const page = await s.open("/");
  await page.evaluate(() => document.querySelector("form").addEventListener("submit", (e) => { e.preventDefault(); document.querySelector("main").textContent = "Nothing found"; }));
  await page.fill("[name=q]", "ana@example.org");
  await page.click("button");
  assert.deepEqual((await s.one("Products Searched")).properties, { query: "***", results: 0 });
  await s.over(page);
  assert.equal(s.of("Products Searched").length + s.of("Form Submitted").length, 1);
});

test("vital signs, once for each view", async (s) => {
  s.page('<h1>Big words</h1><button onclick="const t=performance.now();while(performance.now()-t<90);this.textContent=1">Slow</button><div id="d"></div>');
  const page = await s.open("/");
  await page.click("button");
  await page.evaluate(() => new Promise((go) => { setTimeout(() => { document.getElementById("d").style.height = "1px"; document.querySelector("h1").style.marginTop = "300px"; requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(go, 50))); }, 600); }));
  await s.leave(page);
  for (const name of ["LCP", "INP", "CLS"]) {
    const item = await s.one("Web Vital", (i) => i.properties.name === name);
    assert.match(item.properties.rating, /^(good|needs improvement|poor)$/);
    assert.ok(item.properties.value > 0, JSON.stringify(item.properties));
    assert.equal(s.of("Web Vital").filter((i) => i.properties.name === name).length, 1);
  }
  assert.ok(s.of("Web Vital").find((i) => i.properties.name === "INP").properties.value >= 80);
});

test("script errors, each once, ten at most", async (s) => {
  s.page("<script>setTimeout(() => { throw new Error('first for ana@example.org'); });setTimeout(() => Promise.reject(new TypeError('second')));</script><img src='/missing.png?x'>");
  const page = await s.open("/");
  await page.evaluate(() => {
    for (let i = 0; i < 3; i++) setTimeout(() => { throw new Error("same"); });
    for (let i = 0; i < 20; i++) setTimeout(() => { throw new Error("many " + i); });
    setTimeout(() => throughline.track("Thrown"), 50);
  });
  await s.one("Thrown");
  await s.over(page);
  const told = s.of("Script Error").map((i) => i.properties);
  assert.ok(told.length <= 10 && told.length >= 8, `${told.length}`);
  assert.equal(told.filter((p) => /same/.test(p.message)).length, 1);
  assert.ok(!JSON.stringify(told).includes("ana@"));
});

test("an error names its file and line", async (s) => {
  s.page("<p>x</p>\n\n<script>setTimeout(() => { nothing.here; }, 300)</script>");
  await s.open("/shop?secret=1");
  const { properties } = await s.one("Script Error");
  assert.deepEqual([properties.file, properties.line], ["/shop", 3]);
});

test("identify names this and later items of the tab, reset ends it", async (s) => {
  s.page("<p>x</p>");
  const page = await s.open("/");
  await page.evaluate(() => { throughline.identify("u1", { email: "ana@example.org", plan: "plus" }); throughline.track("After"); });
  assert.deepEqual((await s.one("After")).identifiers, { user_id: "u1", email: "ana@example.org" });
  assert.equal((await s.one("Identified")).properties.plan, "plus");
  assert.equal(s.of("Page Viewed")[0].identifiers, undefined);
  await page.reload();
  await s.until("the next page", () => s.of("Page Viewed").length === 2);
  assert.deepEqual(s.of("Page Viewed")[1].identifiers, { user_id: "u1", email: "ana@example.org" });
  await page.evaluate(() => { throughline.identify("u2"); throughline.track("Other"); throughline.reset(); throughline.track("Nobody"); });
  const nobody = await s.one("Nobody");
  assert.deepEqual(s.of("Other")[0].identifiers, { user_id: "u2" });
  assert.equal(nobody.identifiers, undefined);
  assert.notEqual(nobody.context.session_id, s.of("Other")[0].context.session_id);
  const request = s.sent().find((r) => r.items.includes(nobody));
  assert.equal(request.reset, "1");
  assert.ok(!request.items.some((i) => i.event === "Other"));
});

test("a browser that keeps no cookie names the visitor itself", async (s) => {
  s.page("<p>x</p>");
  s.answer(() => ({ status: 200, noCookie: true }));
  const page = await s.open("/");
  await s.over(page);
  await page.evaluate(() => { throughline.track("Again"); throughline.flush(); });
  await page.waitForFunction(() => localStorage.getItem("tl:visitor"));
  await s.over(page);
  const last = server.items(s.key).pop();
  assert.match(last.identifiers.anonymous_id, /^[0-9a-f-]{36}$/);
});

test("a browser that keeps the cookie sends no name of the visitor", async (s) => {
  s.page("<p>x</p>");
  const page = await s.open("/");
  for (let i = 0; i < 3; i++) await s.over(page);
  assert.ok(server.items(s.key).every((i) => !i.identifiers));
  assert.match(s.sent().pop().cookie, /visitor=1/);
});

test("what was called before the script came is heard", async (s) => {
  s.page(`<script>window.throughline = window.throughline || []; throughline.push(["identify", "u9"]); throughline.push(["track", "Early", { a: 1 }]);</script>`);
  const page = await s.open("/");
  const early = await s.one("Early");
  assert.deepEqual(early.identifiers, { user_id: "u9" });
  await page.evaluate(() => throughline.push(["track", "Pushed"]));
  await s.one("Pushed");
  assert.equal(s.of("Early").length, 1);
});

test("names are masked", async (s) => {
  s.page('<button id="a">Mail ana.b@example.org or 0171 234 5678</button><div data-tl-mask><button id="b">Ana Secret</button></div><a id="c" href="/orders?token=x" onclick="return false">My <span data-tl-mask>Secret</span> orders</a><button id="d">Hello <input value="Typed"></button><div id="e" data-tl="hero">Hero</div>');
  const page = await s.open("/");
  for (const id of "abcde") await page.click(`#${id}`, { position: { x: 3, y: 3 } });
  await s.over(page);
  const told = s.of("Element Clicked").map((i) => i.properties);
  assert.deepEqual(told.map((p) => p.id), ["a", "c", "d", "e"]);
  assert.equal(told[0].name, "Mail *** or ***");
  assert.equal(told[1].href, "/orders");
  assert.equal(told[1].name, "My orders");
  assert.equal(told[3].label, "hero");
  assert.ok(!/Secret|Typed|ana\.b|5678|token/.test(s.sent().map((r) => r.body).join("")));
});

test("two tabs send each item once", async (s) => {
  s.page("<p>x</p>");
  s.answer((n) => ({ status: n < 2 ? 503 : 200 }));
  const [one, two] = await Promise.all([s.open("/"), s.open("/two")]);
  await Promise.all([one, two].map((p, t) => p.evaluate((t) => { for (let i = 0; i < 20; i++) throughline.track(`T${t}-${i}`); throughline.flush(); }, t)));
  const of = () => server.items(s.key).filter((i) => /^T\d-/.test(i.event));
  await s.until("all of both", () => new Set(of().map((i) => i.event)).size === 40, 20_000);
  const ids = of().map((i) => i.message_id);
  assert.equal(new Set(ids).size, ids.length);
});

test("loaded twice it counts once", async (s) => {
  s.page(`<script src="/tl.js" data-key="SELF"></script>`.replace("SELF", "twice"));
  const page = await s.open("/");
  await page.evaluate(() => new Promise((go) => { const e = document.createElement("script"); e.src = "/tl.js?again"; e.dataset.key = "x"; e.onload = go; document.head.append(e); }));
  await page.evaluate(() => { throughline.track("Once"); throughline.flush(); });
  await server.until("the one", () => server.sent.some((r) => r.items.some((i) => i.event === "Once") && (r.key === s.key || r.key === "twice")));
  const all = server.sent.filter((r) => [s.key, "twice", "x"].includes(r.key) && r.body.includes(s.key + ".localhost")).flatMap((r) => r.items);
  assert.equal(all.filter((i) => i.event === "Once").length, 1);
  assert.ok(all.filter((i) => i.event === "Page Viewed").length <= 1);
});

test("what happens in frames is not ours", async (s) => {
  s.page('<iframe srcdoc="<button>Advertisement</button>" width="300" height="100"></iframe>');
  const page = await s.open("/");
  await page.frameLocator("iframe").locator("button").click();
  await s.over(page);
  assert.equal(s.of("Element Clicked").length, 0);
});

test("a page that breaks JSON and adds to all objects", async (s) => {
  s.page("<button>Buy</button>");
  const page = await s.open("/", () => {
    JSON.stringify = () => "broken";
    JSON.parse = () => { throw new Error("broken"); };
    Object.prototype.mode = "polluted";
    Object.prototype.extra = "polluted";
    Array.prototype.toJSON = () => "broken";
    Array.prototype.extra = () => "broken";
  });
  await page.click("button");
  await page.evaluate(() => { throughline.track("Whole", { list: [1, "two"], when: new Date(0), text: 'a "b"\n\u2028' }); throughline.flush(); });
  const item = await s.one("Whole");
  assert.deepEqual(item.properties, { list: [1, "two"], when: "1970-01-01T00:00:00.000Z", text: 'a "b"\n\u2028' });
  await s.one("Element Clicked");
});

test("a page with a strict policy", async (s) => {
  s.page(() => ({ html: html(s.key, "<button>Buy</button>"), headers: { "content-security-policy": "default-src 'none'; script-src 'self'; connect-src 'self'; require-trusted-types-for 'script'" } }));
  const page = await s.context.newPage();
  const faults = [];
  page.on("console", (m) => m.type() === "error" && faults.push(m.text()));
  page.on("pageerror", (e) => faults.push(e.message));
  await page.goto(s.at("/"));
  await page.click("button");
  await s.one("Element Clicked");
  assert.deepEqual(faults.filter((f) => !/favicon/.test(f)), []);
});

test("parts can be turned off", async (s) => {
  s.page("<button>Buy</button>", { attributes: 'data-clicks="off" data-spa="off" data-vitals="off"' });
  const page = await s.open("/");
  await page.click("button");
  await page.evaluate(() => history.pushState({}, "", "/next"));
  await s.over(page);
  await s.leave(page);
  assert.deepEqual([...new Set(server.items(s.key).map((i) => i.event.replace(/ 0\..*/, "")))].sort(), ["Over", "Page Viewed"]);
});

test("values that cannot be written do no harm", async (s) => {
  s.page("<p>x</p>");
  const page = await s.open("/");
  await page.evaluate(() => {
    const round = { a: 1 }; round.self = round;
    throughline.track("Round", round);
    throughline.track("Element", { e: document.body, f: () => 1, n: NaN, u: undefined });
    throughline.track("Large", { text: "x".repeat(50000) });
    throughline.track();
    throughline.identify(null);
    throughline.push(null);
    throughline.push(["nothing"]);
  });
  await s.over(page);
  assert.equal(s.of("Round").length, 1);
  assert.equal(s.of("Element")[0].properties.n, null);
  assert.deepEqual(s.of("Large")[0].properties, { left_out: "too large" });
  assert.ok(!s.sent().some((r) => r.items.some((i) => i.event === "unreadable")));
});

const started = Date.now();
const wanted = tests.filter((t) => !only || t.name.includes(only));
let passed = 0;
const failed = [];
const order = [...wanted];
await Promise.all(Array.from({ length: AT_ONCE }, async () => {
  for (let next; (next = order.shift());) {
    try { await stage(next.work); passed++; } catch (e) { failed.push(next.name); console.log(`FAILED ${next.name}\n  ${String(e.message).split("\n").slice(0, 12).join("\n  ")}`); }
  }
}));
await browser.close();
server.close();
console.log(`${passed} passed, ${failed.length} failed in ${((Date.now() - started) / 1000).toFixed(1)} s`);
process.exit(failed.length ? 1 : 0);
