// Keeps the host page whole: nothing of ours throws into it, and what of it we wrap behaves as before.

/** `work`, whose failures are nobody's business: a page must never suffer from being measured. */
export const guarded = <A extends unknown[]>(work: (...args: A) => void) => (...args: A): void => {
  try { work(...args); } catch { /* nothing the page could do about it */ }
};

/** What `work` gives, or `undefined` where it fails. */
export const attempt = <R>(work: () => R): R | undefined => {
  try { return work(); } catch { return undefined; }
};

/** Listens before the page does, so that a page which stops an event does not hide it. */
export const listen = (target: EventTarget, types: string, work: (e: any) => void): void => {
  for (const type of types.split(" ")) target.addEventListener(type, guarded(work), true);
};

/** Timers, kept as they were when we came: pages replace them. */
export const later = (work: () => void, ms: number): number => window.setTimeout(guarded(work), ms);

/** Calls `before` and `after` around a method that belongs to the page or the browser. */
export function wrap(
  owner: any, name: string, before: ((args: any[], self: any) => void) | null, after?: (result: any, args: any[]) => void,
): void {
  const original = attempt(() => owner[name]);
  if (typeof original !== "function") return;
  const wrapped = function (this: unknown, ...args: unknown[]): unknown {
    if (before) attempt(() => before(args, this));
    const result = original.apply(this, args);
    if (after) attempt(() => after(result, args));
    return result;
  };
  attempt(() => { owner[name] = wrapped; });
}

/** A random id; `randomUUID` is missing where the page is not served over TLS. */
export function uuid(): string {
  return "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (c) =>
    (+c ^ ((crypto.getRandomValues(new Uint8Array(1))[0] & 15) >> (+c / 4))).toString(16));
}
