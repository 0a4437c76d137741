// The stage of the tests: a server that serves pages and plays Throughline, and a browser.
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { readFileSync, existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

const tools = process.env.THROUGHLINE_TOOLS ?? join(homedir(), ".cache/throughline");
const require = createRequire(join(tools, "browser/node_modules/"));
const script = new URL("../../assets/tl.js", import.meta.url);

/** Chromium, without the thrift that slows the timers of pages behind others. */
export async function launch() {
  const known = [process.env.THROUGHLINE_CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
  const executablePath = known.find((p) => p && existsSync(p));
  if (!executablePath) { console.log("skipped: there is no Chromium"); process.exit(3); }
  const { chromium } = require("playwright-core");
  return chromium.launch({
    executablePath,
    args: [
      "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync", "--disable-background-timer-throttling",
      "--disable-backgrounding-occluded-windows", "--disable-renderer-backgrounding", "--autoplay-policy=no-user-gesture-required",
    ],
  });
}

/**
 * Serves `pages` (path to HTML, or to a function of the request) for every name below `localhost`, keeps
 * what is sent to `/v1/web`, and answers it as `answer(key, n)` says: a status, or status and headers.
 */
export async function serve(pages) {
  const sent = []; // {key, reset, body, items, cookie, type}
  const waiting = new Set();
  const state = { answer: () => ({ status: 200 }) };
  const tell = () => { for (const look of [...waiting]) look(); };
  const server = createServer((request, response) => {
    const url = new URL(request.url, `http://${request.headers.host}`);
    let body = "";
    request.on("data", (d) => { body += d; });
    request.on("end", () => {
      const reply = (status, headers, text) => { response.writeHead(status, headers); response.end(text); };
      if (url.pathname === "/tl.js") return reply(200, { "content-type": "text/javascript", "cross-origin-resource-policy": "cross-origin" }, readFileSync(script));
      if (url.pathname === "/v1/web") {
        const key = url.searchParams.get("key");
        const origin = request.headers.origin ?? "*";
        const told = state.answer(key, sent.filter((s) => s.key === key).length, request);
        const cors = { "access-control-allow-origin": origin, "access-control-allow-credentials": "true", "access-control-expose-headers": "Retry-After" };
        const cookie = request.headers.cookie ?? "";
        const isKept = /visitor=/.test(cookie);
        const headers = { "content-type": "application/json", ...cors, ...(told.noCookie ? {} : { "set-cookie": "visitor=1; Path=/v1/; HttpOnly" }), ...told.headers };
        sent.push({ key, reset: url.searchParams.get("reset"), body, items: read(body), cookie, type: request.headers["content-type"], status: told.status, at: Date.now() });
        tell();
        return reply(told.status, headers, JSON.stringify({ success: true, visitor: isKept ? "kept" : "new" }));
      }
      const ms = +(url.searchParams.get("ms") ?? 0);
      const open = { "access-control-allow-origin": "*" };
      if (url.pathname === "/ok") return void setTimeout(() => reply(200, { "content-type": "application/json", ...open }, '{"ok":true}'), ms);
      if (url.pathname === "/fail") return void setTimeout(() => reply(500, open, "no"), ms);
      if (url.pathname === "/gone") return void setTimeout(() => response.destroy(), ms);
      if (url.pathname === "/collect" || url.pathname === "/pixel.gif") return reply(200, open, "");
      const page = typeof pages === "function" ? pages(url) : pages[url.pathname];
      if (page === undefined) return void setTimeout(() => reply(200, { "content-type": "text/html" }, "<!doctype html><title>Other</title><p>Another page</p>"), ms);
      const told = typeof page === "string" ? { html: page } : page;
      setTimeout(() => reply(200, { "content-type": "text/html; charset=utf-8", ...told.headers }, told.html), ms);
    });
  });
  await new Promise((go) => server.listen(0, "127.0.0.1", go));
  const port = server.address().port;
  const items = (key) => sent.filter((s) => s.key === key && s.status === 200).flatMap((s) => s.items);
  /** Waits until `holds()` gives something. */
  const until = (what, holds, ms = 12_000) => new Promise((go, fail) => {
    const look = () => { const found = holds(); if (found) { clearTimeout(limit); waiting.delete(look); go(found); } };
    const limit = setTimeout(() => { waiting.delete(look); fail(new Error(`never came: ${what}`)); }, ms);
    waiting.add(look);
    look();
  });
  return { port, sent, items, until, state, at: (name, path = "/") => `http://${name}.localhost:${port}${path}`, close: () => server.closeAllConnections() || server.close() };
}

function read(body) {
  try { return JSON.parse(body).items; } catch { return [{ event: "unreadable", body }]; }
}

/** A page with our script. */
export const html = (key, body, { head = "", attributes = "", title = "Shop" } = {}) =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title>${head}<script async src="/tl.js" data-key="${key}" ${attributes}></script><body>${body}</body></html>`;
