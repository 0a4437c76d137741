// Writes JSON by itself: pages replace `JSON`, and give arrays a `toJSON` that breaks it.

const quote = (text: string): string =>
  '"' + text.replace(/["\\\u0000-\u001f]/g, (c) => "\\u" + ("000" + c.charCodeAt(0).toString(16)).slice(-4)) + '"';

/** More values than this, or deeper ones, are somebody's mistake, such as an element of the page. */
const MOST_VALUES = 1500;
const DEEPEST = 7;

/** The text of a value; only what it has itself counts, so whatever a page adds to all objects does not. */
export function json(value: unknown): string {
  let left = MOST_VALUES;
  const write = (v: unknown, depth: number): string | undefined => {
    if (left-- <= 0 || depth > DEEPEST) return undefined;
    if (v === null) return "null";
    if (typeof v === "string") return quote(v);
    if (typeof v === "number") return isFinite(v) ? String(v) : "null";
    if (typeof v === "boolean") return String(v);
    if (typeof v === "bigint") return quote(String(v));
    if (typeof v !== "object") return undefined;
    if (v instanceof Date) return isNaN(+v) ? "null" : quote(v.toISOString());
    const list: string[] = [];
    if (Array.isArray(v)) {
      for (let i = 0; i < v.length; i++) list[i] = write(v[i], depth + 1) || "null";
      return "[" + list.join(",") + "]";
    }
    for (const key of Object.keys(v as object)) {
      const text = write((v as Record<string, unknown>)[key], depth + 1);
      if (text !== undefined) list[list.length] = quote(key) + ":" + text;
    }
    return "{" + list.join(",") + "}";
  };
  return write(value, 0) || "null";
}
