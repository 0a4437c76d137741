// Sees whether the page changes in a way that a person could notice.
import { attempt, guarded } from "./safe";
import { rhythm } from "./rhythm";

/** Put on pages by tag managers and pixels. */
const UNSEEN = /^(script|style|link|meta|noscript)$/;
/** What frameworks draw under any finger or pointer, whether or not the click does something. */
const UNDER_THE_FINGER = /hover|focus|ripple|waves|pointer|mouse|\bp-ink|\bpress(ed|ing)?\b/i;
const NOTED_ATTRIBUTES = /^(data-(gtm|ga|track|analytic|click)|tabindex$|aria-describedby$)/;

const heard: Array<() => void> = [];
const isRegular = rhythm();
const roots = new WeakSet<Node>();
let observer: MutationObserver | undefined;

export const onChange = (work: () => void): void => { heard.push(work); };

function isSeen(n: Node, isAdded: boolean): boolean {
  if (n.nodeType === 3) return !!n.nodeValue!.trim();
  if (n.nodeType !== 1) return false;
  const e = n as HTMLElement;
  if (UNSEEN.test(e.localName)) return false;
  const get = (name: string) => e.getAttribute(name) || "";
  const isEmpty = !e.textContent!.trim() && !e.querySelector("img,svg,input,video,canvas,iframe");
  if (isEmpty && UNDER_THE_FINGER.test(get("class"))) return false;
  // A tip that goes when the pointer goes tells nothing; one that comes may be the answer.
  if (!isAdded && /tooltip/i.test(get("role") + get("class"))) return false;
  // Pictures and frames of one point, which count visits.
  if (/^(img|iframe)$/.test(e.localName) && (+get("width") === 1 || /none|hidden/.test(get("style")))) return false;
  return true;
}

const tokens = (text: string | null): string[] => (text || "").split(/\s+/).filter((t) => t && !UNDER_THE_FINGER.test(t)).sort();

/** Whether one record tells of something that can be seen. */
function isReal(r: MutationRecord): boolean {
  const e = r.target as Element;
  if (r.type === "characterData") return r.oldValue !== r.target.nodeValue;
  if (r.type === "attributes") {
    const name = r.attributeName!;
    const value = e.getAttribute(name);
    if (value === r.oldValue || NOTED_ATTRIBUTES.test(name)) return false;
    if (name === "class") return tokens(value).join(" ") !== tokens(r.oldValue).join(" ");
    return !/hover|focus/.test(name);
  }
  const text = (list: NodeList) => Array.from(list, (n) => (n as Element).outerHTML || n.nodeValue).join("");
  if (r.addedNodes.length && r.removedNodes.length && text(r.addedNodes) === text(r.removedNodes)) return false;
  return Array.from(r.addedNodes).some((n) => isSeen(n, true)) || Array.from(r.removedNodes).some((n) => isSeen(n, false));
}

// Elements that look alike change alike, such as the prices of a table; those without a class are told
// apart by nothing and stand alone.
function isExpected(r: MutationRecord): boolean {
  const e = (r.type === "characterData" ? r.target.parentNode : r.target) as Element | null;
  if (!e) return false;
  const alike = e.nodeType === 1 && e.getAttribute("class");
  const byNode = isRegular(e);
  return (alike ? isRegular(r.type + (r.attributeName || "") + e.localName + "." + alike) : false) || byNode;
}

const take = guarded((records: MutationRecord[]) => {
  let isChanged = false;
  for (const r of records) {
    const at = r.target as Element;
    if (document.head.contains(at) && !at.closest?.("title")) continue;
    // Each is listened to, also after the first that counts: the rhythm must not miss a beat.
    if (isReal(r) && !isExpected(r)) isChanged = true;
  }
  if (isChanged) for (const work of heard) work();
});

function watch(root: Node): void {
  if (roots.has(root)) return;
  roots.add(root);
  observer!.observe(root, { subtree: true, childList: true, attributeOldValue: true, characterDataOldValue: true });
}

/** Shadow roots are pages in the page, which the observer does not enter by itself. */
export function watchShadows(): void {
  const enter = (root: ParentNode): void => {
    const all = root.querySelectorAll("*");
    for (let i = 0; i < all.length && i < 20_000; i++) {
      const shadow = all[i].shadowRoot;
      if (shadow) { watch(shadow); enter(shadow); }
    }
  };
  attempt(() => enter(document));
}

/** Takes what has changed and was not told yet. */
export const takeChanges = (): void => { if (observer) take(observer.takeRecords()); };

/** Begins to look. */
export function beginChanges(): void {
  observer = new MutationObserver(take);
  watch(document);
}
