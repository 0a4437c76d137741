// Tells what looks clickable, and what is innocent by its nature however often it is clicked.
import { isControl, pathOf } from "./clicks";
import { describe, FIELDS } from "./describe";
import { attempt } from "./safe";

/** Fields answer by taking the focus, by their own menu or by what is typed. */
const FIELD = FIELDS + ",option,[role=textbox],[role=searchbox],[role=slider],[role=spinbutton],[role=scrollbar]";
/** What is drawn inside these nobody but their script can see. */
const OPAQUE = "canvas,video,audio,embed,object,iframe";
const ALREADY = "[aria-current]:not([aria-current=false]),[role=tab][aria-selected=true],[role=option][aria-selected=true],[role$=radio][aria-checked=true]";
const OFF = "[disabled],[aria-disabled=true],[inert]";
const MAP = /\b(map|mapbox\w*|maplibre\w*|leaflet)\b/i;
const STEPPER = /(in|de)cre(ase|ment)|stepper|quantity|\bqty|carousel|slick|swip|splide|slider|zoom|volume|pag(er|ination)/i;
const STEP_NAME = /^([+\-−‹›«»<>←→↑↓▲▼]|\d|prev(ious)?( \w+)?|next (slide|image|photo|picture|month|page)|plus|minus)$/i;

const classOf = (e: Element): string => e.getAttribute("class") || "";

/** What was clicked, as a person sees it. */
export type Unit = { element: Element; isControl: boolean; path: Element[] };

const pointer = (e: Element): boolean => getComputedStyle(e).cursor === "pointer";

// Blue and underlined, but no link: a drawing of one.
function looksLikeLink(e: Element): boolean {
  const style = getComputedStyle(e);
  return /underline/.test(style.textDecorationLine) && !/^(u|ins|abbr)$/.test(e.localName) && !!e.parentElement && style.color !== getComputedStyle(e.parentElement).color;
}

/** The element that somebody meant to click, if it looks as if it could be. */
export function unitOf(e: Event): Unit | undefined {
  const path = pathOf(e);
  const control = path.find(isControl);
  if (control) return { element: control, isControl: true, path };
  const target = path[0];
  if (!target || target === document.body || target === document.documentElement) return undefined;
  if (pointer(target) && !pointer(document.body)) {
    // The pointer is inherited: the outermost that has it is what answers.
    let outer = target;
    for (const n of path) {
      if (n === document.body || !pointer(n)) break;
      outer = n;
    }
    return { element: outer, isControl: false, path };
  }
  const drawn = path.slice(0, 3).find((n) => /\b(btn|button)\b/i.test(classOf(n)) || looksLikeLink(n));
  return drawn && { element: drawn, isControl: false, path };
}

/** Whether a click on this can never be told to be dead. */
export function isInnocent(unit: Unit, e: MouseEvent): boolean {
  const { element, path } = unit;
  if (e.ctrlKey || e.metaKey || e.shiftKey || e.altKey) return true;
  const within = path.slice(0, path.indexOf(element) + 1);
  if (within.some((n) => n.matches(OPAQUE) || n.matches(FIELD) || n.matches(ALREADY))) return true;
  if (path.some((n) => n.matches(OFF))) return true;
  // A label answers by its field.
  if (path.some((n) => n.localName === "label" && (n as HTMLLabelElement).control)) return true;
  // What is drawn in a closed room of its own is its own affair.
  if (path[0].localName.indexOf("-") > 0 && !path[0].shadowRoot) return true;
  if (path.some((n) => n.localName === "svg" && isAnimated(n))) return true;
  // Buttons beside a drawing change what is drawn; nobody sees that from outside.
  if (Array.from(document.querySelectorAll("canvas")).some((c) => c.offsetWidth > 99)) return true;
  return isElsewhere(element) || (/\b(active|current|selected)\b/.test(classOf(element)) && element.matches("a,[role=tab],li,button"));
}

const isAnimated = (svg: Element): boolean =>
  !!svg.querySelector("animate,animateTransform") || !!(svg as any).getAnimations({ subtree: true }).length;

/** Links that lead out of the page without a trace on it: another window, a file, a program. */
function isElsewhere(e: Element): boolean {
  const href = e.getAttribute("href");
  if (href === null) return false;
  const target = e.getAttribute("target");
  if ((target && !/^_(self|top|parent)$/.test(target)) || e.hasAttribute("download")) return true;
  const url = attempt(() => new URL(href, document.baseURI));
  if (!url) return false;
  if (!/^(https?|javascript):$/.test(url.protocol)) return true;
  // A place on this page that is there, and perhaps in view already.
  const place = url.hash.slice(1);
  return !!place && url.href.split("#")[0] === location.href.split("#")[0] &&
    !!(document.getElementById(place) || document.getElementsByName(place)[0]);
}

/** Whether many clicks in a row are how this is used. */
export function isClickedOften(unit: Unit | undefined, e: MouseEvent, path: Element[]): boolean {
  const near = path.slice(0, 4);
  if (near.some((n) => n.matches(OPAQUE) || n.matches(FIELD))) return true;
  if (path.some((n) => MAP.test(classOf(n) + " " + n.id)) && !(unit && unit.isControl)) return true;
  const isPicture = path[0].localName === "img" || path[0].localName === "svg";
  if (isPicture && !unit && (e as PointerEvent).pointerType === "touch") return true;
  if (!unit) {
    // The bare ground of a page; or text, which three clicks select.
    const box = path[0].getBoundingClientRect();
    if (box.width * box.height > 0.4 * innerWidth * innerHeight) return true;
    return !!String(getSelection() || "");
  }
  if (unit.element.parentElement && unit.element.parentElement.querySelector("input[type=number],[role=spinbutton]")) return true;
  const said = describe(unit.element);
  return STEP_NAME.test(String(said.name || "")) ||
    [unit.element, unit.element.parentElement].some((n) => !!n && STEPPER.test(classOf(n) + " " + n.id + " " + (n.getAttribute("aria-label") || "")));
}

/** What of the surroundings can be seen, for answers that only the style sheet gives. */
export function surroundings(of: Element): string {
  const around = (of.parentElement && of.parentElement.parentElement) || of.parentElement;
  if (!around || around === document.documentElement) return "";
  const all = around.querySelectorAll<HTMLElement>("*");
  let said = "";
  for (let i = 0; i < all.length && i < 150; i++) {
    const e = all[i];
    if (e === of || of.contains(e) || e.offsetHeight === undefined) continue;
    const style = getComputedStyle(e);
    said += e.offsetHeight + (style.visibility === "hidden" ? "h" : "") + (style.opacity === "0" ? "o" : "") + ",";
  }
  return said;
}
