"""A device with passkeys, in software: what a browser would send of it (WebAuthn, ES256)."""

import hashlib
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

ORIGIN = "http://localhost"
"""Where the test's client is."""
PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def text(raw: bytes) -> str:
    """Bytes as scripts send them."""
    return urlsafe_b64encode(raw).decode().rstrip("=")


def raw(of: str) -> bytes:
    """The bytes of such a text."""
    return urlsafe_b64decode(of + "=" * (-len(of) % 4))


@dataclass
class Device:
    """One key pair, which counts what it signs; ``origin`` is the page that the browser is on."""

    origin: str = ORIGIN
    host: str = "localhost"
    count: int = 0
    flags: int = PRESENT | VERIFIED
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    id: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    def make(self, options: dict[str, Any]) -> str:
        """What it says to a page that asks for a new passkey."""
        at = self.key.public_key().public_numbers()
        public = {1: 2, 3: -7, -1: 1, -2: at.x.to_bytes(32), -3: at.y.to_bytes(32)}
        attested = bytes(16) + len(self.id).to_bytes(2) + self.id + cbor2.dumps(public)
        made = {"fmt": "none", "attStmt": {}, "authData": self._said(ATTESTED) + attested}
        return self._answer(
            {
                "clientDataJSON": text(self._client("webauthn.create", options)),
                "attestationObject": text(cbor2.dumps(made)),
                "transports": ["internal", "hybrid", "of tomorrow"],
            }
        )

    def sign(self, options: dict[str, Any]) -> str:
        """What it says to a page that asks for a signature; it has counted one more."""
        self.count += 1
        client, said = self._client("webauthn.get", options), self._said()
        signed = self.key.sign(said + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer(
            {
                "clientDataJSON": text(client),
                "authenticatorData": text(said),
                "signature": text(signed),
            }
        )

    def _client(self, kind: str, options: dict[str, Any]) -> bytes:
        told = {"type": kind, "challenge": options["challenge"], "origin": self.origin}
        return json.dumps(told | {"crossOrigin": False}).encode()

    def _said(self, more: int = 0) -> bytes:
        of = hashlib.sha256(self.host.encode()).digest()
        return of + bytes([self.flags | more]) + self.count.to_bytes(4)

    def _answer(self, response: dict[str, Any]) -> str:
        name = text(self.id)
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": response})
