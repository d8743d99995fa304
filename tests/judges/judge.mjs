// One outside client, unmodified openid-client, told what to do line by line: JSON in, JSON out.
// The product's code is not used here; what it understands of the standards is the library's own understanding.
import { createInterface } from "node:readline";
import * as client from "openid-client";
import * as jose from "jose";

const told = JSON.parse(process.argv[2]);
const key = { key: await jose.importJWK(told.jwk, "ES256"), kid: told.jwk.kid };
const options = { execute: [client.allowInsecureRequests], algorithm: "oauth2" };

async function connect(change) {
  const modify = change ? { [client.modifyAssertion]: change } : undefined;
  return client.discovery(new URL(told.issuer), told.client_id, {}, client.PrivateKeyJwt(key, modify), options);
}

const config = await connect();
const proofKeys = { own: await client.randomDPoPKeyPair("ES256"), thief: await client.randomDPoPKeyPair("ES256") };
const handles = Object.fromEntries(Object.entries(proofKeys).map(([name, pair]) => [name, client.getDPoPHandle(config, pair)]));
const lodged = new Map();

function lodging({ ticket, details }) {
  return {
    scope: "manabi_records",
    login_hint: ticket,
    binding_message: "case-1",
    authorization_details: JSON.stringify(details),
  };
}

async function refresh({ refresh_token, with: name = "own" }) {
  return client.refreshTokenGrant(config, refresh_token, undefined, { DPoP: handles[name] });
}

async function resource(address, init) {
  const answer = await fetch(new URL(address, told.issuer), { redirect: "manual", ...init });
  return { status: answer.status, challenge: answer.headers.get("www-authenticate"), body: await answer.text() };
}

// A proof as any client makes it, with whatever the caller wants to be wrong about it.
async function proof(pair, claims, token) {
  const ath = token && jose.base64url.encode(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token))));
  return new jose.SignJWT({ jti: crypto.randomUUID(), iat: Math.floor(Date.now() / 1000), ...(ath && { ath }), ...claims })
    .setProtectedHeader({ alg: "ES256", typ: "dpop+jwt", jwk: await jose.exportJWK(pair.publicKey) })
    .sign(pair.privateKey);
}

const actions = {
  async metadata() {
    return config.serverMetadata();
  },
  async lodge(asked) {
    const answer = await client.initiateBackchannelAuthentication(config, lodging(asked));
    // The library waits with one timer, and a timer of JavaScript holds 24 days: a program that waits for weeks asks
    // again later. Here it is told to give up sooner.
    lodged.set(answer.auth_req_id, { ...answer, expires_in: Math.min(answer.expires_in, 120) });
    return answer;
  },
  // Polls at the server's own interval until there is an answer.
  async wait({ auth_req_id }) {
    return client.pollBackchannelAuthenticationGrant(config, lodged.get(auth_req_id), undefined, { DPoP: handles.own });
  },
  refresh,
  async read({ path, token, with: name = "own" }) {
    const url = new URL(path, told.issuer);
    const answer = await client.fetchProtectedResource(config, token, url, "GET", undefined, undefined, { DPoP: handles[name] });
    return { status: answer.status, body: await answer.text() };
  },
  async dossier({ identifier }) {
    const details = JSON.stringify([{ type: "manabi_dossier", identifier }]);
    return client.clientCredentialsGrant(config, { authorization_details: details }, { DPoP: handles.own });
  },
  async introspect({ token }) {
    return client.tokenIntrospection(config, token);
  },
  async revoke({ token }) {
    await client.tokenRevocation(config, token);
    return {};
  },
  // From here on: what has to be refused.
  async assertion_with({ change, ...asked }) {
    const changed = await connect((_, payload) => {
      if (change === "array aud") payload.aud = [payload.aud];
      if (change === "endpoint aud") payload.aud = config.serverMetadata().token_endpoint;
      if (change === "ten years") payload.exp = payload.iat + 10 * 365 * 24 * 3600;
      if (change === "used before") payload.jti = "the-same-as-ever";
    });
    return client.initiateBackchannelAuthentication(changed, lodging(asked));
  },
  async replayed_proof({ path, token }) {
    const url = new URL(path, told.issuer);
    const headers = { authorization: `DPoP ${token}`, dpop: await proof(proofKeys.own, { htm: "GET", htu: url.href }, token) };
    return { first: await resource(path, { headers }), second: await resource(path, { headers }) };
  },
  async wrong_htu({ path, htu, token }) {
    const made = await proof(proofKeys.own, { htm: "GET", htu }, token);
    return resource(path, { headers: { authorization: `DPoP ${token}`, dpop: made } });
  },
  async as_bearer({ path, token }) {
    return resource(path, { headers: { authorization: `Bearer ${token}` } });
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { id, action, ...asked } = JSON.parse(line);
  actions[action](asked).then(
    (answer) => console.log(JSON.stringify({ id, answer })),
    (error) => {
      const { name, code, status, error: named, error_description: description } = error;
      const challenges = error.cause?.map?.((one) => one.parameters?.error);
      const cause = named ?? challenges?.[0];
      console.log(JSON.stringify({ id, refused: { name, code, status: status ?? error.response?.status, error: cause, description, message: error.message } }));
    },
  );
}
