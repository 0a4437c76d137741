// What a click can bring about beside a change of the page's elements.
import { onChange } from "./changes";
import { cleanAddress, FIELDS } from "./describe";
import { rhythm } from "./rhythm";
import { attempt, listen, wrap } from "./safe";

/** `seen` by the person, or `silent`: something happened that a page need not show. */
export type Effect = "seen" | "silent";
export type Request = { start: number; end: number; isFailed: boolean };

const heard: Array<(kind: Effect) => void> = [];
const begun: Array<(r: Request) => void> = [];
const isRegular = rhythm();
let lastWheel = -1e9;

/** Requests that are under way. */
export const flying = new Set<Request>();
export const onEffect = (work: (kind: Effect) => void): void => { heard.push(work); };
export const onRequest = (work: (r: Request) => void): void => { begun.push(work); };
const tell = (kind: Effect) => (): void => { for (const work of heard) work(kind); };
const seen = tell("seen");
const silent = tell("silent");

/** Requests that count visits are sent with any click, and answer nobody. */
const COUNTS_VISITS = /analytic|telemetry|beacon|pixel|sentry|hotjar|amplitude|posthog|\/(collect|v1\/\w|track(ing|er)?|logs?|events?|rum|metrics)(\/|\?|$)/i;

function request(address: unknown): Request | undefined {
  const url = String((address as any).url || address);
  if (COUNTS_VISITS.test(url) || isRegular(cleanAddress(url))) return undefined;
  const r = { start: performance.now(), end: 0, isFailed: false };
  flying.add(r);
  for (const work of begun) work(r);
  return r;
}

function ended(r: Request | undefined, isOk: boolean): void {
  if (!r || r.end) return;
  r.end = performance.now();
  r.isFailed = !isOk;
  flying.delete(r);
  if (isOk) for (const work of begun) work(r);
}

/** Methods of the browser that do something outside the elements of the page. */
const SILENT = "Clipboard.writeText Clipboard.write HTMLMediaElement.play AudioScheduledSourceNode.start Navigator.share";
const SEEN = "alert confirm prompt print open";
const HAPPENS = "toggle change input invalid reset fullscreenchange play pause";

/** Whether the address led to another page; the place on a page behind `#` does not. */
let page = location.pathname + location.search;
function moved(): void {
  const now = location.pathname + location.search;
  if (now !== page) { page = now; seen(); }
}

function wrapRequests(): void {
  wrap(window, "fetch", null, (result, args) => {
    const init = args[1] || {};
    // Kept alive beyond the page, or sent without caring for an answer: it counts visits.
    if (init.keepalive || init.mode === "no-cors") return;
    const r = request(args[0]);
    if (r) result.then((a: Response) => ended(r, a.ok || a.type === "opaque"), () => ended(r, false));
  });
  const addresses = new WeakMap<object, string>();
  wrap(XMLHttpRequest.prototype, "open", (args, self) => { addresses.set(self, String(args[1])); });
  wrap(XMLHttpRequest.prototype, "send", (_, self: XMLHttpRequest) => {
    const r = request(addresses.get(self) || "");
    if (r) self.addEventListener("loadend", () => ended(r, self.status > 0 && self.status < 400));
  });
  wrap(WebSocket.prototype, "send", () => { if (!isRegular("socket")) silent(); });
}

/** Begins to watch. */
export function beginEffects(): void {
  onChange(seen);
  listen(window, HAPPENS, seen);
  listen(window, "copy", silent);
  listen(window, "focusin", (e: Event) => { if ((e.composedPath()[0] as Element).matches(FIELDS)) seen(); });
  // The window loses the focus to another one, or to a frame.
  window.addEventListener("blur", () => seen());
  // Only when the page itself scrolls: people who find that nothing happens scroll on.
  listen(window, "wheel touchmove keydown", () => { lastWheel = performance.now(); });
  listen(window, "scroll", (e: Event) => {
    if (performance.now() - lastWheel < 700 || isRegular(e.target || "")) return;
    seen();
  });
  listen(window, "popstate hashchange", moved);
  wrap(history, "pushState", null, moved);
  wrap(history, "replaceState", null, moved);
  const navigation = (window as any).navigation;
  if (navigation) listen(navigation, "navigate", (e: any) => { if (!e.hashChange && !attempt(() => e.destination.sameDocument)) seen(); });
  for (const name of SILENT.split(" ")) {
    const [owner, method] = name.split(".");
    attempt(() => wrap((window as any)[owner].prototype, method, silent));
  }
  for (const name of SEEN.split(" ")) wrap(window, name, seen);
  // A link or a field that a script clicks: a download, or the choice of a file.
  wrap(HTMLElement.prototype, "click", (_, self) => { if (/^(a|input)$/.test(self.localName)) silent(); });
  wrapRequests();
}
