// What is remembered in the browser. Before somebody has agreed, it is remembered by this page alone.
import { attempt } from "./safe";

const PREFIX = "tl:";
const memory = new Map<string, string>();
let isOpen = false;

const area = (name: string): Storage | undefined =>
  attempt(() => (name.slice(0, 2) === "s." ? window.sessionStorage : window.localStorage));

/** Reads what was remembered under a name; names that begin with `s.` belong to this tab. */
export function read(name: string): string {
  const kept = memory.get(name);
  if (kept !== undefined) return kept;
  return (isOpen && attempt(() => area(name)!.getItem(PREFIX + name))) || "";
}

/** The names that begin like this. */
export const names = (start: string): string[] =>
  (isOpen && attempt(() => Object.keys(localStorage).filter((k) => k.indexOf(PREFIX + start) === 0).map((k) => k.slice(PREFIX.length)))) || [];

/** Remembers a text under a name, or forgets the name. Where storage is full or refused, this page remembers. */
export function write(name: string, text: string): void {
  const stored = isOpen && attempt(() => {
    const of = area(name)!;
    if (text) of.setItem(PREFIX + name, text);
    else of.removeItem(PREFIX + name);
    return true;
  });
  if (stored) memory.delete(name);
  else memory.set(name, text);
}

/** From now on things are stored; what this page remembers is. */
export function open(): void {
  isOpen = true;
  for (const [name, text] of Array.from(memory)) write(name, text);
}

/** Forgets everything, in storage too. */
export function clear(): void {
  isOpen = false;
  memory.clear();
  for (const name of ["s.", ""]) {
    attempt(() => {
      const of = area(name)!;
      for (const k of Object.keys(of)) if (k.slice(0, PREFIX.length) === PREFIX) of.removeItem(k);
    });
  }
}

/** The decision about consent is read and kept whatever was decided: it is about nobody. */
export const decision = {
  read: (): string => attempt(() => localStorage.getItem(PREFIX + "consent")) || "",
  write: (text: string): void => { attempt(() => localStorage.setItem(PREFIX + "consent", text)); },
};
