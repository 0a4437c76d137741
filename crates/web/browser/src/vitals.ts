// How quickly the page showed itself and answered: the three vital signs of pages, once for each view.
// Method: https://web.dev/articles/vitals, each value as the browser's own field data takes it.
import { say } from "./items";
import { hidden, viewBegins, viewEnds } from "./moments";
import { attempt, guarded } from "./safe";

/** Good up to the first, poor above the second. */
const LIMITS: Record<string, [number, number]> = { LCP: [2500, 4000], INP: [200, 500], CLS: [0.1, 0.25] };
const MOST_SLOW = 10;

let lcp = -1;
let isLcpOver = false;
let cls = -1;
let shifts = { sum: 0, first: 0, last: 0 };
let slowest: Array<{ id: number; ms: number }> = [];
let interactions = new Set<number>();
let told = new Set<string>();
const observers: Array<() => void> = [];

function watch(type: string, work: (entry: any) => void, more?: object): boolean {
  return !!attempt(() => {
    if (PerformanceObserver.supportedEntryTypes.indexOf(type) < 0) return false;
    const all = guarded((list: any[]) => list.forEach(work));
    const observer = new PerformanceObserver((list) => all(list.getEntries()));
    observer.observe(Object.assign({ type, buffered: true }, more));
    observers.push(() => all(observer.takeRecords()));
    return true;
  });
}

// Shifts count in windows: no second between two of them, five seconds at most; the worst window is the value.
function shift(entry: any): void {
  if (entry.hadRecentInput) return;
  const isSameWindow = shifts.sum && entry.startTime - shifts.last < 1000 && entry.startTime - shifts.first < 5000;
  shifts = isSameWindow
    ? { sum: shifts.sum + entry.value, first: shifts.first, last: entry.startTime }
    : { sum: entry.value, first: entry.startTime, last: entry.startTime };
  cls = Math.max(cls, shifts.sum);
}

function interaction(entry: any): void {
  const id = entry.interactionId;
  if (!id) return;
  interactions.add(id);
  const known = slowest.find((s) => s.id === id);
  if (known) known.ms = Math.max(known.ms, entry.duration);
  else slowest.push({ id, ms: entry.duration });
  slowest.sort((a, b) => b.ms - a.ms).splice(MOST_SLOW);
}

function tell(name: string, value: number): void {
  if (value < 0 || told.has(name)) return;
  told.add(name);
  const [good, poor] = LIMITS[name];
  const rating = value <= good ? "good" : value <= poor ? "needs improvement" : "poor";
  say("Web Vital", { name, value: name === "CLS" ? Math.round(value * 1e4) / 1e4 : Math.round(value), rating });
}

function report(): void {
  for (const take of observers) take();
  tell("LCP", lcp);
  isLcpOver = true;
  // One in fifty interactions may be slower than the value.
  const worst = slowest[Math.min(slowest.length - 1, Math.floor(interactions.size / 50))];
  tell("INP", worst ? worst.ms : -1);
  tell("CLS", cls);
}

/** Begins to measure. */
export function beginVitals(): void {
  // A page that was opened behind others is painted when somebody turns to it, however long that takes.
  isLcpOver = document.visibilityState === "hidden";
  watch("largest-contentful-paint", (e) => { if (!isLcpOver) lcp = e.startTime; });
  if (watch("layout-shift", shift)) cls = Math.max(cls, 0);
  watch("event", interaction, { durationThreshold: 16 });
  hidden.on(report);
  viewEnds.on(report);
  viewBegins.on(() => {
    const isMeasured = cls >= 0;
    lcp = -1; cls = isMeasured ? 0 : -1; shifts = { sum: 0, first: 0, last: 0 };
    slowest = []; interactions = new Set(); told = new Set();
  });
}
