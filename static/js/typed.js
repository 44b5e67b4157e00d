/* Partloop: what is half typed in a registration is kept on this phone, and is there again when its page was closed.
   Only for whoever typed it, for that line, and for as long as a photo that nothing claims. */
(() => {
  "use strict";
  const NAME = "partloop typed", ENDS = 36 * 3600000;
  const said = document.getElementById("typed");
  const formNow = () => document.querySelector("form[data-waits]");
  if (!said || !formNow()) return;
  const headers = JSON.parse(document.body.getAttribute("hx-headers:inherited"));
  const key = `${NAME} ${headers["X-Person"]} ${location.pathname}`;
  const blank = document.getElementById("photos-field").outerHTML;
  const own = ["csrf_token", "press", "seen"];
  let touched = false, later;

  // Without a store in this browser nothing is kept, and nothing else changes
  const store = (act) => { try { return act(localStorage); } catch { return null; } };
  const parsed = (text) => { try { return JSON.parse(text); } catch { return null; } };
  const forget = () => { touched = false; clearTimeout(later); store((kept) => kept.removeItem(key)); };
  const keep = () => {
    clearTimeout(later);
    const form = formNow();
    if (!touched || !form) return;
    const entries = [...new FormData(form)].filter(([name, value]) => typeof value === "string" && !own.includes(name));
    store((kept) => kept.setItem(key, JSON.stringify({ at: Date.now(), entries })));
  };
  const touch = (target) => {
    if (!formNow()?.contains(target)) return;
    touched = true;
    clearTimeout(later);
    later = setTimeout(keep, 400);
  };

  const photosField = (html) => {
    document.getElementById("photos-field").outerHTML = html;
    const field = document.getElementById("photos-field");
    window.htmx?.process(field);
    document.dispatchEvent(new CustomEvent("htmx:after:swap", { detail: { ctx: { target: field } } }));
  };
  // The server says which of the photos are still there, and shows them
  const bringPhotos = async (names) => {
    const body = new FormData();
    names.forEach((name) => body.append("photos_kept", name));
    const url = document.querySelector("#photos-field [hx-post]").getAttribute("hx-post");
    const answer = await fetch(url, { method: "POST", body, headers: { ...headers, "HX-Request": "true" } });
    const field = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("photos-field");
    if (answer.ok && field) photosField(field.outerHTML);
  };
  const bring = ({ entries }) => {
    const form = formNow();
    const [photos, fields] = [[], []];
    entries.forEach(([name, value]) => (name === "photos_kept" ? photos.push(value) : fields.push([name, value])));
    fields.forEach(([name, value]) => { if (form.elements[name]) form.elements[name].value = value; });
    if (photos.length) bringPhotos(photos).catch(() => {});
    said.hidden = false;
    touched = true;
  };

  store((kept) => {
    Object.keys(kept).filter((name) => name.startsWith(NAME)).forEach((name) => {
      if (!(parsed(kept.getItem(name))?.at > Date.now() - ENDS)) kept.removeItem(name);
    });
  });
  const before = parsed(store((kept) => kept.getItem(key)));
  if (before) bring(before);

  document.addEventListener("input", (event) => touch(event.target));
  document.addEventListener("htmx:after:swap", (event) => { if (event.detail.ctx.target?.querySelector?.("[name=photos_kept]")) touch(event.detail.ctx.target); });
  document.addEventListener("visibilitychange", () => { if (document.hidden) keep(); });
  // The registration waits or is sent: waiting.js has all of it
  document.addEventListener("taken", forget);
  said.querySelector("button").addEventListener("click", () => {
    forget();
    formNow()?.reset();
    photosField(blank);
    said.hidden = true;
    document.getElementById("photos")?.focus();
  });
})();
