/* Partloop: registrations wait on the phone while there is no connection, and go up when it is back, each once.
   A waiting one is kept with its photos under the key of its press: sent again with the same contents it has one effect.
   Photos go up one by one before it, and what is up is noted, so that a bad connection never begins anew. */
(() => {
  "use strict";
  const section = document.getElementById("waiting");
  if (!section || !window.indexedDB) return;
  const words = section.dataset;
  const sent = JSON.parse(document.body.getAttribute("hx-headers:inherited"));
  const person = sent["X-Person"];
  const form = document.querySelector("form[data-waits]");
  const AGAIN = 20000, ENDS = 120000, STALE = 36 * 3600000;
  let token = sent["X-CSRFToken"], signedOut = false, running = false;
  const done = [];

  // The store: one table, rows of every person who registers on this phone; each sees only their own
  const opened = new Promise((resolve, reject) => {
    const request = indexedDB.open("partloop", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("waiting", { keyPath: "key" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  opened.catch(() => {});
  const work = async (mode, act) => {
    const transaction = (await opened).transaction("waiting", mode);
    return new Promise((resolve, reject) => {
      let result;
      act(transaction.objectStore("waiting"), (found) => { result = found; });
      transaction.oncomplete = () => resolve(result);
      transaction.onerror = transaction.onabort = () => reject(transaction.error);
    });
  };
  const put = (entry) => work("readwrite", (table) => table.put(entry));
  // What was deleted meanwhile stays so
  const note = async (entry) => {
    const there = await work("readwrite", (table, give) => {
      const found = table.getKey(entry.key);
      found.onsuccess = () => { if (found.result !== undefined) { table.put(entry); give(true); } };
    });
    if (!there) throw new Error("deleted");
  };
  const drop = (key) => work("readwrite", (table) => table.delete(key));
  const mine = async () => {
    const all = await work("readonly", (table, give) => { const found = table.getAll(); found.onsuccess = () => give(found.result); });
    return all.filter((entry) => entry.person === person).sort((a, b) => a.at - b.at);
  };
  // Only one page sends an entry, the others wait for it; a page that is gone holds nothing
  const named = (key) => `partloop ${key}`;
  const alone = (key, act) => (navigator.locks ? navigator.locks.request(named(key), act) : act());
  const sending = async () => new Set(navigator.locks ? (await navigator.locks.query()).held.map((lock) => lock.name) : []);

  // Sending
  const post = async (url, body, headers) => {
    const ask = () => fetch(url, { method: "POST", body, headers: { "X-CSRFToken": token, "X-Person": person, ...headers }, signal: AbortSignal.timeout(ENDS) });
    let answer = await ask();
    const renewed = answer.status === 400 && answer.headers.get("X-CSRFToken");
    if (renewed) { token = renewed; answer = await ask(); }
    if (answer.status === 401 || answer.status === 400) { signedOut = true; throw new Error("signed out"); }
    if (answer.status >= 500 || answer.status === 429) throw new Error("later");
    return answer;
  };
  const parsed = async (answer) => new DOMParser().parseFromString(await answer.text(), "text/html");
  const sentence = (page) => ["#error-summary li", ".field .error", "main h1"].map((place) => [...page.querySelectorAll(place)].map((node) => node.textContent.trim()).join(" ")).find(Boolean);
  const upload = async (entry, file) => {
    const body = new FormData();
    body.append("photos", file.blob, file.name);
    const page = await parsed(await post(words.upload, body, { "HX-Request": "true" }));
    const kept = page.querySelector("[name=photos_kept]");
    if (kept) Object.assign(file, { id: kept.value, upAt: Date.now() });
    else file.refused = sentence(page) ?? words.refused;
    await note(entry);
  };
  // What became of it: where it led to, or the page that says why not; throws if there is no connection
  const send = async (entry) => {
    for (const file of entry.files) {
      const old = !entry.posted && file.blob && file.upAt < Date.now() - STALE;
      if (!file.id || old) await upload(entry, file);
      if (file.refused) return { wrong: file.refused };
      draw();
    }
    entry.posted = true;
    await note(entry);
    const body = new FormData();
    entry.fields.forEach(([name, value]) => body.append(name, value));
    entry.files.forEach((file) => body.append("photos_kept", file.id));
    const answer = await post(entry.url, body, { "X-By-Script": "true" });
    const place = answer.headers.get("X-Place");
    if (place) return { place };
    const page = await parsed(answer);
    return { wrong: sentence(page), page };
  };
  const attempt = (key) => alone(key, async () => {
    const entry = (await mine()).find((one) => one.key === key);
    if (!entry || entry.wrong) return null;
    draw();
    try {
      const outcome = await send(entry);
      if (outcome.place) await drop(key);
      // Refused, it had no effect: photos that the portal forgot meanwhile may go up once more
      else await note({ ...entry, wrong: outcome.wrong || words.refused, posted: false });
      if (outcome.place) done.push({ title: entry.title, place: outcome.place });
      return outcome;
    } catch (error) {
      return { failed: error };
    }
  });
  const drain = async () => {
    if (running || signedOut) return;
    running = true;
    try {
      for (const entry of await mine()) {
        if (entry.wrong) continue;
        const outcome = await attempt(entry.key);
        draw();
        if (outcome?.failed) break;
      }
    } finally { running = false; }
    draw();
  };

  // The list
  const item = (title, text, ...rest) => {
    const row = document.createElement("li"), name = document.createElement("strong"), note = document.createElement("span");
    name.textContent = title;
    note.textContent = text;
    note.className = "sub";
    row.append(name, note, ...rest);
    return row;
  };
  const button = (label, act) => {
    const made = document.createElement("button");
    made.type = "button";
    made.className = "button quiet";
    made.textContent = label;
    made.addEventListener("click", act);
    return made;
  };
  const link = (place) => Object.assign(document.createElement("a"), { href: place, textContent: words.open });
  const row = (entry, goes) => {
    const up = entry.files.filter((file) => file.id).length;
    const state = entry.wrong ? entry.wrong : signedOut ? words.signedOut : goes ? words.sending : words.later;
    const photos = entry.files.length ? ` · ${words.photos} ${up}/${entry.files.length}` : "";
    const acts = document.createElement("span");
    acts.className = "group";
    if (entry.wrong) acts.append(button(words.correct, () => correct(entry)));
    acts.append(button(words.remove, async () => { if (confirm(words.sure)) { await drop(entry.key); draw(); } }));
    return item(entry.title, state + photos, acts);
  };
  async function draw() {
    const open = document.querySelector("form[data-waits] [name=press]")?.value;
    const entries = (await mine()).filter((entry) => !(entry.wrong && entry.key === open)), held = await sending();
    section.hidden = !entries.length && !done.length;
    section.querySelector(".count").textContent = entries.length;
    section.querySelector("ul").replaceChildren(...entries.map((entry) => row(entry, held.has(named(entry.key)))), ...done.map((one) => item(one.title, words.done, link(one.place))));
  }
  const show = (page, url) => {
    const main = page.querySelector("main");
    document.querySelector("main").replaceWith(main);
    main.querySelector("#waiting")?.replaceWith(section);
    history.replaceState(null, "", url);
    window.htmx?.process(main);
    document.dispatchEvent(new CustomEvent("htmx:after:swap", { detail: { ctx: { target: main } } }));
    draw();
  };
  const correct = async (entry) => {
    await put({ ...entry, wrong: "", files: entry.files.filter((file) => !file.refused) });
    const outcome = await attempt(entry.key);
    if (outcome?.place) location.assign(outcome.place);
    else if (outcome?.page) show(outcome.page, entry.url);
    else draw();
  };

  // From the form to the store
  const fresh = () => crypto.getRandomValues(new Uint32Array(4)).join("-");
  const taken = async (from, submitter) => {
    const key = from.elements.press.value;
    const before = (await mine()).find((entry) => entry.key === key);
    const fields = [], files = [];
    for (const [name, value] of new FormData(from, submitter)) {
      if (name === "photos_kept") files.push(before?.files.find((file) => file.id === value) ?? { id: value });
      else if (value instanceof File) { if (value.size) files.push({ name: value.name, blob: value }); }
      else if (name !== "csrf_token") fields.push([name, value]);
    }
    const title = [from.dataset.waits, from.elements.customer_name.value, from.elements.old_serial.value].filter(Boolean).join(" · ");
    return { key, person, url: location.pathname + location.search, at: Date.now(), title, fields, files };
  };
  const blank = form?.querySelector("#photos-field")?.outerHTML;
  const tell = (tone, text) => {
    const box = document.createElement("div");
    box.className = `banner ${tone}`;
    box.setAttribute("role", tone === "bad" ? "alert" : "status");
    box.textContent = text;
    document.getElementById("flash").replaceChildren(box);
    window.scrollTo(0, 0);
  };
  // What was sent is kept: the form is for the next piece, whichever number it gets
  const onwards = (from) => {
    const left = Number(from.dataset.left) - 1;
    from.dataset.left = left;
    tell("good", `${words.kept} ${left > 0 ? words.another : words.last}`);
    document.querySelector("#error-summary")?.remove();
    from.hidden = left <= 0;
    from.elements.press.value = fresh();
    from.elements.seen.value = "";
    ["old_serial", "product_serial"].forEach((name) => { from.elements[name].value = ""; });
    from.querySelector("#photos-field").outerHTML = blank;
    window.htmx?.process(from);
    document.dispatchEvent(new CustomEvent("htmx:after:swap", { detail: { ctx: { target: from } } }));
    draw();
  };
  let busy = false;
  document.addEventListener("submit", async (event) => {
    const from = event.target;
    if (!from.matches("form[data-waits]")) return;
    event.preventDefault();
    if (busy) return;
    busy = true;
    const { submitter } = event;
    submitter?.setAttribute("aria-busy", "true");
    try {
      const entry = await taken(from, submitter);
      await put(entry);
      document.dispatchEvent(new CustomEvent("taken"));
      const outcome = navigator.onLine && !signedOut ? await attempt(entry.key) : { failed: true };
      if (outcome?.place) { await drop(entry.key); location.assign(outcome.place); return; }
      if (outcome?.page) show(outcome.page, entry.url);
      else if (outcome?.wrong) tell("bad", outcome.wrong);
      else onwards(from);
    } catch (error) {
      // No store in this browser: the form goes as it always did
      document.dispatchEvent(new CustomEvent("taken"));
      if (submitter?.name) from.append(Object.assign(document.createElement("input"), { type: "hidden", name: submitter.name, value: submitter.value }));
      HTMLFormElement.prototype.submit.call(from);
    } finally {
      busy = false;
      submitter?.removeAttribute("aria-busy");
    }
  }, true);

  window.addEventListener("online", drain);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) drain(); });
  setInterval(async () => { if (!busy && (await mine()).some((entry) => !entry.wrong)) drain(); }, AGAIN);
  draw();
  drain();
})();
