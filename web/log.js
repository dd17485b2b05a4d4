// The list of messages as a place: whether its end is in sight, and keeping it there while things change.

import { $ } from "./dom.js";

const NEAR = 80; // pixels

let atEnd = true;

export function startLog() {
  const list = $("#messages");
  list.addEventListener("scroll", () => { atEnd = isAtEnd(); });
  new ResizeObserver(() => { if (atEnd) toEnd(); }).observe(list); // a phone's keyboard comes up, a window is made smaller
}

export function isAtEnd() {
  const list = $("#messages");
  return list.scrollHeight - list.scrollTop - list.clientHeight < NEAR;
}

export function toEnd() {
  const list = $("#messages");
  list.scrollTop = list.scrollHeight;
}

// Change what the list shows; whoever saw its end sees it still.
export function keepEnd(change) {
  const was = isAtEnd();
  change();
  if (was) toEnd();
}
