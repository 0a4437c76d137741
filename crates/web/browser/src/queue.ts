// What waits to be sent, over reloads and without a network: one line of text for each item, so that
// nothing needs to be parsed. Each tab has a queue of its own, because two that write to the same place
// lose what the other wrote; what a closed tab has left, another one takes over.
import { countDropped } from "./items";
import { uuid } from "./safe";
import { names, read, write } from "./store";

const MOST_ITEMS = 500;
const MOST_LENGTH = 256 * 1024;
/** A tab that lives sends what it has within less. */
const LEFT_MS = 3000;
/** Stands between the items of two visitors. */
export const BARRIER = "R";

let own = "";
const name = (): string => {
  if (!own) {
    own = "queue." + (read("s.tab") || uuid());
    write("s.tab", own.slice(6));
  }
  return own;
};
// The first line is when the queue was written.
const linesOf = (text: string): string[] => text.split("\n").slice(1);
const keep = (all: string[]): void => write(name(), all.length ? [String(Date.now())].concat(all).join("\n") : "");

export const queued = (): string[] => linesOf(read(name()));

/** Puts lines at the end; the oldest make room. */
export function put(lines: string[]): void {
  const all = queued().concat(lines);
  let length = 20;
  let from = all.length;
  while (from > 0 && all.length - from < MOST_ITEMS && (length += all[from - 1].length + 1) < MOST_LENGTH) from--;
  keep(all.slice(from));
  // An item that is dropped may itself have told of others.
  const lost = all.slice(0, from).reduce((sum, l) => sum + (l === BARRIER ? 0 : 1 + +(/"items_dropped":(\d+)/.exec(l) || [0, 0])[1]), 0);
  if (lost) countDropped(lost);
}

/** Takes over what closed tabs have left; only whoever sends may. */
export function adopt(): void {
  for (const other of names("queue.")) {
    const text = read(other);
    if (other === name() || Date.now() - parseInt(text, 10) < LEFT_MS) continue;
    write(other, "");
    put(linesOf(text));
  }
}

/** Takes lines out, wherever they stand by now. */
export function remove(done: string[]): void {
  const gone = new Set(done);
  // One barrier for each that is done: they are all alike.
  let barriers = done.filter((l) => l === BARRIER).length;
  keep(queued().filter((l) => (l === BARRIER ? barriers-- <= 0 : !gone.has(l))));
}

/** The next lines for one request, none of two visitors; a barrier stands first where the visitor is a new one. */
export function next(mostItems: number, mostLength: number, flying: string[] = []): string[] {
  const batch: string[] = [];
  let length = 0;
  for (const line of queued()) {
    const isEmpty = batch.every((l) => l === BARRIER);
    if (flying.indexOf(line) >= 0) continue;
    if (line === BARRIER ? !isEmpty : batch.length >= mostItems || (!isEmpty && length + line.length > mostLength)) break;
    batch.push(line);
    length += line.length;
  }
  return batch.every((l) => l === BARRIER) ? [] : batch;
}
