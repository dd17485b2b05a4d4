// The operators in the text of a query: found, taken out and put in, as search/query.py reads them. Nothing else of the text is touched.

const TOKEN = /(-?)(?:"[^"]*"?|\(|([A-Za-z]{2,10}):(?:"([^"]*)"?|([^\s"()]+))|[^\s"()]+)/gu;
const QUOTES = /[“”„‟«»]/gu; // as word processors type them
const PLAIN = /^[\p{L}\p{M}\p{N}_.@+&#/-]+$/u;
const DATES = ["on", "during", "last", "after", "before"];

// Each operator as {op, value, negated, start, end}, a span of the text in UTF-16 units.
function operatorsIn(text) {
  const found = [...text.replace(QUOTES, '"').matchAll(TOKEN)].filter((match) => match[2]);
  return found.map((match) => ({
    op: match[2].toLowerCase(),
    value: (match[3] ?? match[4]).trim(),
    negated: match[1] === "-",
    start: match.index,
    end: match.index + match[0].length,
  }));
}

const isSame = (one, other) =>
  one.op === other.op && Boolean(one.negated) === Boolean(other.negated) && one.value.normalize("NFC") === other.value.normalize("NFC");

export const hasFilter = (text, filter) => operatorsIn(text).some((found) => isSame(found, filter));

export function withoutFilter(text, filter) {
  const found = operatorsIn(text).find((one) => isSame(one, filter));
  return found ? cut(text, found) : text;
}

// A value that holds quotation marks is shortened to its longest part without: operators look for a part of the whole.
export function withFilter(text, { op, value, negated = false }) {
  const short = PLAIN.test(value) ? value : longest(value.split(/["“”„‟«»]/u));
  const written = PLAIN.test(short) ? short : `"${short}"`;
  return `${text.trimEnd()} ${negated ? "-" : ""}${op}:${written}`.trimStart();
}

// Search corrects nothing within quotation marks: these words in them, as far as they are no part of an operator or phrase.
export function withQuoted(text, words) {
  return withWords(text, (word) => words.includes(word) && `"${word}"`);
}

// The words that may be meant in the place of those typed.
export function withMeant(text, corrections) {
  return withWords(text, (typed) => corrections.find(({ word }) => word === typed)?.correction);
}

function withWords(text, instead) {
  return text.replace(QUOTES, '"').replace(TOKEN, (token, _, op) => {
    const word = token.replace(/^\P{L}+|\P{L}+$/gu, "");
    const other = word && !op && !token.includes('"') && instead(word);
    return other ? token.replace(word, other) : token;
  });
}

// One date takes the place of those that were there; after: and before: stand beside each other.
export function withDate(text, filter) {
  const stay = { after: "before", before: "after" }[filter.op];
  const gone = operatorsIn(text).filter(({ op, negated }) => DATES.includes(op) && op !== stay && !negated);
  const rest = gone.reduceRight(cut, text);
  return filter.value ? withFilter(rest, filter) : rest;
}

export const dateIn = (text, wanted) => operatorsIn(text).find(({ op, negated }) => op === wanted && !negated)?.value ?? "";

const cut = (text, { start, end }) => `${text.slice(0, start).trimEnd()} ${text.slice(end).trimStart()}`.trim();

const longest = (parts) => parts.map((part) => part.trim()).reduce((a, b) => (b.length > a.length ? b : a));
