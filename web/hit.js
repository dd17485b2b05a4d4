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

// `asked` is the text of the query; `again(parameters)` gives the same hit with more told about it.
export function hitRow(hit, asked, again) {
  const isFile = hit.type === "file";
  const title = hit.title || (isFile ? "Unnamed file" : "Conversation");
  const about = { workspace: hit.workspace_id, query: asked, passage_id: hit.id, rank: () => [...row.parentElement.children].indexOf(row) + 1 };
  const row = h("li", {},
    h("a", { class: "hit", href: hit.links.open, onclick: () => noteClick(about) },
      h("span", { class: "hit-title" }, icon(isFile ? "file" : "message"), h("strong", {}, title)),
      h("span", { class: "snippet" }, snippetOf(hit)),
      h("span", { class: "hit-meta muted" },
        h("span", { class: "unseen" }, isFile ? "File. " : "Message. "),
        placeOf(hit).map((text) => h("span", {}, text)),
        when(hit.created_at),
        hit.also_in.length > 0 && h("span", {}, `also in ${hit.also_in.length} more`),
        h("span", { class: "grow" }),
        hit.match.map((leg) => h("span", { class: "why", title: WHY[leg]?.[1] }, WHY[leg]?.[0] ?? leg)),
      ),
    ),
    toolsOf(hit, about, again),
  );
  return row;
}

const snippetOf = ({ snippet }) => marked(snippet.text, snippet.highlights.map(({ start, length }) => ({ start, end: start + length })));

function placeOf(hit) {
  if (hit.type === "message") return [hit.author || "Reply"];
  return [pagesOf(hit.location.pages), hit.headings?.at(-1)].filter(Boolean);
}

function toolsOf(hit, about, again) {
  const panel = h("div", { class: "hit-panel", id: `about-${hit.id}`, hidden: true });
  const tools = [
    hit.type === "message" && panelButton("Around it", panel, async () => around(await again({ context: NEIGHBOURS }))),
    panelButton("Why this?", panel, async () => explained((await again({ explain: true })).explain)),
    thumbsOf(about),
  ];
  return [h("div", { class: "hit-tools" }, tools), panel];
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
