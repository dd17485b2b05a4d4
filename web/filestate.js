// How a file is doing, in words and a bar, and what can be done about it: for its row in the list and for its own page.

import { h } from "./dom.js";

const OPEN = ["queued", "processing"];
const LOCKED = ["password_needed", "password_wrong"]; // reasons to ask for a password
const STATES = {
  queued: "Waiting", processing: "Being read", ready: "Ready", partial: "Ready in part",
  no_text: "No text", failed: "Failed", cancelled: "Cancelled",
};

export const isOpen = (file) => OPEN.includes(file.state) && !file.deleted_at;
export const stateOf = ({ state }) => h("span", { class: `state ${state}` }, STATES[state] ?? state);

// Reading is quick and embedding slow, so the bar is the share of both.
export function progressOf({ name, stages: { extract, embed } }) {
  const share = ({ done, total }) => (total ? Math.min(done / total, 1) : 0);
  const label = { "aria-label": `Reading ${name}`, max: 1 };
  return h("progress", extract.total ? { ...label, value: 0.3 * share(extract) + 0.7 * share(embed) } : label);
}

export function progressText({ state, stages, eta_s: eta }) {
  if (state !== "processing" || !stages) return null;
  const { extract, embed } = stages;
  const read = extract.total && extract.done < extract.total ? `${extract.done} of ${extract.total} parts read` : "";
  const indexed = embed.done ? `${embed.done} of ${embed.total ?? "?"} passages embedded` : "";
  return [read, indexed, left(eta)].filter(Boolean).join(", ") || null;
}

export function left(eta) {
  return eta > 2 ? `about ${eta < 90 ? `${Math.round(eta)} s` : `${Math.round(eta / 60)} min`} left` : "";
}

// What is offered beside a file, and on its page what else can be asked for. `act(verb, body)` has the API do it.
export function buttonsOf(file, act) {
  return [
    ["failed", "cancelled"].includes(file.state) && button("Retry", file, () => act("retry")),
    ["partial", "no_text"].includes(file.state) && readAgain(file, act),
    isOpen(file) && button("Cancel", file, () => act("cancel")),
  ].filter(Boolean);
}

export const readAgain = (file, act) => button("Read again", file, () => act("reprocess"));

export function button(label, file, run) {
  return h("button", { type: "button", class: "button quiet", "aria-label": `${label} ${file.name}`, onclick: run }, label);
}

// Where a password is missing or was wrong, the field for it.
export function passwordForm(file, act) {
  if (!file.can_write || !LOCKED.includes(file.reason?.code)) return null;
  const field = h("input", { type: "password", required: true, maxlength: 1000, autocomplete: "off", placeholder: "Password", "aria-label": `Password of ${file.name}` });
  const send = (event) => {
    event.preventDefault();
    act("retry", { password: field.value });
  };
  return h("form", { class: "file-password", onsubmit: send }, field, h("button", { class: "button quiet" }, "Open"));
}
