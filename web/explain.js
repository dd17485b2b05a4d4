// Why a hit stands where it does: what each leg gave and what each word did, as two small tables whose numbers add up.

import { h } from "./dom.js";

const LEGS = { lexical: "Words", name: "Name", semantic: "Meaning", neighbours: "What stands around it", recency: "How new it is" };

export function explained(explanation) {
  if (!explanation) return h("p", { class: "muted" }, "This list was made too long ago to tell. Search again.");
  const { score, legs, terms, filters } = explanation;
  return [
    legs.length > 0 ? legTable(score, legs) : h("p", { class: "muted" }, "A list by date has no score."),
    terms.length > 0 && termTable(terms),
    filters.length > 0 && h("p", { class: "muted" }, "Let in by ", h("code", {}, filters.join(" "))),
  ];
}

const legTable = (score, legs) =>
  table("What each way of searching gave", ["", "Place", "Measured", "Weighed", "Adds"],
    legs.map(({ leg, rank, raw, normalised, weight, contribution }) => [LEGS[leg] ?? leg, rank ?? "–", number(raw), `${number(normalised)} × ${number(weight)}`, number(contribution)]),
    ["Score", "", "", "", number(score)]);

const termTable = (terms) =>
  table("What each word gave to “Words”", ["", "Looked up as", "Rarity", "Times", "Adds"],
    terms.map(({ word, lexemes, idf, frequency, contribution }) => [word, lexemes.join(", "), number(idf), frequency, number(contribution)]));

function table(caption, head, rows, foot) {
  const cells = ([first, ...rest]) => [h("th", { scope: "row" }, first), rest.map((cell) => h("td", {}, String(cell)))];
  return h("div", { class: "explain", tabindex: "0", role: "group", "aria-label": caption },
    h("table", {},
      h("caption", {}, caption),
      h("thead", {}, h("tr", {}, head.map((title) => (title ? h("th", { scope: "col" }, title) : h("td", {}))))),
      h("tbody", {}, rows.map((row) => h("tr", {}, cells(row)))),
      foot && h("tfoot", {}, h("tr", {}, cells(foot)))));
}

const number = (value) => value.toLocaleString(undefined, { maximumFractionDigits: 2 });
