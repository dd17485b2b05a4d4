// Search as you type: each keystroke asks again and drops the question before it; old hits stay until new ones are here.

import { $, fill, h } from "./dom.js";
import { api, query } from "./api.js";
import { hitRow } from "./hit.js";
import { showChips, startChips } from "./chips.js";
import { startKeys, toFirstHit } from "./keys.js";
import { nameFilter, showFacets, startFacets } from "./facets.js";
import { clearNotices, showFailure, showNotices } from "./notices.js";
import { fillLanguages } from "./languages.js";
import { startMenus } from "./menus.js";
import { showMissing, startMissing } from "./missing.js";
import { noteQuery } from "./recent.js";
import { clearSaved, startSaved } from "./saved.js";
import { closeSuggestions, startSuggestions, suggest, suggestionKey } from "./suggest.js";

const TYPING_MS = 120;
const PAGE = 20;
// "today" is the asker's; a browser that hides its zone gets the server's default.
const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;
const tz = ZONE === "Etc/Unknown" ? "" : ZONE;
// The choices beside the text, each with the value that need not be said.
const CHOICES = { type: "", mode: "hybrid", sort: "relevance", group_by: "none", lang: "", workspace: "", rerank: "" };
// Points for what was made today, in an order that favours it: about as many as one standard deviation of meaning (search/fuse.py).
const RECENCY = 3;
const EXAMPLES = [
  ["pension plan", "words, in files and messages alike"],
  ['"exact words"', "a phrase, as it is written"],
  ["report ext:pdf", "only in PDF files"],
  ["invoice -draft", "without a word"],
  ["from:ada last:7d", "by author and date; also on:2026-03 and during:\"last week\""],
];

const TOO_OLD = "This list is too old to go on with. Search again for a new one.";

let asked; // the request under way
let timer;
let shown = null; // what the list on the screen was asked with: "Show more" goes on with that, whatever the box holds by then
let next = null;

export function startSearch() {
  const form = $("#search-form");
  form.addEventListener("submit", (event) => { event.preventDefault(); closeSuggestions(); ask(); noteQuery(wanted().q); });
  form.addEventListener("input", ({ target }) => {
    if (target.name === "q") askSoon();
    else if (target.name in CHOICES) ask();
  });
  $("#search-input").addEventListener("keydown", fromInput);
  $("#search-more").addEventListener("click", more);
  $("#search-input").addEventListener("click", ({ target }) => { if (!target.value) suggest(); });
  $("#search-hits").addEventListener("click", ({ target }) => { if (target.closest(".hit")) noteQuery(shown.q); });
  startSuggestions(({ isOpen, isMeant }) => {
    ask();
    if (isOpen) suggest();
    if (isMeant) noteQuery(wanted().q);
  });
  startMenus();
  fillLanguages();
  startChips(write);
  startFacets(write);
  startMissing(() => ({ ...wanted(), tz }));
  startSaved({ asked: () => ({ ...wanted(), tz }), run: (kept) => showSearch(new URLSearchParams(kept)) });
  startKeys({ toBox: focusSearch });
  showExamples();
}

export function showSearch(parameters) {
  const form = $("#search-form");
  form.q.value = parameters.get("q") ?? form.q.value;
  for (const name of Object.keys(CHOICES)) {
    if (parameters.has(name)) form[name].value = parameters.get(name);
  }
  if (parameters.has("recency")) form.sort.value = "recent";
  ask({ recall: parameters.get("recall") ?? "" });
}

export function focusSearch() {
  $("#search-input").focus();
  $("#search-input").select();
}

export function clearSearch() {
  asked?.abort();
  $("#search-form").reset();
  closeSuggestions();
  clearSaved();
  showNone();
}

// Another text takes the place of the one in the box, the cursor behind it.
function write(text, { isOpen = false, stays = false } = {}) {
  const input = $("#search-input");
  input.value = text;
  if (!stays) input.focus();
  input.setSelectionRange(text.length, text.length);
  closeSuggestions();
  ask();
  if (isOpen) suggest();
}

function askSoon() {
  clearTimeout(timer);
  timer = setTimeout(() => { ask(); suggest(); }, TYPING_MS);
}

function wanted() {
  const form = $("#search-form");
  const chosen = Object.entries(CHOICES).map(([name, silent]) => [name, form[name].value === silent ? "" : form[name].value]);
  const recent = form.sort.value === "recent" && { sort: "", recency: RECENCY };
  return { q: form.q.value.trim(), ...Object.fromEntries(chosen), ...recent };
}

// `extra` holds for this one list, until something else is asked.
async function ask(extra = {}) {
  clearTimeout(timer);
  asked?.abort();
  const parameters = { ...wanted(), ...extra };
  if (!location.hash.startsWith("#/file/")) history.replaceState(null, "", `#/search${query(parameters)}`);
  if (!parameters.q) return showNone();
  try {
    const [answer, rows] = await request(parameters);
    shown = parameters;
    $("#search-empty").hidden = true;
    fill($("#search-hits"), rows);
    showChips(answer.query.filters);
    showNotices(answer, { write, compareAll });
    showMissing(true);
    showFacets(answer.hits.length > 0 || answer.query.filters.length > 0 ? { ...parameters, tz } : null);
  } catch (error) {
    if (error.name === "AbortError") return;
    showNone();
    $("#search-empty").hidden = true;
    showFailure(error.message);
  }
}

function compareAll() {
  ask({ recall: "exact" });
  $("#search-input").focus();
}

// What is there stays, whatever becomes of the rest.
async function more() {
  try {
    const [, rows] = await request({ ...shown, cursor: next });
    $("#search-hits").append(...rows);
    $("a", rows[0])?.focus();
  } catch (error) {
    if (error.name !== "AbortError") fill($("#search-more-failed"), error.status === 400 ? TOO_OLD : error.message);
  }
}

// The answer and its hits as rows; whatever was asked before is given up.
async function request(asking) {
  asked?.abort();
  const mine = new AbortController();
  const { signal } = mine;
  asked = mine;
  const parameters = { ...asking, limit: PAGE, tz };
  $("#search-hits").setAttribute("aria-busy", "true");
  fill($("#search-more-failed"));
  try {
    const answer = await api(`/search${query(parameters)}`, { signal });
    signal.throwIfAborted();
    next = answer.page.next_cursor;
    $("#search-more").hidden = !next;
    const again = (extra) => api(`/search${query({ ...parameters, ...extra })}`);
    return [answer, answer.hits.map((hit) => hitRow(hit, parameters.q, { ask: again, like: showLike }))];
  } finally {
    if (asked === mine) $("#search-hits").removeAttribute("aria-busy");
  }
}

// What is like a hit; the chip says its title instead of the id.
function showLike(hit) {
  const filter = { op: "like", value: hit.message_id ?? hit.id };
  nameFilter(filter, hit.title || hit.snippet.text);
  write(`like:${filter.value}`);
}

// Nothing asked, nothing found to show.
function showNone() {
  next = null;
  fill($("#search-hits"));
  fill($("#search-more-failed"));
  showChips([]);
  showFacets(null);
  showMissing(false);
  clearNotices();
  $("#search-more").hidden = true;
  $("#search-empty").hidden = false;
}

function showExamples() {
  const rows = EXAMPLES.map(([text, meaning]) =>
    h("li", {}, h("button", { type: "button", class: "example", onclick: () => write(text) }, text), h("span", { class: "muted" }, meaning)));
  fill($("#search-examples"), rows);
}

function fromInput(event) {
  if (suggestionKey(event) || event.isComposing) return;
  if (event.key === "ArrowDown" && !event.target.value) {
    event.preventDefault();
    suggest();
  } else if (event.key === "ArrowDown" && toFirstHit()) {
    event.preventDefault();
    closeSuggestions();
  } else if (event.key === "Escape" && event.target.value) {
    event.preventDefault();
    write("");
  }
}
