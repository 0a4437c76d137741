// Clicks on links, buttons and whatever the page marks with `data-tl`.
import { BUTTONS, describe, isMasked } from "./describe";
import { say } from "./items";
import { listen } from "./safe";

const ELEMENTS = "a[href],button,summary,area[href],[onclick],input:is(" + BUTTONS + ")";
const ROLES = /^(button|link|tab|menuitem.*|option|switch|checkbox|radio|treeitem)$/;

/** Whether an element is there to be clicked. */
export const isControl = (e: Element): boolean => e.matches(ELEMENTS) || ROLES.test(e.getAttribute("role") || "");

/** The elements from the innermost outwards, through open shadow roots. */
export const pathOf = (e: Event): Element[] => e.composedPath().filter((n): n is Element => (n as Node).nodeType === 1);

/** Begins to tell of clicks. */
export function beginClicks(): void {
  listen(window, "click", (e: MouseEvent) => {
    // What a script clicks, nobody has clicked.
    if (!e.isTrusted) return;
    const element = pathOf(e).find((n) => isControl(n) || n.hasAttribute("data-tl"));
    if (element && !isMasked(element)) say("Element Clicked", describe(element));
  });
}
