/* Partloop: decisions by key. What has data-key is pressed by it; in an open box a number chooses the reason.
   A hand scanner types as well, faster than anybody: what it reads goes into its field #code, and decides nothing. */
(() => {
  "use strict";
  const PAUSE = 80;
  const typing = (node) => node.matches?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
  const box = () => document.querySelector("details.choose[open]");
  const press = (found) => { found?.click(); found?.focus(); };
  const scanner = document.getElementById("code");
  let first = null;
  // The first of several characters at once is not a key that somebody pressed
  const heard = (key, found) => {
    if (!first) {
      first = { key, timer: setTimeout(() => { first = null; press(found); }, PAUSE) };
      return;
    }
    clearTimeout(first.timer);
    scanner.value = first.key + key;
    first = null;
    scanner.focus();
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat || document.querySelector("dialog[open]")) return;
    const open = box();
    if (event.key === "Escape" && open) { open.open = false; open.querySelector("summary").focus(); return; }
    if (typing(event.target)) return;
    const radio = /^[1-9]$/.test(event.key) && open?.querySelectorAll("input[type=radio]")[event.key - 1];
    const found = radio || document.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
    const scanned = scanner && /^[!-~]$/.test(event.key);
    if (found || (scanned && first)) event.preventDefault();
    if (scanned) heard(event.key, found);
    else press(found);
  });
  // An open box wants its reason; a busy browser says so late, when somebody may have gone on typing in it
  document.addEventListener("toggle", (event) => {
    const opened = event.target;
    if (!opened.matches("details.choose[open]") || opened.querySelector("form").contains(document.activeElement)) return;
    opened.querySelector("input[type=radio]:checked, input[type=radio]").focus();
  }, true);
})();
