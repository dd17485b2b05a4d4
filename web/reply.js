// A reply while it is written: follow the run's events into a message. Leaving the page stops nothing, coming back resumes.

import { $, h, report } from "./dom.js";
import { api } from "./api.js";
import { follow } from "./events.js";
import { keepEnd } from "./log.js";
import { messageRow, nameModel, showReply } from "./message.js";

export const stopRun = (runId) => api(`/runs/${runId}/stop`, { method: "POST" });

// Return {row, done}: the row to show, and a promise of how the run ended ({state, message_id, ...}).
export function liveReply({ id: runId, question }, { signal }) {
  const row = messageRow({ role: "assistant", content: "", id: "", parent_id: question, created_at: new Date().toISOString() });
  row.dataset.run = runId;
  row.append(h("footer", { class: "message-foot stopping" }, stopButton(runId)));
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
  const named = (name) => nameModel(row, name);
  const done = read(runId, reply, { signal, drawSoon, named }).then((end) => {
    cancelAnimationFrame(drawing);
    reply.waiting = "";
    reply.end = end;
    draw();
    row.removeAttribute("aria-busy");
    $(".stopping", row)?.remove();
    row.dataset.id = end?.message_id ?? "";
    return end;
  });
  return { row, done };
}

function stopButton(runId) {
  const stop = async ({ currentTarget: button }) => {
    button.disabled = true;
    await stopRun(runId).finally(() => { button.disabled = false; });
  };
  return h("button", { type: "button", class: "link", onclick: (event) => report(stop(event)) }, "Stop this one");
}

async function read(runId, reply, { signal, drawSoon, named }) {
  try {
    for await (const { event, data } of follow(`/runs/${runId}/events`, { signal, ends: ({ event }) => event === "run.done" })) {
      if (event === "run.done") return data;
      if (event === "run.started") named(data.model);
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

// How a reply came to be: its question, model, quotations, end, and what one said of it.
export const runOf = (runId) => api(`/runs/${runId}`);
