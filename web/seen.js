// How far this person has read: told to the server while the end of the conversation is in sight of somebody.

import { $ } from "./dom.js";
import { api } from "./api.js";
import { isAtEnd } from "./log.js";

const WAIT_MS = 200; // scrolling past is no reading

let opened; // () => the conversation that is shown
let waiting = 0;

export function startSeen(conversation) {
  opened = conversation;
  $("#messages").addEventListener("scroll", lookSoon);
  document.addEventListener("visibilitychange", lookSoon);
}

export const isInSight = (id) => Boolean(id) && opened()?.id === id && !opened().has_after && !document.hidden && !$("#view-c").hidden && isAtEnd();

export function lookSoon() {
  clearTimeout(waiting);
  waiting = setTimeout(look, WAIT_MS);
}

async function look() {
  const conversation = opened();
  if (!conversation || !isInSight(conversation.id)) return;
  const shown = [...document.querySelectorAll("#messages [data-seq]")].map(({ dataset }) => Number(dataset.seq));
  const seq = Math.max(conversation.last_seq, ...shown); // what stands on other branches is not to be read here
  if (seq <= conversation.read_seq) return;
  conversation.read_seq = seq;
  await api(`/conversations/${conversation.id}/read`, { method: "PUT", body: { seq } }).catch(() => {}); // the next look tells it again
}
