// What one searched for last: noted when a search was meant (Enter, a result opened, one of these chosen), offered in the empty box,
// forgotten or not kept at all as the person likes.

import { $, fill, h, report } from "./dom.js";
import { api } from "./api.js";

let isKept = false;
let latest = ""; // noted last, not to be noted twice running

export async function loadRecent() {
  show(await api("/search/recent"));
}

// One that could not be noted is nobody's concern.
export function noteQuery(q) {
  if (!isKept || !q || q === latest) return;
  latest = q;
  api("/search/recent", { method: "POST", body: { q } }).then(loadRecent).catch(() => {});
}

function show({ items, is_kept: keeps, kept_days: days }) {
  isKept = keeps;
  latest = items[0]?.q ?? "";
  const button = (label, request) => h("button", { type: "button", class: "link", onclick: () => report(send(request)) }, label);
  const told = keeps ? `What you search for (Enter, or a result opened) is kept for you alone, the last 20 for ${days} days, to be offered again. ` : "What you search for is not kept. ";
  const forget = items.length > 0 && [button("Forget it", { method: "DELETE" }), " "];
  fill($("#recent-switch"), told, forget, button(keeps ? "Do not keep it" : "Keep it", { method: "PATCH", body: { is_kept: !keeps } }));
}

async function send(request) {
  await api("/search/recent", request);
  await loadRecent();
}
