// How far a reply rests on its sources: claims without one are marked, and where the sources do not answer, what came nearest.

import { count, h, pagesOf, when } from "./dom.js";

const BARE = "No source that it cites bears this out.";

// Claims that are told apart from the others: of an answer of which nothing is borne out, one line says so.
export function bareClaims({ state, grounding } = {}) {
  const isMixed = ["complete", "stopped", "interrupted"].includes(state) && grounding?.share > 0;
  return isMixed ? grounding.unsupported : [];
}

// Words as nodes, those of `claims` ({start, end}, sorted, in code points) in elements of their own: one claim may be in
// several, where some of it is bold.
export function marker(claims) {
  return ({ text, places }) => {
    const nodes = [];
    let at = 0;
    for (const [n, { start, end }] of claims.entries()) {
      const from = indexOf(places, start, at);
      const to = indexOf(places, end, from);
      if (!text.slice(from, to).trim()) continue;
      nodes.push(text.slice(at, from), h("span", { class: "bare", "data-claim": n, title: BARE }, text.slice(from, to)));
      at = to;
    }
    return [...nodes, text.slice(at)];
  };
}

// The first unit at or behind a place.
function indexOf(places, place, from) {
  const found = places.slice(from).findIndex((each) => each >= place);
  return found < 0 ? places.length : from + found;
}

// Behind each marked claim a sign that is seen, pointed at and read aloud.
export function endClaims(body) {
  const last = new Map([...body.querySelectorAll(".bare")].map((element) => [element.dataset.claim, element]));
  for (const element of last.values()) element.append(h("sup", { role: "img", "aria-label": ` (${BARE})` }, "?"));
  return last.size;
}

export function groundingLine({ state, grounding } = {}, marked) {
  if (marked) return h("p", { class: "grounding muted" }, `${count(marked, "claim is", "claims are")} marked (?): no source that it cites bears ${marked === 1 ? "it" : "them"} out.`);
  const isBare = state === "complete" && grounding?.share === 0;
  return isBare && h("p", { class: "grounding muted" }, "Nothing in this reply rests on a source of yours.");
}

export function nearest({ state, nearest: found = [] } = {}) {
  if (state !== "abstained" || !found.length) return null;
  return h("div", { class: "sources" },
    h("p", { class: "muted" }, "What came nearest:"),
    h("ol", {}, found.map((candidate) => h("li", {}, candidateLink(candidate)))));
}

// Where a passage stands that was found: {kind, title, author, created_at, pages?, open} of the API.
export function candidateLink({ kind, title, author, created_at: written, pages, open }) {
  const name = title || (kind === "file" ? "Unnamed file" : "A conversation");
  const about = [pagesOf(pages), kind === "message" && author].filter(Boolean).map((text) => ` · ${text}`).join("");
  return [h("a", { href: open.replace(/^\//u, "") }, name), h("span", { class: "muted" }, about, " · ", when(written))];
}
