// Makes the items that are sent: drafts of interactions, as the native interface of the server takes them.
import { consent, mayStore, onConsent, type Consent } from "./consent";
import { cleanAddress, masked, route } from "./describe";
import { json } from "./json";
import { attempt, uuid } from "./safe";
import { VERSION } from "./settings";
import { read, write } from "./store";

export type Fields = Record<string, unknown>;
/** What page an item came from; pages of an application that draws itself anew change within one load. */
export type View = { url: string; path: string; referrer: string; title: string; campaign?: Fields };

const MOST_WAITING = 100;
/** A fact has at most 32 KB; what is longer would be refused. */
const LONGEST_ITEM = 31_000;
const SESSION_ENDS_MS = 30 * 60_000;

let view: View = { url: "", path: "", referrer: "", title: "" };
let waiting: Fields[] = [];
let dropped = 0;
let deliver: (line: string) => void;

export const currentView = (): View => view;
export const countDropped = (n: number): void => { dropped += n; write("dropped", dropped ? String(dropped) : ""); };

/** The page as it stands now. */
export function look(referrer: string): View {
  const campaign: Fields = {};
  attempt(() => new URLSearchParams(location.search).forEach((value, name) => {
    if (/^utm_\w+$/.test(name)) campaign[name === "utm_campaign" ? "name" : name.slice(4)] = masked(value).slice(0, 200);
  }));
  view = {
    url: cleanAddress(location.href, true), path: masked(location.pathname) + route(location), referrer, title: "",
    campaign: Object.keys(campaign).length ? campaign : undefined,
  };
  return view;
}

/** A session ends when nothing has happened for half an hour; tabs share it. */
function session(): string {
  const [id, at] = read("session").split("|");
  const now = Date.now();
  const current = id && now - +at < SESSION_ENDS_MS ? id : uuid();
  write("session", current + "|" + now);
  return current;
}

function context(of: View): Fields {
  const title = of === view ? masked(document.title).slice(0, 200) : of.title;
  if (of === view) view.title = title;
  return {
    page: { url: of.url, path: of.path, title, referrer: of.referrer },
    campaign: of.campaign,
    screen: { width: screen.width, height: screen.height },
    viewport: { width: innerWidth, height: innerHeight },
    locale: navigator.language,
    timezone: attempt(() => Intl.DateTimeFormat().resolvedOptions().timeZone),
    session_id: session(),
    library: { name: "throughline.js", version: VERSION },
  };
}

/** Who it is, as far as the page has said in this tab, and who visits where the browser keeps no cookie of ours. */
function identifiers(): Fields | undefined {
  const all: Fields = {};
  for (const [kind, name] of [["user_id", "s.user_id"], ["email", "s.email"], ["anonymous_id", "visitor"]]) {
    const value = read(name);
    if (value) all[kind] = value;
  }
  return Object.keys(all).length ? all : undefined;
}

/** Says that something happened. `more` are other fields of a draft, such as `refs` or `money`. */
export function say(event: string, properties?: unknown, more?: Fields, of: View = view): void {
  if (consent() === "denied") return;
  const own = properties && typeof properties === "object" ? (properties as Fields) : {};
  const item: Fields = {};
  for (const k of Object.keys(more || {})) item[k] = more![k];
  item.message_id = uuid();
  item.event = String(event).slice(0, 200);
  item.occurred_at = new Date();
  item.channel = "web";
  // Copied now: the page may go on to change what it gave us.
  item.properties = own;
  const who = identifiers();
  if (who && !item.identifiers) item.identifiers = who;
  item.context = context(of);
  if (mayStore()) return hand(item);
  item.properties = Object.assign({}, own);
  waiting.push(item);
  if (waiting.length > MOST_WAITING) { waiting.shift(); dropped++; }
}

function hand(item: Fields): void {
  (item.context as Fields).consent = consent();
  const lost = dropped || +read("dropped");
  const properties = Object.assign({}, item.properties as Fields);
  if (lost) properties.items_dropped = lost;
  item.properties = properties;
  let line = json(item);
  if (line.length > LONGEST_ITEM) {
    item.properties = { left_out: "too large" };
    line = json(item);
  }
  if (lost) { dropped = 0; write("dropped", ""); }
  deliver(line);
}

/** Begins to hand items over. */
export function beginItems(to: (line: string) => void): void {
  deliver = to;
  onConsent((state: Consent) => {
    const kept = waiting;
    waiting = [];
    dropped = state === "denied" ? 0 : dropped;
    if (state === "granted") kept.forEach(hand);
  });
}

/** Names the person for this and later items of the tab. */
export function identify(who: unknown, traits?: unknown): void {
  if (who && typeof who === "object") { traits = who; who = undefined; }
  const said = (traits || {}) as Fields;
  const id = who === null || who === undefined ? "" : String(who).slice(0, 512);
  // Another person: what the page said about the former one is not theirs.
  if (id && id !== read("s.user_id")) write("s.email", "");
  if (id) write("s.user_id", id);
  if (typeof said.email === "string" && said.email) write("s.email", said.email.slice(0, 512));
  say("Identified", said);
}
