// What one can do with a message: go between its versions, write it anew, have it answered again, copy the way to it.

import { $, fill, h, report, toast } from "./dom.js";
import { api } from "./api.js";
import { replyOptions } from "./options.js";
import { traceButton } from "./trace.js";

const MOST_BESIDE = 4; // replies in columns

let chat; // {canWrite, show, answer, read, beside, choose} of chat.js
let me = "";

export function startBranches(given) {
  chat = given;
}

export const setReader = (id) => { me = id; };

export function messageTools(message) {
  const own = message.role === "user" && message.author_id === me;
  const alive = !message.deleted_at;
  const canWrite = chat.canWrite();
  const reply = message.role === "assistant";
  return h("div", { class: "message-tools" },
    message.siblings > 1 && versions(message),
    message.siblings > 1 && reply && tool("Side by side", () => beside(message.id), "to-columns"),
    reply && canWrite && tool("Go on from this one", () => chat.choose(message.id), "go-on", { "aria-pressed": "false" }),
    alive && canWrite && own && tool("Edit", (event) => edit(event.target.closest(".message"), message)),
    alive && canWrite && reply && message.run_id && tool("Answer again", () => again(message)),
    alive && tool("Fork", () => fork(message)),
    alive && reply && message.run_id && traceButton(message));
}

function tool(label, run, name = "", more = {}) {
  return h("button", { class: `link ${name}`, type: "button", ...more, onclick: (event) => report(run(event)) }, label);
}

// The replies around one, in columns.
async function beside(id) {
  const found = [await chat.read(id)];
  while (found.length < MOST_BESIDE && found[0].previous_sibling_id) found.unshift(await chat.read(found[0].previous_sibling_id));
  while (found.length < MOST_BESIDE && found.at(-1).next_sibling_id) found.push(await chat.read(found.at(-1).next_sibling_id));
  chat.beside(id, found);
}

function versions(message) {
  const step = (label, id, sign) =>
    h("button", { class: "button quiet", type: "button", "aria-label": label, disabled: !id, onclick: () => report(chat.show(id)) }, sign);
  return h("span", { class: "versions" },
    step("Version before", message.previous_sibling_id, "‹"),
    h("span", {}, `${message.sibling_index}/${message.siblings}`),
    step("Version after", message.next_sibling_id, "›"));
}

// A new version stands beside the old one and is answered; a correction replaces the words.
function edit(row, message) {
  const body = $(".body", row);
  const shown = [...body.childNodes];
  const text = h("textarea", { rows: "3", maxlength: "100000", "aria-label": "Message" });
  text.value = message.content;
  const close = () => { fill(body, shown); $(".message-tools", row).hidden = false; };
  const save = async (branch) => {
    const content = text.value.trim();
    if (!content) return;
    const saved = await api(`/messages/${message.id}`, { method: "PATCH", body: { content, branch } });
    close();
    await chat.show(saved.id);
    if (branch && $("#composer-model").value !== "nobody") await answer(saved.id);
  };
  $(".message-tools", row).hidden = true;
  fill(body, text, h("div", { class: "edit-buttons" },
    h("button", { class: "button primary", type: "button", onclick: () => report(save(true)) }, "Send as a new version"),
    h("button", { class: "button", type: "button", onclick: () => report(save(false)) }, "Save"),
    h("button", { class: "button quiet", type: "button", onclick: close }, "Cancel")));
  text.focus();
}

async function again(message) {
  await answer(message.id);
}

async function answer(id) {
  const model = $("#composer-model").value;
  const body = model === "nobody" ? undefined : { model, ...replyOptions() };
  const { message, run } = await api(`/messages/${id}/regenerate`, { method: "POST", body });
  chat.answer(message.id, run.id);
}

async function fork(message) {
  const made = await api(`/conversations/${message.conversation_id}/fork`, { method: "POST", body: { message_id: message.id } });
  location.hash = `#/c/${made.id}`;
  toast("This is a copy; the first conversation stays as it is.");
}
