// Acts of an editor, kept in the browser until the server has them: sent in order, again after a lost connection or a
// reload, each under a key of its own so that the server does it once. Several tabs share the store, each sends its own.

import { Refused, send } from "./post.js";

const ORPHAN = 20_000; // ms after which acts of a tab that is gone are sent by another
const PAUSES = [1000, 2000, 4000, 8000, 15_000];
const AT_ONCE = 20;

const tab = own();

export class ActQueue {
  // `onAnswer(entry, answer, body)` for each act done; `onDropped(entry, error)` for one the server cannot take;
  // `onState(state, count)`: "saved", "saving", "waiting" (no connection) or "kept" (the server wants the page loaded anew).
  constructor(name, address, { onAnswer, onDropped, onState }) {
    Object.assign(this, { name, address, onAnswer, onDropped, onState });
    this.memory = []; // where the browser keeps nothing
    this.failures = 0;
    this.size = AT_ONCE;
    this.isSending = false;
    addEventListener("online", () => this.flush());
    addEventListener("pageshow", () => this.flush());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.flush());
  }

  // `act` is what the server gets; `local` is what the page wants to know of it after a reload.
  push(act, local = {}) {
    const entry = { act: { key: newKey(), ...act }, local, tab, at: Date.now() };
    this.#write([...this.#read(), entry]);
    this.flush();
    return entry;
  }

  entries() {
    return this.#read().filter((entry) => entry.tab === tab || Date.now() - entry.at > ORPHAN);
  }

  // Forgets acts that wait, where `matches` says so: they were built on something that turned out otherwise.
  drop(matches) {
    const dropped = this.#read().filter((entry) => entry.tab === tab && matches(entry));
    this.#forget(dropped);
    return dropped;
  }

  async flush() {
    if (this.isSending) return;
    this.isSending = true;
    clearTimeout(this.timer);
    let isToldOf = this.failures > 0;
    const slow = setTimeout(() => {
      isToldOf = true;
      if (!this.failures) this.onState("saving", this.entries().length);
    }, 1500);
    try {
      while (this.entries().length) await this.#sendSome();
      if (isToldOf) this.onState("saved", 0);
      this.failures = 0;
    } catch (error) {
      this.#failed(error);
    } finally {
      clearTimeout(slow);
      this.isSending = false;
    }
  }

  async #sendSome() {
    const some = this.entries().slice(0, this.size);
    let body;
    try {
      body = await send(this.address, { acts: some.map((entry) => entry.act) }, { signal: AbortSignal.timeout(20_000) });
    } catch (error) {
      if (!isFinal(error)) throw error;
      if (some.length > 1) return void (this.size = 1); // one of them is at fault: find out which
      this.#forget(some);
      return this.onDropped(some[0], error);
    }
    this.#forget(some);
    this.size = AT_ONCE;
    for (const [index, entry] of some.entries()) this.onAnswer(entry, body.answers[index], body);
    if (this.failures) this.onState("waiting", this.entries().length);
  }

  #failed(error) {
    const isKept = error instanceof Refused && (error.status === 401 || error.status === 403);
    this.onState(isKept ? "kept" : "waiting", this.entries().length);
    this.failures += 1;
    if (!isKept) this.timer = setTimeout(() => this.flush(), PAUSES[Math.min(this.failures, PAUSES.length) - 1]);
  }

  #forget(entries) {
    const keys = new Set(entries.map((entry) => entry.act.key));
    this.#write(this.#read().filter((entry) => !keys.has(entry.act.key)));
  }

  #read() {
    try {
      return JSON.parse(localStorage.getItem(this.name) || "[]");
    } catch {
      return this.memory;
    }
  }

  #write(entries) {
    this.memory = entries;
    try {
      if (entries.length) localStorage.setItem(this.name, JSON.stringify(entries));
      else localStorage.removeItem(this.name);
    } catch {
      // No storage: the page keeps them for as long as it is open.
    }
    if (this.failures) this.onState("waiting", this.entries().length);
  }
}

// 32 hexadecimal digits; randomUUID would need https.
export function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// Whether sending it again would give the same answer.
function isFinal(error) {
  return error instanceof Refused && error.status >= 400 && error.status < 500 && ![401, 403, 408, 425, 429].includes(error.status);
}

function own() {
  try {
    const known = sessionStorage.getItem("curator-tab") || newKey();
    sessionStorage.setItem("curator-tab", known);
    return known;
  } catch {
    return newKey();
  }
}
