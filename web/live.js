// What happens, as it happens: one socket for all topics that the page watches, or where none can be opened server-sent
// events. It comes back where it was.

import { query, withWorkspace } from "./api.js";
import { follow } from "./events.js";

const WAIT_MS = 1000;
const LONGEST_WAIT_MS = 15000;
const TRIES = 2; // sockets in vain, before events are taken instead; where one has worked, the server is only away
const TYPING_MS = 3000;

const watchers = new Set();
const asked = new Set(); // topics to be subscribed to with the next turn
let socket = null;
let stream = null; // AbortController of the events that are taken instead of a socket
let failed = 0; // sockets without a subscription, while none has had one
let works = false;
let wait = WAIT_MS;

// Call tell(frame) for each frame of the topic, a change once, until stop(), and for `away` while there is no connection;
// `present`: others see that one looks at it.
export function watchLive(topic, { after, tell, present = false }) {
  const watcher = { topic, seq: after, tell, present, typedAt: 0 };
  watchers.add(watcher);
  if (!asked.size) queueMicrotask(ask);
  asked.add(topic);
  return { stop: () => leave(watcher), type: () => type(watcher) };
}

document.addEventListener("visibilitychange", () => [...watchers].filter(({ present }) => present).forEach(({ topic }) => sayPresence(topic)));

function ask() {
  const topics = [...asked].filter(isWatched);
  asked.clear();
  if (stream) listen();
  else if (isOpen()) subscribe(topics);
  else connect();
}

const of = (topic) => [...watchers].filter((watcher) => watcher.topic === topic);
const isWatched = (topic) => of(topic).length > 0;
const isOpen = () => socket?.readyState === WebSocket.OPEN;
const seqOf = (topic) => Math.min(...of(topic).map(({ seq }) => seq));
const topicsNow = () => [...new Set([...watchers].map(({ topic }) => topic))];

function connect() {
  if (!watchers.size || socket || stream) return;
  if (failed >= TRIES) { listen(); return; }
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const mine = new WebSocket(`${scheme}://${location.host}${withWorkspace("/api/v1/realtime")}`);
  socket = mine;
  mine.addEventListener("open", () => subscribe(topicsNow()));
  mine.addEventListener("message", ({ data }) => { if (mine === socket) hear(JSON.parse(data)); });
  mine.addEventListener("close", ({ code }) => {
    if (mine !== socket) return;
    socket = null;
    for (const { tell } of watchers) tell({ event: "away", seq: null, data: {} });
    if (code === 1008) return; // signed out: the page hears of it by its next request
    if (!works) failed += 1;
    setTimeout(connect, wait * (0.5 + Math.random()));
    wait = Math.min(wait * 2, LONGEST_WAIT_MS);
  });
}

async function listen() {
  stream?.abort();
  const mine = new AbortController();
  stream = mine;
  const topics = topicsNow();
  try {
    const path = `/events${query({ topic: topics, after: topics.map(seqOf).join(",") })}`;
    for await (const { data } of follow(path, { signal: mine.signal })) hear(data);
  } catch {
    if (mine === stream) stream = null; // refused for good: a reload shows why
  }
}

function subscribe(topics) {
  say({ subscribe: topics.map((topic) => ({ topic, resume: { after: seqOf(topic) } })) });
}

function hear(frame) {
  if (frame.event === "reconnect") wait = frame.data.retry_ms;
  if (frame.event === "subscribed") {
    works = Boolean(socket);
    wait = WAIT_MS;
    if (of(frame.topic).some(({ present }) => present)) sayPresence(frame.topic);
    for (const { tell } of of(frame.topic)) tell(frame);
    return;
  }
  for (const watcher of of(frame.topic)) take(watcher, frame);
}

function take(watcher, frame) {
  if (frame.event !== "gap" && frame.seq !== null && frame.seq <= watcher.seq) return;
  if (frame.seq !== null) watcher.seq = frame.seq;
  if (frame.event === "error") leave(watcher); // the server may hold its place still
  watcher.tell(frame);
}

function leave(watcher) {
  if (!watchers.delete(watcher)) return;
  if (isWatched(watcher.topic)) { if (watcher.present) sayPresence(watcher.topic); return; }
  if (watchers.size) { say({ unsubscribe: { topic: watcher.topic } }); return; }
  const gone = socket;
  socket = null;
  gone?.close();
  stream?.abort();
  stream = null;
}

function type(watcher) {
  if (Date.now() - watcher.typedAt < TYPING_MS) return;
  watcher.typedAt = Date.now();
  say({ typing: { topic: watcher.topic } });
}

function sayPresence(topic) {
  const here = !document.hidden && of(topic).some(({ present }) => present);
  say({ presence: { topic, here } });
}

function say(command) {
  if (isOpen()) socket.send(JSON.stringify(command));
}
