// Forms that were sent, and forms that somebody began and left. Fields are named; what stands in them is
// never read.
import { cleanAddress, cut, FIELDS, isMasked, nameOf } from "./describe";
import { currentView, say, type Fields, type View } from "./items";
import { left, viewBegins } from "./moments";
import { attempt, listen, wrap } from "./safe";
import { isSearch } from "./search";

/** A form that is gone for so long was not merely drawn anew. */
const GONE_MS = 30_000;
const LOOK_MS = 5000;

type Begun = { key: string; fields: Set<Element>; lastSaid: Fields; since: number; goneSince: number; said: Fields; view: View };

const begun = new Map<HTMLFormElement, Begun>();
let timer = 0;

const attributeOf = (e: Element, name: string): string => cut(e.getAttribute(name));
const controls = (form: HTMLFormElement): Element[] =>
  Array.from(form.querySelectorAll(FIELDS)).filter((f) => !f.matches("[type=hidden]"));

// `getAttribute`, because a field called `id` or `name` stands in the way of the form's own.
function formOf(form: HTMLFormElement): Fields {
  if (isMasked(form)) return { form: "masked" };
  const action = form.getAttribute("action");
  const said: Fields = {};
  const name = attributeOf(form, "aria-label") || attributeOf(form, "name") || attributeOf(form, "id") || attributeOf(form, "data-tl");
  if (name) said.form = name;
  if (action) said.action = cleanAddress(action).replace(location.origin, "");
  return said;
}

function fieldOf(field: Element): Fields {
  if (isMasked(field)) return { last_field: "masked" };
  const labels = (field as HTMLInputElement).labels;
  const label = labels && labels[0] && !isMasked(labels[0]) ? nameOf(labels[0]) : "";
  const name = attributeOf(field, "name") || attributeOf(field, "id");
  const said: Fields = { last_field: name || label || cut(field.getAttribute("aria-label")) || field.localName };
  const words = label || attributeOf(field, "aria-label") || attributeOf(field, "placeholder");
  if (words) said.last_label = words;
  return said;
}

const keyOf = (form: HTMLFormElement): string =>
  form.getAttribute("action") + "|" + controls(form).map((f) => f.getAttribute("name") || "").join();

function touched(e: Event): void {
  const field = e.composedPath()[0] as HTMLInputElement;
  const form = field && field.form;
  // Boxes that search, and whatever scripts fill in, begin no form.
  if (!form || !e.isTrusted || isSearch(form)) return;
  const said = fieldOf(field);
  const known = begun.get(form);
  if (known) {
    known.fields.add(field);
    known.lastSaid = said;
    return;
  }
  const of = formOf(form);
  of.fields = controls(form).length;
  begun.set(form, { key: keyOf(form), fields: new Set([field]), lastSaid: said, since: Date.now(), goneSince: 0, said: of, view: currentView() });
  if (!timer) timer = window.setInterval(() => attempt(look), LOOK_MS);
}

function abandon(form: HTMLFormElement): void {
  const b = begun.get(form)!;
  begun.delete(form);
  const seconds = Math.round((Date.now() - b.since) / 1000);
  say("Form Abandoned", Object.assign({}, b.said, b.lastSaid, { fields_touched: b.fields.size, seconds }), undefined, b.view);
}

// Looks whether forms that were begun are still there.
function look(): void {
  const now = Date.now();
  begun.forEach((b, form) => {
    if (form.isConnected) { b.goneSince = 0; return; }
    // The same form, drawn anew, goes on where the former stopped.
    const heir = Array.from(document.forms).find((f) => !begun.has(f) && keyOf(f) === b.key);
    if (heir) {
      begun.delete(form);
      begun.set(heir, b);
    } else if (!b.goneSince) b.goneSince = now;
    else if (now - b.goneSince >= GONE_MS) abandon(form);
  });
  if (!begun.size) { clearInterval(timer); timer = 0; }
}

function submitted(form: HTMLFormElement): void {
  if (isSearch(form)) return;
  const b = begun.get(form);
  begun.delete(form);
  const more = b ? { fields_touched: b.fields.size, seconds: Math.round((Date.now() - b.since) / 1000) } : {};
  say("Form Submitted", Object.assign(formOf(form), { fields: controls(form).length }, more));
}

/** Begins to tell of forms. */
export function beginForms(): void {
  listen(window, "input change", touched);
  listen(window, "submit", (e: Event) => { submitted(e.composedPath()[0] as HTMLFormElement); });
  // A form that a script sends says nothing by itself.
  wrap(HTMLFormElement.prototype, "submit", (_, form) => { submitted(form); });
  viewBegins.on(() => { if (timer) look(); });
  left.on(() => { Array.from(begun.keys()).forEach(abandon); });
}
