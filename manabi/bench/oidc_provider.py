"""The peer of `bench token`: npm oidc-provider in FAPI 2.0 mode with the store in memory that it brings along.

One server process, `NODE_ENV=production`. Refresh tokens are made with the library's own models before the first
round, bound to the key that proves them, and are not rotated, as ours are not. Nothing of the library is changed.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from manabi.bench.contest import Shape
from manabi.bench.cpu import used_seconds
from manabi.bench.lines import Peer
from manabi.bench.load import Request
from manabi.bench.node_js import find_node
from manabi.bench.refreshing import Refresher
from manabi.bench.solid import PeerFailed
from manabi.demo.folder import choose_ports

NAME = "oidc-provider"
FOLDER = Path(__file__).parents[2] / ".peers" / "node_modules" / "oidc-provider"
BASE_PORT = 8700
_STOP_SECONDS = 10
_SERVER = """\
import { Provider } from %(library)s;
const { port, client_id, jwk, jkt, count } = JSON.parse(process.argv[2]);
const own = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
const signing = { ...(await crypto.subtle.exportKey("jwk", own.privateKey)), kid: "own", alg: "ES256", use: "sig" };
delete signing.key_ops; delete signing.ext;
const provider = new Provider(`http://localhost:${port}`, {
  clients: [{
    client_id, jwks: { keys: [jwk] }, token_endpoint_auth_method: "private_key_jwt",
    token_endpoint_auth_signing_alg: "ES256", id_token_signed_response_alg: "ES256", dpop_bound_access_tokens: true,
    grant_types: ["authorization_code", "refresh_token"], response_types: ["code"],
    redirect_uris: ["https://bench.invalid/"],
  }],
  clientAuthMethods: ["private_key_jwt"], jwks: { keys: [signing] }, rotateRefreshToken: false,
  features: {
    devInteractions: { enabled: false }, dPoP: { enabled: true }, fapi: { enabled: true, profile: "2.0" },
  },
  cookies: { keys: ["bench"] }, ttl: { AccessToken: 300, RefreshToken: 86400, Grant: 86400 },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
});
const client = await provider.Client.find(client_id);
const tokens = [];
for (let number = 0; number < count; number += 1) {
  const accountId = `child-${number}`;
  const grant = new provider.Grant({ accountId, clientId: client_id });
  grant.addOIDCScope("offline_access");
  const grantId = await grant.save();
  const token = new provider.RefreshToken({
    accountId, client, grantId, jkt, gty: "authorization_code", scope: "offline_access", claims: {},
  });
  tokens.push(await token.save());
}
provider.listen(port, "127.0.0.1", () => console.log(JSON.stringify(tokens)));
"""


def find_peer() -> Peer:
    """Return the peer with its version as installed; the version is None where it or Node.js is missing."""
    try:
        version: str = json.loads((FOLDER / "package.json").read_text())["version"]
    except FileNotFoundError:
        return Peer(NAME, None)
    return Peer(NAME, version if find_node() is not None else None)


@dataclass(frozen=True, slots=True)
class OidcProvider:
    """A running server with refresh tokens of one client."""

    port: int
    reads_per_round: int
    refresher: Refresher
    tokens: Sequence[str]
    pid: int

    def requests(self, shape: Shape, count: int) -> list[Request]:
        """Return refreshes of all tokens in turn, each with an assertion and a proof of its own."""
        return [self.refresher.request(self.tokens[index % len(self.tokens)]) for index in range(count)]

    def settle(self) -> None:
        """Nothing is left behind: a refresh is over with its answer."""

    def cpu_seconds(self) -> Mapping[str, float]:
        """Return the processor time of the `server`."""
        return {"server": used_seconds([self.pid])}


@contextmanager
def oidc_provider(*, tokens: int, reads_per_round: int) -> Iterator[OidcProvider]:
    """Start the server; leave nothing behind. Raises `PeerFailed`."""
    node = find_node()
    if node is None:
        raise PeerFailed(peer=NAME, reason="Node.js is missing")
    with tempfile.TemporaryDirectory(prefix="manabi-bench-peer-") as temporary:
        script, port = Path(temporary) / "server.mjs", choose_ports(BASE_PORT)
        script.write_text(_SERVER % {"library": json.dumps((FOLDER / "lib" / "index.js").as_uri())})
        issuer = f"http://localhost:{port}"
        refresher = Refresher("bench", issuer, "/token")
        wanted = {"port": port, "client_id": "bench", "jwk": refresher.jwk, "jkt": refresher.jkt, "count": tokens}
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        process = subprocess.Popen(  # noqa: S603 — fixed program, no shell
            [node, script, json.dumps(wanted)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, env={**kept, "HOME": temporary, "NODE_ENV": "production"},
        )  # fmt: skip
        try:
            line = process.stdout.readline() if process.stdout is not None else ""
            if not line:
                told = process.stderr.read() if process.stderr is not None else ""
                raise PeerFailed(peer=NAME, reason=f"it did not start: {told[-500:]}")
            yield OidcProvider(port, reads_per_round, refresher, json.loads(line), process.pid)
        finally:
            process.terminate()
            try:
                process.communicate(timeout=_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
