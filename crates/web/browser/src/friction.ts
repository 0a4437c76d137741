// Clicks that nothing answers: the pointer's way to a page, and what is judged of it.
// Definitions: three clicks on one element within 30 points and one second while the page does not change
// are a rage click; a click on what looks clickable that nothing follows within 2.5 seconds is a dead one.
import { beginChanges, takeChanges, watchShadows } from "./changes";
import { pathOf } from "./clicks";
import { dead, effectOnDead, leaveDead, requestOfDead } from "./dead";
import { beginEffects, onEffect, onRequest } from "./effects";
import { isClickedOften, surroundings, unitOf } from "./looks";
import { hidden, viewEnds } from "./moments";
import { effectOnRage, leaveRage, rage } from "./rage";
import { hand } from "./rhythm";
import { listen } from "./safe";

/** Where and when the pointer went down, and what could be seen then. */
export type Down = { x: number; y: number; at: number; around: string };

let down: Down = { x: 0, y: 0, at: 0, around: "" };
/** Further than this it was a drag. */
const DRAG = 10;
let lastEffect = -1e9;

/** Whether anything has happened since then. */
export const since = (at: number): boolean => lastEffect >= at;

/** Begins to judge. */
export function beginFriction(): void {
  beginChanges();
  beginEffects();
  onEffect((kind) => {
    lastEffect = performance.now();
    if (kind === "seen") effectOnRage();
    effectOnDead();
  });
  onRequest(requestOfDead);
  listen(window, "wheel touchmove keydown", hand);
  listen(window, "pointerdown", (e: PointerEvent) => {
    takeChanges();
    hand();
    const unit = unitOf(e);
    down = { x: e.clientX, y: e.clientY, at: performance.now(), around: unit ? surroundings(unit.element) : "" };
    watchShadows();
  });
  listen(window, "click", (e: MouseEvent) => {
    // Neither what scripts click nor what the keyboard does.
    if (!e.isTrusted || e.detail === 0 || e.button !== 0) return;
    hand();
    if (Math.hypot(e.clientX - down.x, e.clientY - down.y) > DRAG) return;
    const path = pathOf(e);
    if (!path.length) return;
    const unit = unitOf(e);
    const isOften = isClickedOften(unit, e, path);
    const goesOn = rage(unit, e, path, down, isOften);
    dead(unit, e, down, isOften || goesOn);
  });
  hidden.on(() => { leaveRage(); leaveDead(); });
  viewEnds.on(leaveRage);
}
