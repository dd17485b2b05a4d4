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

// `asked` is the text of the query; `ask(parameters)` answers the same search with these beside, `like(hit)` searches for its like.
export function hitRow(hit, asked, { ask, like }) {
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
    toolsOf(hit, about, { ask, like }),
  );
  return row;
}

const titleOf = ({ title, type }) => title || (type === "file" ? "Unnamed file" : "Conversation");
const snippetOf = ({ snippet }) => marked(snippet.text, snippet.highlights.map(({ start, length }) => ({ start, end: start + length })));

function placeOf(hit) {
  if (hit.type === "message") return [hit.author || "Reply"];
  return [pagesOf(hit.location.pages), hit.headings?.at(-1)].filter(Boolean);
}

function toolsOf(hit, about, { ask, like }) {
  const panel = h("div", { class: "hit-panel", id: `about-${hit.id}`, hidden: true });
  const again = async (parameters) => same(hit, await ask(parameters));
  const tools = [
    hit.type === "message" && panelButton("Around it", panel, async () => around(await again({ context: NEIGHBOURS }))),
    twinIds(hit).length > 0 && panelButton(`Also in ${twinIds(hit).length} more`, panel, async () => elsewhere(hit, await twins(hit, ask))),
    h("button", { type: "button", class: "link", onclick: () => like(hit) }, "More like this"),
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

// The same text where else it stands, as {href, type, title, told}: in each of those things the hit of the search that reads the same;
// one that is gone since is left out. Of its own conversation the id of the message is enough.
async function twins(hit, ask) {
  const within = { cursor: "", group_by: "", sort: "", workspace: hit.workspace_id, limit: LOOKED_AT };
  const answers = await Promise.allSettled(hit.also_in.slice(0, MOST_TWINS).map((id) => ask({ ...within, filter: `near:${id}` })));
  const found = answers.map(({ value }) => value?.hits.find((one) => one.snippet.text === hit.snippet.text) ?? value?.hits[0]).filter(Boolean);
  const here = twinIds(hit).slice(hit.also_in.length, MOST_TWINS).map((id) =>
    ({ href: `#/c/${hit.conversation_id}${query({ m: id, workspace: hit.workspace_id })}`, type: hit.type, title: titleOf(hit), told: "said again in the same conversation" }));
  return [...found.map((twin) => ({ href: twin.links.open, type: twin.type, title: titleOf(twin), told: [placeOf(twin).join(", "), " ", when(twin.created_at)] })), ...here];
}

function elsewhere(hit, found) {
  if (!found.length) return h("p", { class: "muted" }, "It is not there any more.");
  const row = ({ href, type, title, told }) => h("li", {}, h("a", { href }, icon(type === "file" ? "file" : "message"), " ", title), h("p", { class: "muted" }, told));
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
