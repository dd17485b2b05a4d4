// Who else is in the open conversation: how far each has read, who looks at it now, who writes.

import { $, h } from "./dom.js";
import { api, myId } from "./api.js";
import { keepEnd } from "./log.js";

const NAMED = 3; // people, before they are only counted

let people = new Map(); // account id -> name
let here = []; // account ids of those who look at it
const strangers = new Set(); // whose names were asked for once already
const read = new Map(); // account id -> seq; told before the names are known, too
let conversation = "";
let clearing = 0; // timer that takes away who types

export async function meet(id) {
  conversation = id;
  const { items } = await api(`/conversations/${id}/people`).catch(() => ({ items: [] }));
  if (conversation !== id) return;
  people = new Map(items.map(({ account_id: who, name }) => [who, name]));
  for (const { account_id: who, read_seq: seq } of items) hasRead(who, seq ?? 0);
  drawReaders();
  showHere();
}

export function part() {
  conversation = "";
  people = new Map();
  strangers.clear();
  read.clear();
  showHere([]);
  showTyping("");
}

export function hasRead(who, seq) {
  if ((read.get(who) ?? 0) >= seq) return;
  read.set(who, seq);
  acquaint([who]);
  drawReaders();
}

// Each of the others stands below the last message that he has read, unless he wrote it.
export const drawReaders = () => keepEnd(draw);

function draw() {
  for (const line of document.querySelectorAll("#messages .readers")) line.remove();
  const rows = [...document.querySelectorAll("#messages .message[data-seq]")];
  const readers = new Map();
  for (const [who, name] of people) {
    const row = who !== myId() && rows.findLast(({ dataset }) => Number(dataset.seq) <= (read.get(who) ?? 0));
    if (row && row.dataset.author !== who) readers.set(row, [...(readers.get(row) ?? []), name]);
  }
  for (const [row, names] of readers) row.append(h("p", { class: "readers muted", title: names.join(", ") }, `Read by ${listed(names)}`));
}

export function showHere(ids = here) {
  here = ids;
  const names = people.size ? ids.filter((id) => id !== myId()).map(nameOf) : []; // not known yet
  acquaint(ids);
  $("#chat-here").textContent = names.length ? `${listed(names)} ${names.length === 1 ? "is" : "are"} here` : "";
}

export function showAway() {
  showTyping("");
  $("#chat-here").textContent = "Not connected. Trying again…";
}

export async function isWriting({ account_id: who, for_s: seconds }) {
  if (who === myId()) return;
  await acquaint([who]);
  showTyping(`${nameOf(who)} is writing…`);
  clearing = setTimeout(() => showTyping(""), seconds * 1000);
}

export function showTyping(text) {
  clearTimeout(clearing);
  $("#chat-typing").textContent = text;
}

// Somebody who came to the workspace after the names were asked for.
async function acquaint(ids) {
  const news = ids.filter((id) => people.size && !people.has(id) && !strangers.has(id));
  if (!news.length) return;
  news.forEach((id) => strangers.add(id));
  await meet(conversation);
}

const nameOf = (id) => people.get(id) ?? "Somebody";

function listed(names) {
  const shown = names.slice(0, names.length > NAMED ? NAMED - 1 : NAMED);
  const more = names.length - shown.length;
  if (more) return `${shown.join(", ")} and ${more} others`;
  return shown.length > 1 ? `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}` : shown[0];
}
