// Completions under the search box: a combobox whose options take the place of the word or operator before the cursor.

import { $, fill, h, icon, points } from "./dom.js";
import { api } from "./api.js";

const MOST = 8;
const MEANING = {
  "type:": "message or file", "from:": "who wrote it", "to:": "who takes part", "in:": "conversation or folder",
  "ext:": "format of the file", "name:": "name of the file", "page:": "page of the file", "size:": "of the file: >1mb",
  "lang:": "language", "tag:": "tag", "has:": "file, link, image, code", "is:": "pinned, mine, shared, edited",
  "before:": "a date", "after:": "a date", "on:": "a day, month or year", "during:": "\"last week\", 2026-03",
  "last:": "7d, 24h, 3m", "near:": "what stands around it", "like:": "similar to it",
};
const PICTURE = { file: "file", conversation: "message", person: "person", word: "search", recent: "clock", operator: "filter", value: "filter" };

let asked; // the request under way
let offered = []; // what is shown
let typed = ""; // the text before the cursor that it completes
let start = 0; // where the completed token begins in it, in code points
let active = -1;
let completed = () => {};

// `onCompleted({isOpen, isMeant})` is called once the text has changed: an operator is open, its value comes next; a query of before
// is meant as it is.
export function startSuggestions(onCompleted) {
  completed = onCompleted;
  const list = $("#suggestions");
  list.addEventListener("mousedown", (event) => event.preventDefault()); // the box keeps the focus
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) choose([...list.children].indexOf(option));
  });
  $("#search-input").addEventListener("blur", closeSuggestions);
}

export function closeSuggestions() {
  asked?.abort();
  offered = [];
  show();
}

export async function suggest() {
  asked?.abort();
  asked = new AbortController();
  const { signal } = asked;
  const input = $("#search-input");
  const at = input.selectionStart;
  const q = input.value.slice(0, at);
  if (/\s$/u.test(q) || /^\S/u.test(input.value.slice(at)) || document.activeElement !== input) return closeSuggestions();
  const answer = await api(`/search/suggest?${new URLSearchParams({ q, limit: MOST })}`, { signal }).catch(() => null);
  if (signal.aborted) return undefined;
  [typed, start, offered] = [q, answer?.start ?? 0, answer?.suggestions ?? []];
  return show();
}

function show() {
  active = -1;
  const list = $("#suggestions");
  fill(list, offered.map(optionOf));
  list.hidden = !offered.length;
  const input = $("#search-input");
  input.setAttribute("aria-expanded", String(offered.length > 0));
  input.removeAttribute("aria-activedescendant");
}

function optionOf({ kind, type, text }, n) {
  const hint = kind === "operator" ? MEANING[text] : type ?? (["person", "recent"].includes(kind) && kind);
  return h("li", { role: "option", id: `suggestion-${n}`, "aria-selected": "false" },
    icon(PICTURE[type ?? kind]), h("span", { class: "one-line" }, text), hint && h("span", { class: "muted" }, hint));
}

// Whether the key was for the suggestions. Down from the last one leaves them for what is below.
export function suggestionKey(event) {
  if (!offered.length || event.isComposing) return false;
  const { key } = event;
  if (key === "Escape") closeSuggestions();
  else if (key === "ArrowDown" && active < offered.length - 1) activate(active + 1);
  else if (key === "ArrowUp" && active >= 0) activate(active - 1);
  else if (key === "Enter" && active >= 0) choose(active);
  else if (key === "Tab" && !event.shiftKey) choose(Math.max(active, 0));
  else return false;
  event.preventDefault();
  return true;
}

function activate(n) {
  active = n;
  const options = [...$("#suggestions").children];
  options.forEach((option, at) => option.setAttribute("aria-selected", String(at === n)));
  options[n]?.scrollIntoView({ block: "nearest" });
  const input = $("#search-input");
  if (n < 0) input.removeAttribute("aria-activedescendant");
  else input.setAttribute("aria-activedescendant", `suggestion-${n}`);
}

function choose(n) {
  const input = $("#search-input");
  const { kind, insert } = offered[n];
  const [isOpen, isMeant] = [kind === "operator", kind === "recent"];
  const before = `${points(typed).slice(0, start).join("")}${insert}${isOpen || isMeant ? "" : " "}`;
  input.value = before + input.value.slice(typed.length).trimStart();
  input.setSelectionRange(before.length, before.length);
  closeSuggestions();
  completed({ isOpen, isMeant });
}
