// What replies and titles took: tokens and money by day and model as a table with bars beside it, for an admin by person too.

import { $, fill, h, report } from "./dom.js";
import { api, query } from "./api.js";
import { mayAdminister } from "./workspace.js";

const DAYS = 30;
const WHOSE = { mine: "Mine", all: "The workspace's", people: "The workspace's, by person" };
const ASKED = { mine: {}, all: { of: "workspace" }, people: { of: "workspace", by: "person" } };
const HEIGHT = 80;
const WIDTH = 10; // of a bar, with its gap

export function startUsage() {
  $("#usage-open").addEventListener("click", () => { $("#bell").open = false; report(open()); });
  $("#usage-of").addEventListener("change", () => report(show()));
}

async function open() {
  const names = mayAdminister() ? Object.keys(WHOSE) : ["mine"];
  fill($("#usage-of"), names.map((name) => h("option", { value: name }, WHOSE[name])));
  $("#usage-of").hidden = names.length === 1;
  await show();
  $("#usage").showModal();
}

async function show() {
  const whose = $("#usage-of").value;
  const { items, budgets } = await api(`/usage${query({ days: DAYS, ...ASKED[whose] })}`);
  if (whose !== $("#usage-of").value) return; // another was chosen meanwhile
  fill($("#usage-bars"), items.length > 0 && bars(items));
  const heads = ["Day", whose === "people" && "Person", "Model", "Replies", "Tokens", "Cost"].filter(Boolean);
  fill($("#usage-days"),
    h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head)))),
    h("tbody", {}, items.map((item) => rowOf(item, whose === "people"))));
  fill($("#usage-left"), items.length ? "" : `Nothing in ${DAYS} days.`, budgets.filter(({ limit }) => limit !== null).map(leftOf));
}

const tokensOf = (item) => item.input_tokens + item.output_tokens;
const money = (usd) => (usd ? `$${usd.toFixed(usd < 1 ? 4 : 2)}` : "–");

function rowOf(item, byPerson) {
  const cells = [byPerson && (item.person?.name ?? "Someone"), item.model, item.replies.toLocaleString(), tokensOf(item).toLocaleString(), money(item.cost_usd)];
  return h("tr", {}, h("th", { scope: "row" }, item.day), cells.filter((cell) => cell !== false).map((cell) => h("td", {}, cell)));
}

function leftOf({ of, unit, limit, used }) {
  const [spent, most] = unit === "usd" ? [money(used), money(limit)] : [used.toLocaleString(), `${limit.toLocaleString()} tokens`];
  return h("span", {}, `${of === "person" ? "I have" : "The workspace has"} used ${spent} of ${most} today. `);
}

// Tokens of each day; the table says the same in words, so the picture is one image with a name.
function bars(items) {
  const days = [...Array(DAYS).keys()].map((ago) => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10)).reverse();
  const tokens = days.map((day) => items.filter((item) => item.day === day).reduce((sum, item) => sum + tokensOf(item), 0));
  const most = Math.max(...tokens, 1);
  return svg("svg", { viewBox: `0 0 ${DAYS * WIDTH} ${HEIGHT}`, role: "img", "aria-label": `Tokens of the last ${DAYS} days, at most ${most.toLocaleString()} a day` },
    tokens.map((count, n) => {
      const height = count && Math.max(1, (count / most) * HEIGHT);
      const title = svg("title", {}, [`${days[n]}: ${count.toLocaleString()} tokens`]);
      return svg("rect", { x: n * WIDTH, y: HEIGHT - height, width: WIDTH - 2, height }, [title]);
    }));
}

function svg(tag, attributes, children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}
