// What others do in the conversation that is shown, and oneself in another window, put into its rows as it happens.

import { $ } from "./dom.js";
import { myId } from "./api.js";
import { hasRead, isWriting, meet, part, showAway, showHere, showTyping } from "./company.js";
import { watchLive } from "./live.js";
import { changeMarks, marksIn } from "./marks.js";

let live = null; // of live.js

// `chat` is how the conversation is shown: row(message), add(row), showRuns(runs), reload(), moved(), branched(beside), renamed(fields),
// gone().
export function joinLive({ id, change_seq: after }, chat) {
  leaveLive();
  live = watchLive(`conversation:${id}`, { after, tell: (frame) => tell(frame, id, chat), present: true });
  meet(id);
}

export function leaveLive() {
  live?.stop();
  live = null;
  part();
}

export const typeLive = () => live?.type();

function tell({ event, data }, id, chat) {
  const act = {
    "message.created": () => created(data.message, chat),
    "message.edited": () => edited(data.message, chat),
    "message.deleted": () => deleted(data.message, chat),
    "reaction.changed": () => changeMarks(rowOf(data.message_id), { reactions: data.reactions.map(counted) }),
    "pin.changed": () => changeMarks(rowOf(data.message_id), { isPinned: data.pinned }),
    "read.changed": () => hasRead(data.account_id, data.read_seq),
    "run.started": () => started(data.run, chat),
    "conversation.updated": () => chat.renamed(data.conversation),
    "member.changed": () => meet(id),
    "leaf.changed": () => chat.moved(),
    typing: () => isWriting(data),
    presence: () => showHere(data.here),
    away: showAway,
    subscribed: () => showHere(),
    gap: () => chat.reload(),
    error: () => chat.gone(),
  }[event];
  act?.();
}

function created(message, chat) {
  showTyping("");
  if (!isShown(message)) {
    if (goesOn(message)) chat.add(chat.row(message));
    else chat.branched($(`#messages [data-parent="${CSS.escape(message.parent_id ?? "")}"].${message.role}`)?.dataset.id);
  }
  if (message.author_id) hasRead(message.author_id, message.seq); // who writes has read what stands above
}

const isShown = (message) => Boolean(rowOf(message.id) || (message.run_id && replyOf(message.run_id)));

// Whether it stands on the branch that is shown: the server begins another one where something follows its parent already.
function goesOn({ parent_id: parent, role }) {
  if (!parent) return !$("#messages .message");
  const beside = `#messages [data-parent="${CSS.escape(parent)}"]${role === "assistant" ? ".assistant" : ""}:not([aria-busy])`;
  return Boolean(rowOf(parent)) && !$(beside);
}

function edited(message, chat) {
  const row = rowOf(message.id);
  if (!row || $("textarea", row)) return; // it is being written anew in this very place
  row.replaceWith(chat.row({ ...message, reactions: marksIn(row).reactions }));
}

// It stays, without its words, where others answer to it.
function deleted(message, chat) {
  const row = rowOf(message.id);
  if ($(`#messages [data-parent="${CSS.escape(message.id)}"]`)) row?.replaceWith(chat.row(message));
  else row?.remove();
}

function started({ id, prompt_message_id: prompt }, chat) {
  const isFirst = !$(`#messages .assistant[data-parent="${CSS.escape(prompt)}"]:not([aria-busy])`); // or they are asked side by side
  if (rowOf(prompt) && isFirst && !replyOf(id)) chat.showRuns([{ id, question: prompt }]);
}

const counted = ({ emoji, account_ids: people }) => ({ emoji, count: people.length, is_mine: people.includes(myId()) });

const rowOf = (id) => id && $(`#messages [data-id="${CSS.escape(id)}"]`);
const replyOf = (run) => $(`#messages [data-run="${CSS.escape(run)}"]`);
