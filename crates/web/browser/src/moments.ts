// The moments in the life of a page that its parts wait for.
import { guarded } from "./safe";

const moment = () => {
  const heard: Array<() => void> = [];
  return {
    on: (work: () => void): void => { heard.push(guarded(work)); },
    tell: (): void => { for (const work of heard) work(); },
  };
};

/** Another page of the application is about to be shown; what is said still belongs to the former one. */
export const viewEnds = moment();
/** Another page is shown. */
export const viewBegins = moment();
/** The page is hidden, and may never come back. */
export const hidden = moment();
/** The page is left for good. */
export const left = moment();
