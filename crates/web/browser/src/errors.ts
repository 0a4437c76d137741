// Errors of the page's scripts: each once for a view, ten at most.
import { cleanAddress, cut } from "./describe";
import { say } from "./items";
import { viewBegins } from "./moments";
import { listen } from "./safe";
import { ownAddress } from "./settings";

const MOST = 10;
let told = new Set<string>();

// Extensions of the browser are no part of the page; we are, but must not be blamed on it.
const isForeign = (file: string): boolean => /^[\w-]+-extension:/.test(file) || (!!ownAddress && file === ownAddress);

function tell(message: string, file: string, line: number): void {
  if (isForeign(file) || told.size >= MOST) return;
  const said = { message: cut(message, 200) || "unknown", file: file && cleanAddress(file).replace(location.origin, ""), line: line || undefined };
  const key = said.message + said.file + said.line;
  if (told.has(key)) return;
  told.add(key);
  say("Script Error", said);
}

// The place of an error without one, from the first line of its stack that has an address.
function placeOf(stack: unknown): [string, number] {
  const found = /([\w-]+:\/\/[^\s()]+?):(\d+)(:\d+)?(?=[\s)]|$)/.exec(String(stack || ""));
  return found ? [found[1], +found[2]] : ["", 0];
}

/** Begins to tell of errors. */
export function beginErrors(): void {
  viewBegins.on(() => { told = new Set(); });
  listen(window, "error", (e: ErrorEvent) => {
    // Pictures that fail to load come by here too; they have no message.
    if (e.message) tell(e.message, e.filename || "", e.lineno);
  });
  listen(window, "unhandledrejection", (e: PromiseRejectionEvent) => {
    const reason = e.reason;
    const [file, line] = placeOf(reason && reason.stack);
    tell(reason && reason.message ? (reason.name || "Error") + ": " + reason.message : typeof reason === "string" ? reason : "rejected", file, line);
  });
}
