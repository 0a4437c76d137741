// Says what an element is, without anything that somebody typed or that tells who somebody is.
import { attempt } from "./safe";

const LONGEST_NAME = 80;

/** Hides e-mail addresses and long runs of digits, such as telephone and card numbers. */
export const masked = (text: string): string =>
  text.replace(/[^\s@<>(),;:"]+(@|%40)[^\s@<>(),;:"/?#]+/gi, "***").replace(/\d(?:[ .()/-]?\d){6,}/g, "***");

const tidy = (text: string | null | undefined, most = LONGEST_NAME): string =>
  masked((text || "").replace(/\s+/g, " ").trim()).slice(0, most);

export const cut = tidy;

/** Whether an element, or what it stands in, is not to be spoken of. Also through open shadow roots. */
export function isMasked(e: Element | null): boolean {
  for (let at: Node | null = e; at; at = at.parentNode || (at as ShadowRoot).host || null) {
    if (at.nodeType === 1 && (at as Element).hasAttribute("data-tl-mask")) return true;
  }
  return false;
}

/** Buttons that are written as inputs. */
export const BUTTONS = "[type=button],[type=submit],[type=reset],[type=image]";
/** What people type into or choose from. */
export const FIELDS = "input:not(" + BUTTONS + "),textarea,select,[contenteditable=''],[contenteditable=true]";

const TYPED = /^(input|textarea|select|option|script|style|noscript|template)$/;

// The text that people see as the name of something. What stands in fields is not part of it.
function textOf(e: Element, most = 200): string {
  let text = "";
  for (let n = e.firstChild; n && text.length < most; n = n.nextSibling) {
    if (n.nodeType === 3) text += n.nodeValue;
    else if (n.nodeType === 1) {
      const child = n as HTMLElement;
      if (TYPED.test(child.localName) || child.isContentEditable || child.hasAttribute("data-tl-mask")) continue;
      text += " " + (child.getAttribute("aria-label") || child.getAttribute("alt") || textOf(child, most)) + " ";
    }
  }
  return text;
}

/** The accessible name, nearly as the browser computes it. */
export function nameOf(e: Element): string {
  const get = (name: string) => e.getAttribute(name);
  const isButton = e.localName === "input" && e.matches(BUTTONS);
  return tidy(get("aria-label")) || (isButton ? tidy(get("value")) : "") || tidy(get("alt")) ||
    (TYPED.test(e.localName) || (e as HTMLElement).isContentEditable ? "" : tidy(textOf(e))) || tidy(get("title"));
}

/** Parameters of an address that say which advertisement led here; all others may say who somebody is. */
const CAMPAIGN = /^(utm_\w+|\w*clid|msclkid|[gw]braid|mc_cid)$/;

/** An address without whatever may tell who somebody is. `from` says where it stands. */
export function cleanAddress(address: string, withQuery?: boolean): string {
  const url = attempt(() => new URL(address, document.baseURI));
  if (!url) return "";
  if (!/^https?:$/.test(url.protocol)) return url.protocol;
  const kept: string[] = [];
  if (withQuery) url.searchParams.forEach((v, k) => { if (CAMPAIGN.test(k)) kept.push(k + "=" + encodeURIComponent(v)); });
  return url.origin + masked(url.pathname) + (kept.length ? "?" + kept.join("&") : "") + route(url);
}

/** The part of an address behind `#`, where an application routes by it. */
export const route = (url: { hash: string }): string =>
  /^#!?\//.test(url.hash) ? masked(url.hash.split("?")[0]) : "";

/** What an element is, in words that stay the same from visit to visit. */
export function describe(e: Element): Record<string, unknown> {
  const said: Record<string, unknown> = { tag: e.localName };
  if (isMasked(e)) return said;
  const put = (name: string, value: string) => { if (value) said[name] = value; };
  put("id", tidy(e.id));
  put("role", tidy(e.getAttribute("role")));
  put("name", nameOf(e));
  put("label", tidy(e.getAttribute("data-tl")));
  const href = e.getAttribute("href");
  if (href !== null) put("href", cleanAddress(href).replace(location.origin, "").slice(0, 200));
  return said;
}
