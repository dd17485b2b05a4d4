// Server-sent events over fetch: unlike EventSource it tells why a stream was refused, and can be given a place to go on from.

import { ApiError, errorOf, send } from "./api.js";

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8000;
// What an error inside a stream, whose status has left, would have been outside of it.
const STATUS = { UNAVAILABLE: 503, NOT_FOUND: 404, FORBIDDEN: 403, UNAUTHENTICATED: 401 };

// Yield {event, data} for ever, coming back after each break where the last one ended; the reader leaves the loop when done.
// A refusal that waiting cannot cure is thrown.
export async function* follow(path, { after = 0, signal, ends = () => false } = {}) {
  let last = after;
  let wait = FIRST_WAIT_MS;
  while (!signal?.aborted) {
    try {
      for await (const message of once(path, last, signal)) {
        wait = FIRST_WAIT_MS;
        if (message.id) last = message.id;
        if (message.event === "heartbeat" || message.event === "reconnect") continue;
        if (message.event === "error" && message.data.error) throw errorOf(STATUS[message.data.error.code] ?? 400, message.data);
        yield message;
        if (ends(message)) return;
      }
    } catch (error) {
      if (signal?.aborted) return;
      if (!comesBack(error)) throw error;
      wait = Math.max(wait, (error.retryAfter ?? 0) * 1000);
    }
    await new Promise((resolve) => setTimeout(resolve, wait));
    wait = Math.min(wait * 2, LONGEST_WAIT_MS);
  }
}

function comesBack(error) {
  return !(error instanceof ApiError) || error.status === 0 || error.status === 429 || error.status >= 502;
}

async function* once(path, after, signal) {
  const headers = { Accept: "text/event-stream", ...(after ? { "Last-Event-ID": String(after) } : {}) };
  const response = await send(path, { headers, signal });
  if (!response.ok) {
    const answer = await response.json().catch(() => null);
    throw errorOf(response.status, answer, Number(response.headers.get("Retry-After")));
  }
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let held = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const blocks = (held + value).split("\n\n");
      held = blocks.pop();
      for (const block of blocks) {
        const message = parse(block);
        if (message) yield message;
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

function parse(block) {
  const fields = { event: "message", data: "", id: "" };
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon);
    const value = line.slice(colon + 1).replace(/^ /, "");
    if (name === "data") fields.data += value;
    else if (name === "event") fields.event = value;
    else if (name === "id") fields.id = value;
  }
  return fields.data ? { ...fields, data: JSON.parse(fields.data) } : null;
}
