/* Partloop: decisions by key. What has data-key is pressed by it; in an open box a number chooses the reason. */
(() => {
  "use strict";
  const typing = (node) => node.matches?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
  const box = () => document.querySelector("details.choose[open]");
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat || document.querySelector("dialog[open]")) return;
    const open = box();
    if (event.key === "Escape" && open) { open.open = false; open.querySelector("summary").focus(); return; }
    if (typing(event.target)) return;
    const radio = /^[1-9]$/.test(event.key) && open?.querySelectorAll("input[type=radio]")[event.key - 1];
    const pressed = radio || document.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
    if (!pressed) return;
    event.preventDefault();
    pressed.click();
    pressed.focus();
  });
  // An open box wants its reason
  document.addEventListener("toggle", (event) => {
    if (event.target.matches("details.choose[open]")) event.target.querySelector("input[type=radio]:checked, input[type=radio]").focus();
  }, true);
})();
