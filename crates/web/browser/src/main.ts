// Starts the script on a page, and gives the page its words.
import { beginClicks } from "./clicks";
import { beginConsent, decide } from "./consent";
import { beginErrors } from "./errors";
import { beginForms } from "./forms";
import { beginFriction } from "./friction";
import { beginItems, identify, say, type Fields } from "./items";
import { beginPages, page } from "./pages";
import { attempt, guarded } from "./safe";
import { beginSearch } from "./search";
import { barrier, beginSending, flush, send } from "./send";
import { key, VERSION, wants } from "./settings";
import { write } from "./store";
import { beginVitals } from "./vitals";

function reset(): void {
  for (const name of ["s.user_id", "s.email", "session", "visitor", "met"]) write(name, "");
  barrier();
}

const words: Record<string, (...args: any[]) => void> = {
  track: (event: string, properties?: Fields, more?: Fields) => { if (event) say(event, properties, more); },
  identify, page, consent: decide, reset, flush,
};

function start(): void {
  const global = window as any;
  const stub = global.throughline;
  // Loaded twice, it counts once.
  if (!key || (stub && stub.version)) return;
  const api: any = { version: VERSION, push: (call: any) => { const [name, ...args] = call; if (words[name]) api[name](...args); return 0; } };
  for (const name of Object.keys(words)) api[name] = guarded(words[name]);
  api.push = guarded(api.push);
  global.throughline = api;

  beginConsent();
  beginItems(send);
  // Each part for itself: one that a browser cannot do leaves the others whole.
  const begin = (part: string, work: () => void) => { if (wants(part)) attempt(work); };
  begin("vitals", beginVitals);
  begin("errors", beginErrors);
  begin("search", beginSearch);
  begin("forms", beginForms);
  begin("clicks", beginClicks);
  begin("friction", beginFriction);
  attempt(() => beginSending());
  // What was called before we came belongs to this page.
  const early = Array.isArray(stub) ? stub : [];
  const decisions = early.filter((c) => c && c[0] === "consent");
  for (const call of decisions) api.push(call);
  attempt(beginPages);
  for (const call of early) if (decisions.indexOf(call) < 0) api.push(call);
}

attempt(() => {
  // A page that the browser draws in advance is no visit before it is shown.
  const whenShown = () => attempt(start);
  if ((document as any).prerendering) document.addEventListener("prerenderingchange", whenShown, { once: true });
  else whenShown();
});
