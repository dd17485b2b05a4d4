// Moving among the hits by keyboard, and the list of keys.

import { $ } from "./dom.js";

const STEPS = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 };

export function startKeys({ toBox }) {
  $("#search-hits").addEventListener("keydown", (event) => {
    if (!["ArrowDown", "ArrowUp", "Escape"].includes(event.key)) return;
    event.preventDefault();
    if (event.key === "Escape" || !step(STEPS[event.key])) toBox();
  });
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || $("#app").hidden) return;
    if (event.target.closest("input, textarea, select, dialog")) return;
    if (event.key === "?") showKeys();
    else if ("jk".includes(event.key) && !$("#view-search").hidden) step(STEPS[event.key]);
  });
  $("#show-keys").addEventListener("click", showKeys);
}

export const toFirstHit = () => Boolean(step(1, -1));

function showKeys() {
  if (!$("#keys").open) $("#keys").showModal();
}

// Move the focus by one hit; false above the first one.
function step(by, from = current()) {
  const links = document.querySelectorAll("#search-hits .hit");
  if (from + by < 0) return from < 0;
  links[Math.min(from + by, links.length - 1)]?.focus();
  return links.length > 0;
}

const current = () => [...document.querySelectorAll("#search-hits > li")].indexOf(document.activeElement.closest("#search-hits > li"));
