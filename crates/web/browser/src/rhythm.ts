// Knows what a page does by itself, such as a clock that ticks, so that it is not taken for an answer to a
// click. What came at even intervals while nobody did anything is expected to go on like that.

type Beat = { last: number; gap: number; n: number; wasExpected: boolean };

/** Nobody does anything when the last hand on the page is so long ago. */
const QUIET_MS = 1000;
/** Faster than this it is an animation, and no single step of it an answer. */
const ANIMATION_MS = 300;
const MOST_BEATS = 400;

let lastHand = -1e9;
export const hand = (): void => { lastHand = performance.now(); };

/** Listens for one kind of thing; keys are elements, or texts. */
export function rhythm(): (key: object | string) => boolean {
  let named = new Map<string, Beat>();
  const nodes = new WeakMap<object, Beat>();
  /** Something happens; whether it was to be expected. */
  return (key) => {
    const now = performance.now();
    const beats: { get(k: any): Beat | undefined; set(k: any, b: Beat): unknown } = typeof key === "string" ? named : nodes;
    const b = beats.get(key);
    if (!b) {
      if (named.size > MOST_BEATS) named = new Map();
      beats.set(key, { last: now, gap: 0, n: 0, wasExpected: false });
      return false;
    }
    const gap = now - b.last;
    // Several changes in one go are one.
    if (gap < 5) return b.wasExpected;
    const isQuick = b.gap < ANIMATION_MS;
    const isExpected = b.n >= (isQuick ? 4 : 2) && gap > (isQuick ? 0 : 0.7 * b.gap) && gap < Math.max(3 * b.gap, 1000);
    if (isExpected || now - lastHand > QUIET_MS) {
      const isEven = b.n > 0 && gap > (isQuick ? 0 : 0.6 * b.gap) && gap < (isQuick ? 1000 : 1.7 * b.gap);
      b.n = isEven ? b.n + 1 : 1;
      b.gap = !isEven ? gap : isQuick ? b.gap : (b.gap + gap) / 2;
      b.last = now;
    }
    b.wasExpected = isExpected;
    return isExpected;
  };
}
