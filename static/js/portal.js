/* Partloop: what the pages gain when scripts run. Everything works without this file. */
(() => {
  "use strict";
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const words = document.getElementById("words")?.dataset ?? {};
  const typing = (node) => node.matches?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");

  // Menus: one open at a time; Escape and a click elsewhere close
  const closeMenus = (except) => all("details.menu[open]").forEach((menu) => { if (menu !== except) menu.open = false; });
  document.addEventListener("click", (event) => closeMenus(event.target.closest("details.menu")));
  document.addEventListener("toggle", (event) => {
    const menu = event.target;
    if (!menu.matches("details.menu") || !menu.open) return;
    closeMenus(menu);
    menu.querySelector("textarea, input[required]")?.focus();
  }, true);

  // Tabs: the present one is in view where they do not all have room
  all(".tabs [aria-current]").forEach((tab) => {
    const [own, strip] = [tab, tab.parentElement].map((one) => one.getBoundingClientRect());
    tab.parentElement.scrollLeft += own.left + own.width / 2 - strip.left - strip.width / 2;
  });

  // Keys
  const rows = () => all(".list a.row, .work a").filter((row) => row.offsetParent);
  const openHelp = () => document.getElementById("help")?.showModal();
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      const menu = event.target.closest("details.menu[open]") ?? document.querySelector("details.menu[open]");
      if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
      return;
    }
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing) {
      const button = event.target.form?.querySelector("button[data-hotkey]");
      if (button) { event.preventDefault(); button.click(); }
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || typing(event.target) || document.querySelector("dialog[open]")) return;
    if (event.key === "/") {
      const search = document.getElementById("search");
      if (search) { event.preventDefault(); search.focus(); search.select(); }
    } else if (event.key === "?") {
      openHelp();
    } else if (event.key === "j" || event.key === "k") {
      const list = rows();
      if (!list.length) return;
      const at = list.findIndex((row) => row.closest("tr, li").contains(document.activeElement));
      const next = event.key === "j" ? Math.min(at + 1, list.length - 1) : Math.max(at - 1, 0);
      list[next].focus();
      list[next].closest("tr, li").scrollIntoView({ block: "nearest" });
    }
  });
  all("[data-help]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => { closeMenus(); openHelp(); });
  });

  // A form is sent once; leaving what was typed is asked about
  let unsaved = new Set();
  const release = (form) => {
    delete form.dataset.sent;
    all("button[aria-busy]", form).forEach((button) => { button.removeAttribute("aria-busy"); button.removeAttribute("aria-disabled"); });
  };
  document.addEventListener("submit", (event) => {
    const form = event.target;
    unsaved.delete(form);
    if (form.method !== "post" || form.target || event.defaultPrevented) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
    unsaved.clear();
    const button = event.submitter;
    if (button) { button.setAttribute("aria-busy", "true"); button.setAttribute("aria-disabled", "true"); }
    setTimeout(() => release(form), 20000);
  });
  window.addEventListener("pageshow", (event) => {
    all("form[data-sent]").forEach(release);
    // Whoever came back to the page means another press; a draft stays the same page's draft
    if (event.persisted) all("form:not([data-autosave]) [name=press]").forEach((key) => { key.value = crypto.getRandomValues(new Uint32Array(4)).join("-"); });
  });
  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (form?.matches("[data-guard]")) unsaved.add(form);
  });
  window.addEventListener("beforeunload", (event) => {
    unsaved.forEach((form) => { if (!form.isConnected) unsaved.delete(form); });
    if (unsaved.size) event.preventDefault();
  });

  // Saving while one types: say when it could not be saved, and try again
  const saved = (form) => form.querySelector(".saved") ?? document.getElementById("saved");
  const late = new Set();
  const again = () => late.forEach((form) => { late.delete(form); form.dispatchEvent(new Event("input", { bubbles: true })); });
  document.addEventListener("htmx:after:request", (event) => {
    const { ctx } = event.detail;
    const form = ctx.sourceElement;
    if (!form.matches?.("[data-autosave]")) return;
    if (ctx.response?.raw?.ok) { unsaved.delete(form); saved(form)?.classList.remove("late"); }
  });
  document.addEventListener("htmx:config:request", (event) => {
    const { ctx } = event.detail;
    if (!ctx.sourceElement.matches?.("[data-autosave]")) return;
    // The form itself is on its way: a save behind it would come too late
    if (ctx.sourceElement.dataset.sent) { event.preventDefault(); return; }
    // Files travel with the form itself, not with every save
    for (const [name, value] of [...ctx.request.body]) if (value instanceof File) ctx.request.body.delete(name);
  });
  const failed = (event) => {
    const form = event.detail.ctx?.sourceElement;
    if (!form) return;
    const zone = form.closest("[data-drop]");
    if (zone?.failed) {
      if (!event.detail.ctx.response || event.detail.ctx.response.status >= 500) zone.failed();
    } else if (form.matches("[data-autosave]")) {
      const status = event.detail.ctx.response?.status ?? 0;
      if (status && status < 500) return;
      const place = saved(form);
      if (place) { place.classList.add("late"); place.textContent = words.unsaved; }
      late.add(form);
      setTimeout(again, 8000);
    } else if (!event.detail.ctx.response || event.detail.ctx.response.status >= 500) {
      tell(words.failed);
    }
  };
  document.addEventListener("htmx:error", failed);
  document.addEventListener("htmx:response:error", failed);
  window.addEventListener("online", again);

  const tell = (text) => {
    const flash = document.getElementById("flash");
    if (!flash) return;
    const box = document.createElement("div");
    box.className = "banner bad";
    box.setAttribute("role", "alert");
    box.textContent = text;
    flash.replaceChildren(box);
    return box;
  };

  // Signed out elsewhere: the page keeps what was typed, and goes on when the same person is back
  const ended = () => document.querySelector("#flash .ended");
  const signedOut = () => {
    const box = ended() ? null : tell(words.signedOut);
    if (!box) return;
    const link = document.createElement("a");
    link.href = `${words.wayIn}?next=${encodeURIComponent(location.pathname + location.search)}`;
    link.textContent = words.signIn;
    if (document.querySelector("main form[data-guard]")) link.target = "_blank";
    box.classList.add("ended");
    box.append(" ", link);
  };
  const renew = (token) => {
    all("input[name=csrf_token]").forEach((field) => { field.value = token; });
    const sent = JSON.parse(document.body.getAttribute("hx-headers:inherited"));
    document.body.setAttribute("hx-headers:inherited", JSON.stringify({ ...sent, "X-CSRFToken": token }));
  };
  document.addEventListener("htmx:after:request", (event) => {
    const { ctx } = event.detail;
    const { status, headers } = ctx.response ?? {};
    if (status !== 401 && status !== 400) { if (ctx.response?.raw?.ok) ended()?.remove(); return; }
    const form = ctx.sourceElement;
    const token = headers.get("X-CSRFToken");
    if (form.matches?.("[data-autosave]")) late.add(form);
    form.closest?.("[data-drop]")?.failed?.();
    if (token) { renew(token); again(); }
    else if (status === 401) signedOut();
    else tell(headers.get("Content-Type")?.startsWith("text/plain") ? ctx.text : words.failed);
  });
  window.addEventListener("focus", () => { if (ended()) again(); });

  // Focus follows what was swapped in: an element that asks for it, else what had it
  document.addEventListener("htmx:after:swap", (event) => {
    all("[data-drop]").forEach(ready);
    const wanted = event.detail.ctx.target?.querySelector?.("[autofocus]");
    if (wanted && wanted !== document.activeElement) wanted.focus();
  });

  // Enter goes on to the field, or presses the button, that a field names
  document.addEventListener("keydown", (event) => {
    const next = event.target.dataset?.enter;
    if (event.key !== "Enter" || event.isComposing || !next) return;
    event.preventDefault();
    const node = document.getElementById(next);
    if (node?.matches("button")) node.click();
    else { node?.focus(); node?.select?.(); }
  });

  // A scanner's field is free again at once, so that the next label is not read into the last one
  document.addEventListener("htmx:config:request", (event) => {
    const form = event.detail.ctx.sourceElement;
    if (!form.matches?.("form[data-scan]")) return;
    all("[data-label-field], [type=file]", form).forEach((field) => { field.value = ""; });
    form.querySelector("[data-label-field]").focus();
  });

  // A file that is only looked at is sent as soon as it is chosen
  document.addEventListener("change", (event) => {
    const button = document.getElementById(event.target.dataset?.presses ?? "");
    if (button && event.target.files?.length) event.target.form.requestSubmit(button);
  });

  // Uploads: thumbnails, removal, dropping and pasting; drawn on a canvas, so the page's policy stays 'self'
  const picture = async (file) => {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 176;
    const bitmap = await createImageBitmap(file, { resizeWidth: 352, resizeQuality: "medium" });
    const side = Math.min(bitmap.width, bitmap.height);
    canvas.getContext("2d").drawImage(bitmap, (bitmap.width - side) / 2, (bitmap.height - side) / 2, side, side, 0, 0, 176, 176);
    bitmap.close();
    return canvas;
  };
  const put = (input, files) => {
    const bag = new DataTransfer();
    files.forEach((file) => bag.items.add(file));
    input.files = bag.files;
  };
  const same = (a, b) => a.name === b.name && a.size === b.size && a.lastModified === b.lastModified;
  const ready = (zone) => {
    if (zone.dataset.ready) return;
    zone.dataset.ready = "yes";
    const input = zone.querySelector("input[type=file]:not([data-camera])");
    const camera = zone.querySelector("[data-camera]");
    const list = zone.querySelector(".previews");
    let kept = [];
    // An input with an address of its own sends what was chosen at once
    const send = () => {
      zone.querySelector(".retry")?.remove();
      if (input.matches("[hx-post]") && kept.length) zone.setAttribute("aria-busy", "true");
      input.dispatchEvent(new CustomEvent("files", { bubbles: true }));
    };
    zone.failed = () => {
      zone.removeAttribute("aria-busy");
      if (zone.querySelector(".retry")) return;
      const retry = document.createElement("button");
      retry.type = "button";
      retry.className = "button retry danger";
      retry.textContent = words.retry;
      retry.addEventListener("click", send);
      zone.append(retry);
      retry.focus();
    };
    const show = () => {
      list.replaceChildren(...kept.map((file) => {
        const item = document.createElement("li");
        const blank = document.createElement("div");
        blank.className = "blank";
        const name = document.createElement("span");
        name.textContent = file.name;
        item.append(blank, name);
        if (file.type.startsWith("image/")) picture(file).then((canvas) => blank.replaceWith(canvas), () => {});
        const most = Number(zone.dataset.maxBytes);
        if (most && file.size > most) { name.className = "bad"; name.textContent = `${words.tooLarge}: ${file.name}`; }
        const remove = document.createElement("button");
        remove.type = "button";
        remove.textContent = "×";
        remove.setAttribute("aria-label", `${words.remove} ${file.name}`);
        remove.addEventListener("click", () => { kept = kept.filter((other) => other !== file); put(input, kept); show(); input.focus(); });
        item.append(remove);
        return item;
      }));
    };
    const add = (files) => {
      const fresh = [...files];
      kept = input.multiple ? [...kept, ...fresh.filter((file) => !kept.some((old) => same(old, file)))] : fresh.slice(-1);
      put(input, kept);
      show();
      send();
      if (input.form?.matches("[data-guard]")) unsaved.add(input.form);
    };
    input.addEventListener("change", () => { if (input.files.length) add(input.files); else put(input, kept); });
    camera?.addEventListener("change", () => { add(camera.files); camera.value = ""; });
    zone.addEventListener("dragover", (event) => { event.preventDefault(); zone.classList.add("over"); });
    zone.addEventListener("dragleave", () => zone.classList.remove("over"));
    zone.addEventListener("drop", (event) => { event.preventDefault(); zone.classList.remove("over"); add(event.dataTransfer.files); });
    zone.take = add;
  };
  all("[data-drop]").forEach(ready);
  document.addEventListener("paste", (event) => {
    const files = event.clipboardData?.files;
    const zone = event.target.closest?.("form")?.querySelector("[data-drop]") ?? document.querySelector("[data-drop]");
    if (files?.length && zone) { event.preventDefault(); zone.take(files); }
  });
})();
