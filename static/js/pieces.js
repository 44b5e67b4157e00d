/* Thousands of photos of one form go up in pieces, one after the other: what fails is sent again. */
(() => {
  "use strict";
  const MOST_FILES = 20, MOST_BYTES = 16 * 1024 * 1024;
  const cut = (files) => {
    const pieces = [];
    let bytes = Infinity;
    for (const file of files) {
      const last = pieces.at(-1);
      if (last && last.length < MOST_FILES && bytes + file.size <= MOST_BYTES) { last.push(file); bytes += file.size; }
      else { pieces.push([file]); bytes = file.size; }
    }
    return pieces;
  };
  const send = async (form, input) => {
    const files = [...input.files];
    const line = form.querySelector("[data-sending]");
    const bar = line.querySelector("progress");
    const button = form.querySelector("button:not([type=button])");
    const fixed = new FormData(form);
    fixed.delete(input.name);
    line.hidden = false;
    line.querySelector("[data-failed]").hidden = true;
    button.disabled = true;
    bar.max = files.length;
    bar.value = 0;
    for (const piece of cut(files)) {
      const body = new FormData();
      fixed.forEach((value, name) => body.append(name, value));
      piece.forEach((file) => body.append(input.name, file));
      const answer = await fetch(form.action, { method: "POST", body, redirect: "manual" }).catch(() => null);
      // A redirect is the answer to what was taken in.
      if (answer?.type !== "opaqueredirect") {
        const bag = new DataTransfer();
        files.slice(bar.value).forEach((file) => bag.items.add(file));
        input.files = bag.files;
        line.querySelector("[data-failed]").hidden = false;
        button.disabled = false;
        button.focus();
        return;
      }
      bar.value += piece.length;
      line.querySelector("[data-count]").textContent = `${bar.value} / ${files.length}`;
    }
    location.assign(form.dataset.pieces);
  };
  document.addEventListener("submit", (event) => {
    const form = event.target;
    const input = form.matches("[data-pieces]") && form.querySelector("input[type=file]");
    if (!input || input.files.length < 2) return;
    event.preventDefault();
    event.stopPropagation();
    send(form, input);
  }, true);
})();
