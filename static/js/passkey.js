/* Partloop: passkeys. A form with data-passkey has the device make one ("create") or sign with one ("get"): its
   data-options go to the device, and what the device says goes up in the field "said". */
(() => {
  "use strict";
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const named = (list) => (list ?? []).map((one) => ({ ...one, id: bytes(one.id) }));
  const asked = (form) => {
    const given = JSON.parse(form.dataset.options);
    const options = { ...given, challenge: bytes(given.challenge) };
    if (given.user) options.user = { ...given.user, id: bytes(given.user.id) };
    if (given.excludeCredentials) options.excludeCredentials = named(given.excludeCredentials);
    if (given.allowCredentials) options.allowCredentials = named(given.allowCredentials);
    return navigator.credentials[form.dataset.passkey]({ publicKey: options });
  };
  const said = (made) => {
    const response = { clientDataJSON: text(made.response.clientDataJSON) };
    for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (made.response[name]) response[name] = text(made.response[name]);
    }
    if (made.response.getTransports) response.transports = made.response.getTransports();
    return JSON.stringify({ id: made.id, rawId: text(made.rawId), type: made.type, response });
  };
  const WHY = { NotAllowedError: "notAllowed", InvalidStateError: "known" };
  const begin = (form) => {
    const why = form.querySelector("[data-why]");
    form.hidden = false;
    document.querySelectorAll("[data-no-passkeys]").forEach((one) => { one.hidden = true; });
    let waits = false;
    form.addEventListener("submit", async (event) => {
      if (form.elements.said.value) return;
      event.preventDefault();
      if (waits) return;
      waits = true;
      why.hidden = true;
      try {
        form.elements.said.value = said(await asked(form));
        form.requestSubmit(event.submitter);
      } catch (error) {
        why.textContent = form.dataset[WHY[error.name] ?? "failed"];
        why.hidden = false;
      } finally {
        waits = false;
      }
    });
    // Whoever comes back to the page has the device asked again
    window.addEventListener("pageshow", () => { form.elements.said.value = ""; });
  };
  if (window.PublicKeyCredential && navigator.credentials) document.querySelectorAll("form[data-passkey]").forEach(begin);
})();
