// The passkey ceremony: options from the service, the device's answer back to it, then on to the next page.
// Buttons are hidden in the page and shown here, so that nobody sees one that cannot work.
"use strict";

const toBytes = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));

const toText = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");

const withBytes = (descriptors) => (descriptors || []).map((item) => ({ ...item, id: toBytes(item.id) }));

function readOptions(ceremony, options) {
  const read = { ...options, challenge: toBytes(options.challenge) };
  if (ceremony === "create") {
    read.user = { ...options.user, id: toBytes(options.user.id) };
    read.excludeCredentials = withBytes(options.excludeCredentials);
  } else {
    read.allowCredentials = withBytes(options.allowCredentials);
  }
  return read;
}

function writeCredential(credential) {
  const { response } = credential;
  const answer = { clientDataJSON: toText(response.clientDataJSON) };
  if (response.attestationObject) {
    answer.attestationObject = toText(response.attestationObject);
    answer.transports = response.getTransports ? response.getTransports() : [];
  } else {
    answer.authenticatorData = toText(response.authenticatorData);
    answer.signature = toText(response.signature);
    answer.userHandle = response.userHandle ? toText(response.userHandle) : null;
  }
  return {
    id: credential.id,
    rawId: toText(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment || null,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: answer,
  };
}

async function send(url, token, body) {
  const answer = await fetch(url, {
    method: "POST",
    credentials: "same-origin",
    headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRF-Token": token },
    body: JSON.stringify(body),
  });
  const read = await answer.json();
  if (!answer.ok) {
    throw Object.assign(new Error(read.code), { sentence: `${read.title} ${read.detail}` });
  }
  return read;
}

async function perform(place) {
  const { passkey: ceremony, optionsUrl, verifyUrl, next, token } = place.dataset;
  const label = document.getElementById("passkey-label");
  const shared = document.getElementById("shared_device");
  const named = ceremony === "create" ? { label: label ? label.value : "" } : {};
  const begun = await send(optionsUrl, token, named);
  const publicKey = readOptions(ceremony, begun.options);
  const credential = await navigator.credentials[ceremony]({ publicKey });
  const extra = ceremony === "create" ? named : { shared_device: Boolean(shared && shared.checked), next };
  const done = await send(verifyUrl, token, {
    ceremony: begun.ceremony,
    credential: writeCredential(credential),
    ...extra,
  });
  window.location.assign(done.next);
}

for (const place of document.querySelectorAll("[data-passkey]")) {
  const button = place.querySelector("button");
  const problem = place.querySelector("[data-passkey-problem]");
  const cancelled = place.querySelector("[data-passkey-cancelled]");
  if (!window.PublicKeyCredential) {
    place.querySelector("[data-passkey-unsupported]").hidden = false;
    continue;
  }
  button.hidden = false;
  button.addEventListener("click", async () => {
    problem.hidden = cancelled.hidden = true;
    button.disabled = true;
    try {
      await perform(place);
    } catch (fault) {
      if (fault.sentence) {
        problem.querySelector("span").textContent = fault.sentence;
        problem.hidden = false;
      } else {
        cancelled.hidden = false;
      }
      button.disabled = false;
    }
  });
}
