/* Partloop: photos open large in the page. Their links stay links for everything else, and without this file. */
(() => {
  "use strict";
  const viewer = document.getElementById("viewer");
  if (!viewer) return;
  const MOST = 8, STEP = 1.5;
  const part = (name) => viewer.querySelector(`[data-view=${name}]`);
  const stage = part("stage"), image = new Image();
  image.draggable = false;
  let photos = [], at = 0, zoom = 1, opener = null;

  // Zoom keeps what is in the middle of the stage there
  const scale = (wanted) => {
    const middle = [
      (stage.scrollLeft + stage.clientWidth / 2) / stage.scrollWidth,
      (stage.scrollTop + stage.clientHeight / 2) / stage.scrollHeight,
    ];
    image.style.inlineSize = "";
    viewer.classList.remove("zoomed");
    const fitting = image.clientWidth;
    zoom = Math.min(Math.max(wanted, 1), MOST);
    viewer.classList.toggle("zoomed", zoom > 1);
    if (zoom > 1) image.style.inlineSize = `${fitting * zoom}px`;
    stage.scrollLeft = middle[0] * stage.scrollWidth - stage.clientWidth / 2;
    stage.scrollTop = middle[1] * stage.scrollHeight - stage.clientHeight / 2;
    part("larger").setAttribute("aria-disabled", zoom === MOST);
    part("smaller").setAttribute("aria-disabled", zoom === 1);
  };
  const show = (wanted) => {
    at = (wanted + photos.length) % photos.length;
    const link = photos[at];
    stage.append(image);
    scale(1);
    image.src = link.href;
    image.alt = link.querySelector("img")?.alt || link.textContent.trim();
    part("original").href = link.href;
    part("count").textContent = photos.length > 1 ? `${at + 1} / ${photos.length}` : "";
    part("name").textContent = image.alt;
  };
  const acts = {
    previous: () => show(at - 1),
    next: () => show(at + 1),
    larger: () => scale(zoom * STEP),
    smaller: () => scale(zoom / STEP),
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-photo]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    opener = link;
    photos = [...link.closest(".photos, table, main, body").querySelectorAll("a[data-photo]")];
    ["previous", "next"].forEach((name) => { part(name).hidden = photos.length < 2; });
    viewer.showModal();
    show(photos.indexOf(link));
  });
  viewer.addEventListener("close", () => { image.removeAttribute("src"); image.remove(); opener?.focus(); });
  viewer.addEventListener("click", (event) => {
    acts[event.target.closest("button")?.dataset.view]?.();
    if (event.target === stage && zoom === 1) viewer.close();
  });

  // Once it is larger than the stage, the arrows move the photo
  const MOVES = { ArrowLeft: [-80, 0], ArrowRight: [80, 0], ArrowUp: [0, -80], ArrowDown: [0, 80] };
  const KEYS = { ArrowLeft: "previous", ArrowRight: "next", PageUp: "previous", PageDown: "next", "+": "larger", "=": "larger", "-": "smaller" };
  viewer.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const move = zoom > 1 && MOVES[event.key];
    if (move) stage.scrollBy(...move);
    else if (event.key === "0") scale(1);
    else if (KEYS[event.key]) acts[KEYS[event.key]]();
    else return;
    event.preventDefault();
  });
  stage.addEventListener("wheel", (event) => {
    event.preventDefault();
    scale(event.deltaY < 0 ? zoom * 1.2 : zoom / 1.2);
  }, { passive: false });
  image.addEventListener("dblclick", () => scale(zoom > 1 ? 1 : 2.5));
  // A finger scrolls by itself, a mouse has to be helped
  image.addEventListener("pointerdown", (event) => { if (event.pointerType === "mouse") image.setPointerCapture(event.pointerId); });
  image.addEventListener("pointermove", (event) => {
    if (image.hasPointerCapture(event.pointerId)) stage.scrollBy(-event.movementX, -event.movementY);
  });
})();
