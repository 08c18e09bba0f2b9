// Says every minute that the editor has this issue in front of them, for their own times only.

import { post } from "./post.js";

const EVERY = 60000;

export function startPresence(base) {
  const say = () => {
    if (document.visibilityState === "visible") post(`${base}/presence`, {}).catch(() => {});
  };
  say();
  setInterval(say, EVERY);
}
