// Dead clicks: somebody clicks on what looks clickable, and nothing at all follows.
import { takeChanges } from "./changes";
import { describe } from "./describe";
import { flying, type Request } from "./effects";
import { since, type Down } from "./friction";
import { currentView, say, type View } from "./items";
import { isInnocent, surroundings, type Unit } from "./looks";
import { later } from "./safe";

const ANSWER_MS = 2500;
/** A page that is slow gets no longer than this. */
const LONGEST_MS = 10_000;
/** So long after a click on something else, what happens is the answer to that. */
const OTHER_MS = 1000;
/** The same dead thing is not told again so soon. */
const AGAIN_MS = 10_000;

type Pending = { unit: Unit; at: number; until: number; around: string; clicks: number; own: Request[]; waits: Request[]; isClosed: boolean; said: Record<string, unknown>; view: View };

let pending: Pending[] = [];
const told = new WeakMap<Element, number>();

const drop = (p: Pending): void => { pending = pending.filter((other) => other !== p); };

/** A click on what looks clickable is looked after; `down` is when the pointer went down. */
export function dead(unit: Unit | undefined, e: MouseEvent, down: Down, isOften: boolean): void {
  takeChanges();
  const now = performance.now();
  for (const p of pending) if (unit && p.unit.element !== unit.element && now - p.at > OTHER_MS && !p.own.length) p.isClosed = true;
  if (!unit) return;
  const known = pending.find((p) => p.unit.element === unit.element);
  // Whoever selects a text that only looks clickable has what they wanted.
  const isSelecting = !unit.isControl && e.detail > 1 && !!String(getSelection() || "");
  if (isOften || isInnocent(unit, e) || isSelecting || since(down.at)) { if (known) drop(known); return; }
  if (known) {
    known.clicks++;
    known.until = now + ANSWER_MS;
    return;
  }
  if (now - (told.get(unit.element) || -AGAIN_MS) < AGAIN_MS) return;
  const under = Array.from(flying);
  const p: Pending = {
    unit, at: now, until: now + ANSWER_MS, around: down.around, clicks: 1, own: under.filter((r) => r.start >= down.at),
    waits: under.filter((r) => r.start < down.at), isClosed: false, said: describe(unit.element), view: currentView(),
  };
  pending.push(p);
  // What the page makes of the click is known when all its listeners have heard it.
  later(() => {
    const link = unit.element.getAttribute("href");
    const isFollowed = link !== null && !e.defaultPrevented;
    if (isFollowed && link && !/^(#|javascript:)/.test(link.trim())) drop(p);
  }, 0);
  later(() => { if (isAltered(p)) drop(p); }, 400);
  wake(p, ANSWER_MS);
}

// Menus and the like that the style sheet alone shows.
const isAltered = (p: Pending): boolean => !p.isClosed && surroundings(p.unit.element) !== p.around;

function wake(p: Pending, ms: number): void {
  const due = performance.now() + ms;
  later(() => {
    if (pending.indexOf(p) < 0) return;
    takeChanges();
    if (pending.indexOf(p) < 0) return;
    const now = performance.now();
    // The page, or the whole computer, stood still: what it did not get to is to be waited for.
    if (now - due > 500) { p.until = Math.max(p.until, now + 1000); return wake(p, 1000); }
    if (p.until > now + 20) return wake(p, p.until - now);
    judge(p, now);
  }, ms);
}

function judge(p: Pending, now: number): void {
  const isLast = now >= p.at + LONGEST_MS;
  const all = p.waits.concat(p.own);
  if (!isLast && (document.readyState === "loading" || all.some((r) => !r.end))) return wake(p, 250);
  // A request ended only now: what it brought is still to be drawn.
  const latest = Math.max(0, ...all.map((r) => r.end));
  if (!isLast && now < latest + ANSWER_MS) return wake(p, Math.min(latest + ANSWER_MS, p.at + LONGEST_MS) - now);
  drop(p);
  if (p.own.some((r) => !r.end) || isAltered(p)) return;
  told.set(p.unit.element, now);
  if (p.clicks > 1) p.said.clicks = p.clicks;
  if (p.own.length) p.said.cause = "request failed";
  say("Dead Click", p.said, undefined, p.view);
}

/** Something happened that answers a click. */
export function effectOnDead(): void {
  pending = pending.filter((p) => p.isClosed);
}

/** A request has begun, or was answered well; one that fails answers nobody. */
export function requestOfDead(r: Request): void {
  const now = performance.now();
  if (r.end) pending = pending.filter((p) => p.own.indexOf(r) < 0);
  else for (const p of pending) if (!p.isClosed && now - p.at < ANSWER_MS) p.own.push(r);
}

/** This was told already, by a stronger word. */
export function forgive(element: Element): void {
  pending = pending.filter((p) => p.unit.element !== element);
  told.set(element, performance.now());
}

/** The page is left before anything could be judged. */
export const leaveDead = (): void => { pending = []; };
