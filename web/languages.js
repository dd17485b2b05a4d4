// The languages that search knows how to stem (search/terms.py), for those who know better than its guess which one they ask in.

import { $, h } from "./dom.js";

export const LANGUAGES = ["ar", "ca", "da", "de", "el", "en", "es", "fi", "fr", "he", "hi", "hu", "id", "it", "ja", "ko", "nl", "no", "pl", "pt", "ro", "ru", "sv", "th", "tr", "zh"];

export function fillLanguages() {
  const names = new Intl.DisplayNames(undefined, { type: "language" });
  const options = LANGUAGES.map((value) => ({ value, name: names.of(value) })).sort((one, other) => one.name.localeCompare(other.name));
  $("#search-form").elements.lang.append(...options.map(({ value, name }) => h("option", { value }, `In ${name}`)));
}
