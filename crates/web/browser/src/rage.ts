// Rage clicks: somebody clicks again and again, and the page stays as it was.
import { describe } from "./describe";
import { forgive } from "./dead";
import type { Down } from "./friction";
import { currentView, say, type View } from "./items";
import type { Unit } from "./looks";
import { later } from "./safe";

const CLICKS = 3;
const WITHIN_MS = 1000;
const WITHIN_POINTS = 30;
/** The answer to the first of three quick clicks may still be on its way. */
const GRACE_MS = 200;
/** Whoever clicks on after the end of what can be counted up has not lost patience. */
const OVERSHOOT_MS = 1500;

type Click = { at: number; x: number; y: number };
type Run = { element: Element; clicks: Click[]; isRage: boolean; said: Record<string, unknown>; view: View; timer: number };

let run: Run | undefined;
let lastAnswered: { element: Element; at: number } | undefined;

function end(): void {
  const ended = run;
  run = undefined;
  if (!ended) return;
  clearTimeout(ended.timer);
  if (!ended.isRage) return;
  ended.said.clicks = ended.clicks.length;
  say("Rage Click", ended.said, undefined, ended.view);
}

/** A click; `unit` is what it meant, if that looks clickable. Whether it goes on from clicks that were answered. */
export function rage(unit: Unit | undefined, e: MouseEvent, path: Element[], down: Down, isOften: boolean): boolean {
  const element = unit ? unit.element : path[0];
  // When the button was pressed, however late a busy page hears of it.
  const click = { at: e.timeStamp, x: e.clientX, y: e.clientY };
  if (run && (run.element !== element || click.at - run.clicks[run.clicks.length - 1].at > WITHIN_MS)) end();
  if (lastAnswered && lastAnswered.element === element && down.at - lastAnswered.at < OVERSHOOT_MS) {
    lastAnswered.at = click.at;
    return true;
  }
  if (!run) run = { element, clicks: [], isRage: false, said: {}, view: currentView(), timer: 0 };
  const { clicks } = run;
  clicks.push(click);
  clearTimeout(run.timer);
  const current = run;
  current.timer = later(() => { if (run === current) end(); }, WITHIN_MS);
  const first = clicks[clicks.length - CLICKS];
  const isNear = (c: Click) => Math.hypot(c.x - first.x, c.y - first.y) <= WITHIN_POINTS;
  if (current.isRage || !first || click.at - first.at > WITHIN_MS || !clicks.slice(-CLICKS).every(isNear)) return false;
  later(() => {
    if (run !== current || current.isRage || isOften) return;
    current.isRage = true;
    current.said = describe(element);
    forgive(element);
  }, GRACE_MS);
  return false;
}

/** The page has changed: whoever clicked has been answered. */
export function effectOnRage(): void {
  if (!run || run.isRage) return;
  lastAnswered = { element: run.element, at: performance.now() };
  clearTimeout(run.timer);
  run = undefined;
}

/** The page is left: what is certain is told. */
export const leaveRage = end;
