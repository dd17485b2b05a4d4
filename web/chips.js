// The filters of the query as chips that can be taken out again, and shortcuts that put one in: a date, a person, a place, a format.

import { $, fill, h, icon } from "./dom.js";
import { labelOf } from "./facets.js";
import { dateIn, withDate, withoutFilter } from "./operators.js";

const DATES = [
  ["Today", { op: "on", value: "today" }],
  ["Yesterday", { op: "on", value: "yesterday" }],
  ["Last 7 days", { op: "last", value: "7d" }],
  ["Last 30 days", { op: "last", value: "30d" }],
  ["This month", { op: "during", value: "this month" }],
  ["Last month", { op: "during", value: "last month" }],
  ["This year", { op: "during", value: "this year" }],
];

let edit = () => {};

// `onEdit(text, {isOpen, stays})` takes the query's new text. An operator is open: its value comes next; the focus stays where it is.
export function startChips(onEdit) {
  edit = onEdit;
  const text = () => $("#search-input").value;
  for (const button of document.querySelectorAll("[data-begin]")) {
    button.addEventListener("click", () => edit(`${text().trim()} ${button.dataset.begin}`.trim(), { isOpen: true }));
  }
  const choose = (filter) => { $("#when").open = false; edit(withDate(text(), filter)); };
  fill($("#when-days"), DATES.map(([label, filter]) => h("button", { type: "button", class: "option", onclick: () => choose(filter) }, label)));
  for (const op of ["after", "before"]) {
    $(`#when-${op}`).addEventListener("change", (event) => edit(withDate(text(), { op, value: event.target.value }), { stays: true }));
  }
  $("#when").addEventListener("toggle", () => {
    for (const op of ["after", "before"]) $(`#when-${op}`).value = dateIn(text(), op);
  });
}

export function showChips(filters) {
  fill($("#search-filters"), filters.map(chipOf));
}

function chipOf(filter) {
  const { op, value, negated } = filter;
  const remove = () => edit(withoutFilter($("#search-input").value, filter));
  return h("li", { class: "chip" },
    h("span", { class: "one-line" }, h("span", { class: "muted" }, `${negated ? "not " : ""}${op} `), labelOf(filter)),
    h("button", { type: "button", "aria-label": `Remove ${negated ? "-" : ""}${op}:${value}`, onclick: remove }, icon("close")));
}
