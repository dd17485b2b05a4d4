// A reply while it is written: follow the run's events into a message. Leaving the page stops nothing, coming back resumes.

import { api } from "./api.js";
import { follow } from "./events.js";
import { keepEnd } from "./log.js";
import { messageRow, showReply } from "./message.js";

export const stopRun = (runId) => api(`/runs/${runId}/stop`, { method: "POST" });

// Return {row, done}: the row to show, and a promise of how the run ended ({state, message_id, ...}).
export function liveReply(runId, { signal }) {
  const row = messageRow({ role: "assistant", content: "", id: "", created_at: new Date().toISOString() });
  row.setAttribute("aria-busy", "true");
  const reply = { text: "", citations: [], waiting: "Searching your messages and files…", end: null };
  const body = row.querySelector(".body");
  let drawing = 0;
  const draw = () => {
    drawing = 0;
    keepEnd(() => showReply(body, reply));
  };
  const drawSoon = () => { drawing ||= requestAnimationFrame(draw); };
  draw();
  const done = read(runId, reply, { signal, drawSoon }).then((end) => {
    cancelAnimationFrame(drawing);
    reply.waiting = "";
    reply.end = end;
    draw();
    row.removeAttribute("aria-busy");
    row.dataset.id = end?.message_id ?? "";
    return end;
  });
  return { row, done };
}

async function read(runId, reply, { signal, drawSoon }) {
  try {
    for await (const { event, data } of follow(`/runs/${runId}/events`, { signal, ends: ({ event }) => event === "run.done" })) {
      if (event === "run.done") return data;
      take(reply, event, data);
      drawSoon();
    }
  } catch (error) {
    return { state: "failed", error: { message: error.message }, retryable: true };
  }
  return null;
}

function take(reply, event, data) {
  if (event === "delta") {
    reply.text += data.text;
    reply.waiting = "";
  } else if (event === "citation") {
    reply.citations.push(data);
  } else if (event === "citation.removed") {
    reply.citations = reply.citations.filter((citation) => citation.id !== data.id);
  } else if (event === "retrieval.done") {
    const found = data.passages?.length ?? 0;
    reply.waiting = found ? `Reading ${found === 1 ? "1 passage" : `${found} passages`}…` : "Nothing found to answer from…";
  }
}

// The quotations of a reply that was finished before.
export async function citationsOf(runId) {
  const run = await api(`/runs/${runId}`);
  return run.citations ?? [];
}
