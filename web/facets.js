// How many results fall under each value of a facet; one press narrows to it, the next takes that back.
// Asked for on their own once the hits are there, so that typing never waits for a count.

import { $, fill, h } from "./dom.js";
import { api, query } from "./api.js";
import { hasFilter, withDate, withFilter, withoutFilter } from "./operators.js";

const WAIT_MS = 300;
const FEW = 6; // values of a facet before "more"
const TITLES = { type: "Kind", from: "Who", in: "Where", month: "When", ext: "Format", lang: "Language", tag: "Tags" };
const KINDS = { message: "Messages", file: "Files" };

let edit = () => {};
let asking = null; // the parameters of the search that the facets are about
let asked;
let timer;
const labels = new Map(); // "from:ada@example.org" -> what people call it

// `onEdit(text)` takes the query's new text.
export function startFacets(onEdit) {
  edit = onEdit;
  const wide = matchMedia("(min-width: 1248px)");
  const unfold = () => { $("#facets").open = wide.matches; };
  wide.addEventListener("change", unfold);
  unfold();
  $("#facets").addEventListener("toggle", () => { if ($("#facets").open && asking) load(); });
}

export function showFacets(parameters) {
  asking = parameters;
  asked?.abort();
  clearTimeout(timer);
  $("#facets").hidden = !asking;
  if (!asking) labels.clear();
  if (!asking) fill($("#facet-groups"));
  else if ($("#facets").open) timer = setTimeout(load, WAIT_MS);
}

export const nameFilter = ({ op, value }, label) => labels.set(`${op}:${value}`, label);
export const labelOf = ({ op, value }) => labels.get(`${op}:${value}`) ?? value;

async function load() {
  asked?.abort();
  asked = new AbortController();
  const { signal } = asked;
  const about = { ...asking, facets: Object.keys(TITLES).join(","), limit: 1 };
  const answer = await api(`/search${query(about)}`, { signal }).catch(() => null);
  if (signal.aborted) return;
  const groups = Object.entries(answer?.facets ?? {}).map(([name, facet]) => groupOf(name, facet)).filter(Boolean);
  fill($("#facet-groups"), groups.length ? groups : h("p", { class: "muted" }, "Nothing here tells these results apart."));
}

function groupOf(name, { values, is_exact: isExact }) {
  const options = values.map(({ value, label, count }) => optionOf(name, { value, label: read(name, label), count, isExact }));
  const isChosen = options.some((option) => option.getAttribute("aria-pressed") === "true");
  if (options.length < 2 && !isChosen) return null;
  const rest = options.slice(FEW);
  const more = rest.length > 0 && h("button", { type: "button", class: "link", onclick: (event) => { event.target.replaceWith(...rest); rest[0].focus(); } }, `${rest.length} more`);
  return h("section", { "aria-label": TITLES[name] }, h("h3", {}, TITLES[name]), options.slice(0, FEW), more);
}

function optionOf(name, { value, label, count, isExact }) {
  const filter = { op: name === "month" ? "on" : name, value };
  labels.set(`${filter.op}:${value}`, label);
  const text = () => $("#search-input").value;
  const isChosen = hasFilter(text(), filter);
  const press = () => {
    if (isChosen) edit(withoutFilter(text(), filter));
    else edit(name === "month" ? withDate(text(), filter) : withFilter(text(), filter));
  };
  const told = `${isExact ? "" : "about "}${count.toLocaleString()}`;
  return h("button", { type: "button", class: "option facet", "aria-pressed": String(isChosen), onclick: press },
    h("span", { class: "one-line" }, label), h("span", { class: "muted" }, told));
}

function read(name, label) {
  if (name === "type") return KINDS[label] ?? label;
  if (name === "month") return new Intl.DateTimeFormat(undefined, { month: "long", year: "numeric", timeZone: "UTC" }).format(new Date(`${label}-01`));
  if (name === "lang") return new Intl.DisplayNames(undefined, { type: "language" }).of(label);
  return label || "Without a name";
}
