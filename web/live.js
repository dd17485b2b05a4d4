// A topic as it happens: over a socket, or where none can be opened as server-sent events. It comes back where it was.

import { withWorkspace } from "./api.js";
import { follow } from "./events.js";

const WAIT_MS = 1000;
const LONGEST_WAIT_MS = 15000;
const TRIES = 2; // sockets that did not open, before events are taken instead
const TYPING_MS = 3000;

// Call tell(frame) for each frame of the topic, a change once, until stop().
export function watchLive(topic, { after, tell }) {
  const state = { topic, seq: after, tell, socket: null, stop: new AbortController(), wait: WAIT_MS, failed: 0, typedAt: 0 };
  connect(state);
  return {
    stop: () => { state.stop.abort(); state.socket?.close(); },
    type: () => type(state),
  };
}

function connect(state) {
  if (state.stop.signal.aborted) return;
  if (state.failed >= TRIES) { events(state); return; }
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const socket = new WebSocket(`${scheme}://${location.host}${withWorkspace("/api/v1/realtime")}`);
  let opened = false;
  state.socket = socket;
  socket.addEventListener("open", () => {
    opened = true;
    say(state, { subscribe: { topic: state.topic, resume: { after: state.seq } } });
  });
  socket.addEventListener("message", ({ data }) => {
    const frame = JSON.parse(data);
    if (frame.event === "reconnect") state.wait = frame.data.retry_ms;
    if (frame.topic !== state.topic) return;
    if (frame.event === "subscribed") {
      Object.assign(state, { failed: 0, wait: WAIT_MS });
      say(state, { presence: { topic: state.topic } });
    }
    take(state, frame);
  });
  socket.addEventListener("close", ({ code }) => {
    if (state.stop.signal.aborted || code === 1008) return; // signed out: the page hears of it by its next request
    if (!opened) state.failed += 1;
    setTimeout(() => connect(state), state.wait * (0.5 + Math.random()));
    state.wait = Math.min(state.wait * 2, LONGEST_WAIT_MS);
  });
}

async function events(state) {
  const path = `/events?topic=${state.topic}&after=${state.seq}`;
  try {
    for await (const { data } of follow(path, { signal: state.stop.signal })) take(state, data);
  } catch {
    state.tell({ event: "error", seq: null, data: {} });
  }
}

function take(state, frame) {
  if (frame.event === "subscribed") return;
  if (frame.event === "gap") state.seq = frame.seq;
  else if (frame.seq !== null && frame.seq <= state.seq) return;
  if (frame.seq !== null) state.seq = frame.seq;
  if (frame.event === "error") state.stop.abort();
  state.tell(frame);
}

function type(state) {
  if (Date.now() - state.typedAt < TYPING_MS) return;
  state.typedAt = Date.now();
  say(state, { typing: { topic: state.topic } });
}

function say(state, command) {
  if (state.socket?.readyState === WebSocket.OPEN) state.socket.send(JSON.stringify(command));
}
