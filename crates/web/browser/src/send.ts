// Sends what waits: one request at a time, again after a while if the server cannot, and by beacon when
// the page is left.
import { mayStore, onConsent } from "./consent";
import { hidden, left } from "./moments";
import { adopt, BARRIER, next, put, queued, remove } from "./queue";
import { attempt, later, listen, uuid } from "./safe";
import { host, key } from "./settings";
import { read, write } from "./store";

const MOST_ITEMS = 100;
const MOST_LENGTH = 400_000;
/** Browsers take 64 KB for all beacons under way; what is not ASCII takes more than its length. */
const BEACON_BYTES = 60_000;
const PAUSE_MS = 700;
const LONGEST_WAIT_MS = 300_000;
const REFUSED = /^(400|401|403|404|413|422)$/;

// Kept from before the page's own scripts, and ours, wrap it.
const nativeFetch = window.fetch;
let flying: string[] = [];
let failures = 0;
let timer = 0;

const address = (lines: string[]): string =>
  host + "/v1/web?key=" + encodeURIComponent(key) + (lines[0] === BARRIER ? "&reset=1" : "");
const bodyOf = (lines: string[]): string =>
  '{"sent_at":"' + new Date().toISOString() + '","items":[' + lines.filter((l) => l !== BARRIER).join(",") + "]}";
const bytes = (text: string): number => new Blob([text]).size;

function plan(ms: number): void {
  clearTimeout(timer);
  timer = later(flush, ms);
}

/** Takes an item to be sent soon. */
export function send(line: string): void {
  put([line]);
  if (!flying.length && !failures) plan(queued().length >= MOST_ITEMS ? 0 : PAUSE_MS);
}

/** The next items belong to another visitor. */
export const barrier = (): void => put([BARRIER]);

const wait = (): number => Math.max(0, Math.min(+read("after") - Date.now(), LONGEST_WAIT_MS));

/** Sends what there is, unless another tab is doing so or the server has asked to wait. */
export function flush(): void {
  clearTimeout(timer);
  if (flying.length || !mayStore()) return;
  if (wait()) return plan(wait());
  const locks = (navigator as any).locks;
  const alone = locks && attempt(() => locks.request("tl:" + key, { ifAvailable: true }, (lock: unknown) => {
    if (lock) return post();
    if (queued().length) plan(1500 + Math.random() * 1500);
  }));
  if (!alone) void post();
  else alone.catch(() => post());
}

function ask(lines: string[], signal?: AbortSignal): Promise<Response> {
  const body = bodyOf(lines);
  // Answered or not, it survives the page; larger bodies may not ask for that.
  const init: RequestInit = { method: "POST", body, headers: { "Content-Type": "text/plain" }, credentials: "include", keepalive: bytes(body) < BEACON_BYTES, signal };
  return nativeFetch.call(window, address(lines), Object.setPrototypeOf(init, null));
}

async function post(): Promise<void> {
  if (flying.length) return;
  adopt();
  const lines = next(MOST_ITEMS, MOST_LENGTH);
  if (!lines.length || !mayStore()) return;
  flying = lines;
  let status = 0;
  let after = 0;
  try {
    const stop = new AbortController();
    const limit = later(() => stop.abort(), 30_000);
    const answer = await ask(lines, stop.signal);
    status = answer.status;
    after = +(answer.headers.get("Retry-After") || 0) * 1000;
    if (status === 200) heed(lines, await answer.text());
    clearTimeout(limit);
  } catch { /* no answer is as good as an answer that asks for another try */ }
  flying = [];
  if (!mayStore()) return;
  if (status === 200 || REFUSED.test(String(status))) {
    remove(lines);
    failures = 0;
    write("after", "");
    if (queued().length) plan(0);
  } else {
    const backoff = Math.min(1000 * 2 ** failures++, LONGEST_WAIT_MS) * (0.5 + Math.random() / 2);
    const ms = Math.min(Math.max(after, backoff), LONGEST_WAIT_MS);
    if (after) write("after", String(Date.now() + ms));
    plan(ms);
  }
}

// The visitor is told by a cookie that only the server reads. A browser that has sent something and is
// still new keeps no cookie of ours: then we say ourselves who visits.
function heed(lines: string[], text: string): void {
  const visitor = (/"visitor"\s*:\s*"(kept|new)"/.exec(text) || [])[1];
  if (visitor === "kept") { write("met", ""); write("visitor", ""); }
  if (visitor !== "new") return;
  if (read("met") && lines[0] !== BARRIER && !read("visitor")) write("visitor", uuid());
  write("met", "1");
}

/** The page may be gone in a moment: hands what is ours to the browser. */
function leave(): void {
  if (!mayStore() || failures || wait() || navigator.onLine === false) return;
  let lines: string[];
  while ((lines = next(MOST_ITEMS, BEACON_BYTES / 2, flying)).length) {
    const isTaken = attempt(() => {
      if (navigator.sendBeacon) return navigator.sendBeacon(address(lines), bodyOf(lines));
      ask(lines).catch(() => {});
      return true;
    });
    // What the browser does not take stays for the next page.
    if (!isTaken) return;
    remove(lines);
  }
}

/** Begins to send. */
export function beginSending(): void {
  // Telephones close a page that is hidden without another word.
  listen(document, "visibilitychange", () => { if (document.visibilityState === "hidden") { hidden.tell(); leave(); } });
  listen(window, "pagehide", () => { left.tell(); hidden.tell(); leave(); });
  listen(window, "online", () => { failures = 0; flush(); });
  onConsent((state) => { if (state === "denied") flying = []; else flush(); });
  // What former pages of this tab have left, and then what closed tabs have.
  if (queued().length) plan(PAUSE_MS);
  later(flush, 4000);
}
