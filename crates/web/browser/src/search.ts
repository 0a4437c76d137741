// What people search for on the site, and whether anything was found.
import { cut } from "./describe";
import { say } from "./items";
import { hidden, left, viewBegins } from "./moments";
import { attempt, later, listen } from "./safe";
import { read, write } from "./store";

/** Names under which sites carry what is searched for. */
const NAMES = /^(q|s|query|search(_?(query|term|text))?|keywords?|term|suche|recherche|buscar?|cerca|ricerca|zoek|szukaj)$/i;
/** The second page of results, and the same page again, are the same search. */
const SAME_MS = 5 * 60_000;
const LOOK_MS = 400;
const LOOKS = 8;

/** How sites say that they found nothing, in eight languages. */
const NOTHING = new RegExp(
  "(^|[^\\d.,])0 (r[eé]sul|risul|item|prod|match|ergeb|treffer|artik|wynik)" +
  "|\\bno (results?\\b|products?\\b|items?\\b|match|hay|se (han? )?(encon|hall)|hemos encon)|nothing (was )?found|(did|could)(n[’']t| not) (match|find) any" +
  "|keine? (ergeb|treffer|prod|arti|passend)|nichts gef|niets gev|aucune? (résul|prod|arti)" +
  "|(sin|sem|geen|ningún|nenhum|nessun) (resul|risul|prod|item|arti)" +
  "|não (encontr|fo(i|ram) encontr|há resul)|non (abbiamo|sono stati) trov|brak (wynik|produkt)|nie znale", "i");

let pending: { query: string; isNext: boolean } | undefined;
let timer = 0;

const box = (form: Element): HTMLInputElement | undefined =>
  Array.from(form.querySelectorAll("input")).find((i) => i.type === "search" || (NAMES.test(i.name) && /^(text|search)$/.test(i.type)));

/** Whether a form searches. */
export function isSearch(form: Element): boolean {
  const input = box(form);
  return !!input && (input.type === "search" || !!form.closest("[role=search],search") ||
    form.querySelectorAll("input:not([type=hidden],[type=submit]),textarea,select").length < 3);
}

// `undefined` as long as nothing tells.
function results(): number | undefined {
  const told = document.querySelector("[data-tl-results]");
  if (told) {
    const digits = /\d[\d.,  ]*/.exec(told.getAttribute("data-tl-results") || told.textContent || "");
    return digits ? +digits[0].replace(/\D/g, "") : undefined;
  }
  const main = document.querySelector<HTMLElement>("main,[role=main]") || document.body;
  return NOTHING.test(main.innerText.slice(0, 6000)) ? 0 : undefined;
}

function emit(): void {
  if (!pending) return;
  const { query } = pending;
  pending = undefined;
  clearTimeout(timer);
  const found = attempt(results);
  write("s.search", query + "|" + Date.now());
  say("Products Searched", found === undefined ? { query } : { query, results: found });
}

// Results come after the page: looks for them for a while.
function look(turn: number): void {
  timer = later(() => {
    if (!pending) return;
    if (turn >= LOOKS || document.querySelector("[data-tl-results]") || (turn > 1 && attempt(results) === 0)) emit();
    else look(turn + 1);
  }, LOOK_MS);
}

function begin(text: string, isNext = false): void {
  const query = cut(text, 100);
  if (!query || (pending && pending.query === query)) return;
  const [last, at] = read("s.search").split("|");
  if (last === query && Date.now() - +at < SAME_MS) return;
  emit();
  pending = { query, isNext };
  look(0);
}

function ofAddress(): void {
  emit();
  const text = location.search || location.hash.replace(/^[^?]*/, "");
  attempt(() => new URLSearchParams(text).forEach((value, name) => { if (NAMES.test(name)) begin(value); }));
}

/** Begins to tell of searches. */
export function beginSearch(): void {
  viewBegins.on(ofAddress);
  listen(window, "submit", (e: Event) => {
    const form = e.composedPath()[0] as HTMLFormElement;
    const input = isSearch(form) ? box(form) : undefined;
    // The next page will tell it by its address.
    if (input) begin(input.value, (form.getAttribute("method") || "get").toLowerCase() === "get" && NAMES.test(input.name));
  });
  hidden.on(() => { if (pending && !pending.isNext) emit(); });
  left.on(() => { if (pending && pending.isNext) pending = undefined; emit(); });
}
