// Search as you type: each keystroke asks again and drops the question before it; old hits stay until new ones are here.

import { $, count, fill, h } from "./dom.js";
import { api, query } from "./api.js";
import { hitRow } from "./hit.js";

const TYPING_MS = 120;
const PAGE = 20;
// "today" is the asker's; a browser that hides its zone gets the server's default.
const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;
const tz = ZONE === "Etc/Unknown" ? "" : ZONE;
const EXAMPLES = [
  ["pension plan", "words, in files and messages alike"],
  ['"exact words"', "a phrase, as it is written"],
  ["report ext:pdf", "only in PDF files"],
  ["invoice -draft", "without a word"],
  ["from:ada last:7d", "by author and date; also on:2026-03 and during:\"last week\""],
];
const DEGRADED = {
  semantic: "Search by meaning is not available right now: these results match words only.",
  lexical: "Search by words took too long: these results match by meaning only.",
  name: "Names of files were not searched this time.",
};

let asked; // the request under way
let timer;
let next = null;

export function startSearch() {
  const form = $("#search-form");
  form.addEventListener("submit", (event) => { event.preventDefault(); ask(); });
  form.addEventListener("input", (event) => (event.target.name === "q" ? askSoon() : ask()));
  $("#search-input").addEventListener("keydown", fromInput);
  $("#search-hits").addEventListener("keydown", amongHits);
  $("#search-more").addEventListener("click", more);
  showExamples();
}

export function showSearch(parameters) {
  const form = $("#search-form");
  form.q.value = parameters.get("q") ?? form.q.value;
  for (const name of ["type", "mode", "sort"]) {
    if (parameters.has(name)) form[name].value = parameters.get(name);
  }
  ask();
}

export function focusSearch() {
  $("#search-input").focus();
  $("#search-input").select();
}

export function clearSearch() {
  asked?.abort();
  $("#search-form").reset();
  show([]);
}

function askSoon() {
  clearTimeout(timer);
  timer = setTimeout(ask, TYPING_MS);
}

function wanted() {
  const form = $("#search-form");
  const { mode, sort } = form;
  return {
    q: form.q.value.trim(),
    type: form.type.value,
    mode: mode.value === "hybrid" ? "" : mode.value,
    sort: sort.value === "relevance" ? "" : sort.value,
  };
}

async function ask() {
  clearTimeout(timer);
  asked?.abort();
  const parameters = wanted();
  if (!location.hash.startsWith("#/file/")) history.replaceState(null, "", `#/search${query(parameters)}`);
  if (!parameters.q) return show([]);
  await request({ ...parameters, limit: PAGE }, (answer) => {
    fill($("#search-hits"), answer.hits.map(hitRow));
    tell(answer);
  });
}

async function more() {
  await request({ ...wanted(), limit: PAGE, cursor: next }, (answer) => {
    const rows = answer.hits.map(hitRow);
    $("#search-hits").append(...rows);
    $("a", rows[0])?.focus();
  });
}

async function request(parameters, use) {
  const mine = new AbortController();
  asked = mine;
  $("#search-hits").setAttribute("aria-busy", "true");
  try {
    const answer = await api(`/search${query({ ...parameters, tz })}`, { signal: mine.signal });
    if (asked !== mine) return;
    $("#search-empty").hidden = true;
    use(answer);
    next = answer.page.next_cursor;
    $("#search-more").hidden = !next;
  } catch (error) {
    if (error.name === "AbortError") return;
    show([]);
    $("#search-empty").hidden = true;
    fill($("#search-notices"), h("p", { class: "notice error" }, error.message));
  } finally {
    if (asked === mine) $("#search-hits").removeAttribute("aria-busy");
  }
}

function show(hits) {
  next = null;
  fill($("#search-hits"), hits);
  fill($("#search-notices"));
  $("#search-status").textContent = "";
  $("#search-more").hidden = true;
  $("#search-empty").hidden = false;
}

function tell(answer) {
  const { hits, page, timing_ms: timing } = answer;
  const total = Math.max(page.estimated_total ?? 0, hits.length);
  const found = page.has_more ? `${hits.length} of about ${total.toLocaleString()} results` : count(hits.length, "result");
  $("#search-status").textContent = `${hits.length ? found : "Nothing found"} in ${Math.round(timing.total)} ms`;
  const degraded = answer.degraded.map((part) => DEGRADED[part] ?? `Answered without a part of the search: ${part}.`);
  const notices = [...answer.query.warnings, ...degraded];
  fill($("#search-notices"), notices.map((text) => h("p", { class: "notice" }, text)), coverage(answer.coverage));
}

// What search could not look at; a person must know that "nothing found" may mean "not read yet".
function coverage({ pending, no_text: noText, failed }) {
  const parts = [
    pending && `${count(pending, "file")} still being read`,
    noText && `${count(noText, "file")} without text`,
    failed && `${count(failed, "file")} failed`,
  ].filter(Boolean);
  return parts.length > 0 && h("p", { class: "coverage muted" }, `Not searched in full: ${parts.join(", ")}. `, h("a", { href: "#/files" }, "See files"));
}

function showExamples() {
  const rows = EXAMPLES.map(([text, meaning]) => {
    const use = () => { $("#search-input").value = text; focusSearch(); ask(); };
    return h("li", {}, h("button", { type: "button", class: "example", onclick: use }, text), h("span", { class: "muted" }, meaning));
  });
  fill(
    $("#search-empty"),
    h("p", {}, "One list over everything you may see: what people wrote, and what stands in files."),
    h("ul", {}, rows),
    h("p", { class: "muted keys" }, h("kbd", {}, "/"), " search  ", h("kbd", {}, "↑"), " ", h("kbd", {}, "↓"), " move  ", h("kbd", {}, "Enter"), " open  ", h("kbd", {}, "Esc"), " back"),
  );
}

function fromInput(event) {
  const first = $("#search-hits a");
  if (event.key === "ArrowDown" && first) {
    event.preventDefault();
    first.focus();
  } else if (event.key === "Escape" && event.target.value) {
    event.preventDefault();
    event.stopPropagation();
    event.target.value = "";
    ask();
  }
}

function amongHits(event) {
  if (!["ArrowDown", "ArrowUp", "Escape"].includes(event.key)) return;
  const links = [...document.querySelectorAll("#search-hits a")];
  const at = links.indexOf(document.activeElement);
  event.preventDefault();
  if (event.key === "Escape" || (event.key === "ArrowUp" && at === 0)) return focusSearch();
  links[Math.min(at + (event.key === "ArrowDown" ? 1 : -1), links.length - 1)]?.focus();
}
