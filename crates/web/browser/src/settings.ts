// What the page asks for: the attributes of our own script element.
import { attempt } from "./safe";

export const VERSION = "1.0.0";

const element = document.currentScript as HTMLScriptElement | null;
const attribute = (name: string): string => (element && element.getAttribute("data-" + name)) || "";

/** The write key; nothing happens without. */
export const key = attribute("key");
/** Where the script itself stands: its own errors are not the page's. */
export const ownAddress = (element && element.src) || "";
/** The origin that is sent to. */
export const host = (attribute("host") || attempt(() => new URL(ownAddress).origin) || location.origin).replace(/\/+$/, "");
export const consentRequired = attribute("consent") === "required";

/** Whether a part is wanted; `data-clicks="off"` and the like turn one off. */
export const wants = (part: string): boolean => attribute(part) !== "off";
