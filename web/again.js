// Sending that did not get through is tried again: with growing waits, and while this machine is offline when it is back.

import { ApiError } from "./api.js";

const WAITS = [0, 1, 2, 5, 10, 20]; // seconds before each further try, while nothing gets through
const AGAIN = new Set([0, 409, 423, 429, 500, 502, 503, 504]); // what another try may mend
const UNREADABLE = "It cannot be read any more. Was it moved or changed since it was chosen?";

// Resolve to what attempt(gotThrough) resolves to; each call of gotThrough() begins the waits anew. tell(text) says why it waits.
export async function untilSent(attempt, file, signal, tell) {
  let failures = 0;
  for (;;) {
    signal.throwIfAborted();
    try {
      return await attempt(() => { failures = 0; });
    } catch (error) {
      if (signal.aborted || !AGAIN.has(error.status)) throw error;
      if (error.status === 0) await readable(file); // no answer is also what a browser says of a file that it cannot read
      if (error.status === 0 && !navigator.onLine) { // only then: this machine answers itself without a network
        tell("Waiting for the network…");
        await online(signal);
        failures = 0;
      } else {
        if (failures >= WAITS.length) throw error;
        const seconds = Math.max(WAITS[failures], error.retryAfter ?? 0);
        failures += 1;
        tell(seconds ? `Did not get through. Trying again in ${seconds} s…` : "Trying again…");
        await sleep(seconds, signal);
      }
    }
  }
}

async function readable(file) {
  try {
    await file.slice(0, 1).arrayBuffer();
  } catch {
    throw new ApiError(null, "UNREADABLE", UNREADABLE);
  }
}

function online(signal) {
  return until(signal, (resolve) => {
    window.addEventListener("online", resolve);
    return () => window.removeEventListener("online", resolve);
  });
}

function sleep(seconds, signal) {
  return until(signal, (resolve) => {
    const timer = setTimeout(resolve, 1000 * seconds);
    return () => clearTimeout(timer);
  });
}

// Wait for what start(resolve) begins, or for the end of it all; start returns how to leave it.
async function until(signal, start) {
  let leave;
  let stop;
  try {
    await new Promise((resolve) => {
      stop = resolve;
      signal.addEventListener("abort", stop);
      leave = start(resolve);
    });
  } finally {
    leave();
    signal.removeEventListener("abort", stop);
  }
  signal.throwIfAborted();
}
