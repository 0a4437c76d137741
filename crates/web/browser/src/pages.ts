// Views of pages, also where an application draws the next one without a new document.
import { cleanAddress, route } from "./describe";
import { currentView, look, say, type Fields } from "./items";
import { left, hidden, viewBegins, viewEnds } from "./moments";
import { guarded, later, listen, wrap } from "./safe";
import { wants } from "./settings";

/** Applications name the new page a moment after they have changed the address. */
const TITLE_MS = 50;

// The plain part behind `#` is a place on the page, not another page.
const address = (): string => location.pathname + location.search + route(location);
let seen = "";
let due = 0;

function told(): void {
  if (!due) return;
  clearTimeout(due);
  due = 0;
  say("Page Viewed");
}

function enter(referrer: string): void {
  seen = address();
  look(referrer);
  viewBegins.tell();
  if (!wants("pages")) return;
  due = later(told, TITLE_MS);
}

// Sites replace the query to note filters, which is no new page.
function moved(isReplaced: boolean): void {
  const now = address();
  const { url, referrer } = currentView();
  const isSamePage = isReplaced && now.split("?")[0] === seen.split("?")[0];
  if (now === seen) return;
  seen = now;
  if (isSamePage) return;
  // An address that is replaced at once, as redirects are, was never seen by anybody.
  if (due && isReplaced) { look(referrer); return; }
  told();
  viewEnds.tell();
  enter(url);
}

/** What the page says by itself. */
export function page(properties?: Fields): void {
  told();
  const name = properties && typeof properties.name === "string" ? { touchpoint: properties.name.slice(0, 512) } : undefined;
  say("Page Viewed", properties, name);
}

/** Begins to count views. */
export function beginPages(): void {
  // Where somebody came from inside the site is told by the page before.
  enter(document.referrer ? cleanAddress(document.referrer) : "");
  if (wants("spa")) {
    wrap(history, "pushState", null, () => moved(false));
    wrap(history, "replaceState", null, () => moved(true));
    listen(window, "popstate hashchange", () => moved(false));
  }
  // A page that comes back out of the browser's memory is seen again.
  listen(window, "pageshow", (e: PageTransitionEvent) => { if (e.persisted) { viewEnds.tell(); enter(currentView().referrer); } });
  hidden.on(guarded(told));
  left.on(guarded(told));
}
