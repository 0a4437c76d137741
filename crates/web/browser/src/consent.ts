// Whether anything may be remembered and sent at all.
import { consentRequired } from "./settings";
import { clear, decision, open } from "./store";

export type Consent = "granted" | "implied" | "waiting" | "denied";

// A browser that says "do not track me" has been told so by its person; only their own word on this
// site stands above that.
const refuses = (): boolean => {
  const n = navigator as any;
  return n.globalPrivacyControl === true || n.doNotTrack === "1";
};

let state: Consent = "denied";
const heard: Array<(state: Consent) => void> = [];

export const consent = (): Consent => state;
export const mayStore = (): boolean => state === "granted" || state === "implied";
export const onConsent = (work: (state: Consent) => void): void => { heard.push(work); };

/** What holds when the page begins. */
export function beginConsent(): void {
  const said = decision.read();
  state = said === "granted" ? "granted" : said === "denied" ? "denied" : consentRequired ? "waiting" : refuses() ? "denied" : "implied";
  if (mayStore()) open();
}

/** Somebody has decided. */
export function decide(said: unknown): void {
  if (said !== "granted" && said !== "denied") return;
  state = said;
  if (said === "granted") {
    open();
    decision.write("granted");
  } else {
    clear();
    // Where silence counts as consent, a refusal that is not remembered would not outlive the page.
    if (!consentRequired) decision.write("denied");
    // Where it does not, whoever has refused may still change their mind on a later page.
  }
  for (const work of heard) work(state);
}
