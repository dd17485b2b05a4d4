// One hit of the ranked list: where it is, its words with the found ones marked, and what can be asked about it.

import { fill, h, icon, marked, pagesOf, when } from "./dom.js";
import { query } from "./api.js";
import { explained } from "./explain.js";
import { noteClick, thumbsOf } from "./feedback.js";

const WHY = {
  lexical: ["words", "It holds words of the query"],
  semantic: ["meaning", "It means something close to the query"],
  name: ["name", "Its name matches the query"],
};
const NEIGHBOURS = 2; // messages shown on either side
const MOST_TWINS = 20; // places of an equal text that are shown
const LOOKED_AT = 20; // hits within each, among which the equal text stands high

// `asked` is the text of the query; `ask(parameters)` answers the same search with these beside.
export function hitRow(hit, asked, ask) {
  const isFile = hit.type === "file";
  const about = { workspace: hit.workspace_id, query: asked, passage_id: hit.id, rank: () => [...row.parentElement.children].indexOf(row) + 1 };
  const row = h("li", {},
    h("a", { class: "hit", href: hit.links.open, onclick: () => noteClick(about) },
      h("span", { class: "hit-title" }, icon(isFile ? "file" : "message"), h("strong", {}, titleOf(hit))),
      h("span", { class: "snippet" }, snippetOf(hit)),
      h("span", { class: "hit-meta muted" },
        h("span", { class: "unseen" }, isFile ? "File. " : "Message. "),
        placeOf(hit).map((text) => h("span", {}, text)),
        when(hit.created_at),
        h("span", { class: "grow" }),
        hit.match.map((leg) => h("span", { class: "why", title: WHY[leg]?.[1] }, WHY[leg]?.[0] ?? leg)),
      ),
    ),
    toolsOf(hit, about, ask),
  );
  return row;
}

const titleOf = ({ title, type }) => title || (type === "file" ? "Unnamed file" : "Conversation");
const snippetOf = ({ snippet }) => marked(snippet.text, snippet.highlights.map(({ start, length }) => ({ start, end: start + length })));

function placeOf(hit) {
  if (hit.type === "message") return [hit.author || "Reply"];
  return [pagesOf(hit.location.pages), hit.headings?.at(-1)].filter(Boolean);
}

function toolsOf(hit, about, ask) {
  const panel = h("div", { class: "hit-panel", id: `about-${hit.id}`, hidden: true });
  const again = async (parameters) => same(hit, await ask(parameters));
  const tools = [
    hit.type === "message" && panelButton("Around it", panel, async () => around(await again({ context: NEIGHBOURS }))),
    twinIds(hit).length > 0 && panelButton(`Also in ${twinIds(hit).length} more`, panel, async () => elsewhere(hit, await twins(hit, ask))),
    panelButton("Why this?", panel, async () => explained((await again({ explain: true })).explain)),
    thumbsOf(about),
  ];
  return [h("div", { class: "hit-tools" }, tools), panel];
}

function same(hit, { hits }) {
  const found = hits.find(({ id }) => id === hit.id);
  if (!found) throw new Error("This result is not in the list any more. Search again.");
  return found;
}

// Where its text stands as well: things, and messages of its own conversation.
const twinIds = (hit) => [...hit.also_in, ...(hit.type === "message" ? hit.also_here : [])];

// The same text where else it stands: the hits of the search within each of those things. One that is gone since is left out.
async function twins(hit, ask) {
  const within = { cursor: "", group_by: "", sort: "", workspace: hit.workspace_id, limit: LOOKED_AT };
  const ids = twinIds(hit).slice(0, MOST_TWINS);
  const answers = await Promise.allSettled(ids.map((id) => ask({ ...within, filter: `near:${id}` })));
  return answers.map(({ value }, n) => value && twinOf(hit, ids[n], value.hits)).filter(Boolean);
}

const twinOf = (hit, id, hits) =>
  hits.find((one) => one.message_id === id) ?? hits.find((one) => one.snippet.text === hit.snippet.text) ?? hits[0];

function elsewhere(hit, found) {
  if (!found.length) return h("p", { class: "muted" }, "It is not there any more.");
  const row = (twin) => h("li", {},
    h("a", { href: twin.links.open }, icon(twin.type === "file" ? "file" : "message"), " ", titleOf(twin)),
    h("p", { class: "muted" }, placeOf(twin).join(", "), " ", when(twin.created_at)));
  const left = twinIds(hit).length - MOST_TWINS;
  return [h("ul", { class: "around" }, found.map(row)), left > 0 && h("p", { class: "muted" }, `and in ${left} more`)];
}

// A button that opens the panel with what `tell()` gives, and closes it again.
function panelButton(label, panel, tell) {
  const open = async (event) => {
    const button = event.currentTarget;
    const isOpen = button.getAttribute("aria-expanded") === "true";
    for (const other of button.parentElement.querySelectorAll("[aria-expanded]")) other.setAttribute("aria-expanded", "false");
    panel.hidden = isOpen;
    if (isOpen) return;
    button.setAttribute("aria-expanded", "true");
    const told = await tell().catch((error) => h("p", { class: "notice error" }, error.message));
    if (button.getAttribute("aria-expanded") === "true") fill(panel, told);
  };
  return h("button", { type: "button", class: "link", "aria-expanded": "false", "aria-controls": panel.id, onclick: open }, label);
}

function around(hit) {
  const { before, after } = hit.context;
  if (!before.length && !after.length) return h("p", { class: "muted" }, "There is no other message beside it.");
  const row = (message) => h("li", {},
    h("a", { class: "muted", href: `#/c/${hit.conversation_id}${query({ m: message.message_id, workspace: hit.workspace_id })}` }, message.author || "Reply", " ", when(message.created_at)),
    h("p", { class: "written" }, message.content, message.is_cut && "…"));
  const here = h("li", { "aria-current": "true" }, h("p", { class: "muted" }, hit.author || "Reply", " ", when(hit.created_at)), h("p", { class: "written" }, snippetOf(hit)));
  return h("ol", { class: "around" }, before.map(row), here, after.map(row));
}
