"""Verifies Toolgate's access tokens by the issuer's keys, and by introspection that they were not ended; API keys likewise.

Needs PyJWT 2.4 or newer with its `crypto` extra, and nothing else. Blocking: in asyncio call it through a thread.
"""

import base64
import ipaddress
import json
import threading
import time
import urllib.parse
import urllib.request
from dataclasses import dataclass

import jwt

ALGORITHMS = ("ES256", "EdDSA", "RS256")
LEEWAY = 5  # seconds that clocks may differ
KEYS_AGE = 300  # seconds that the issuer's keys are believed
KEYS_PAUSE = 5  # seconds between two fetches for an unknown key id
INTROSPECTED_AGE = 0.9  # seconds: a key that was revoked is refused within one
MOST_REMEMBERED = 10_000
LONGEST = 8192


class Refused(Exception):
    """The credential is not good: answer 401. Its text may be shown."""


class Unavailable(Exception):
    """Toolgate could not be asked: answer 503."""


@dataclass(frozen=True)
class Caller:
    subject: str
    client_id: str | None
    scopes: frozenset[str]
    expires_at: int | None
    claims: dict

    def has(self, *needed: str) -> bool:
        return all(any(covers(held, need) for held in self.scopes) for need in needed)


LADDER = ("mcp:read", "mcp:write", "mcp:admin")
NOT_IN_LADDER = ("keys:write", "sessions:write", "admin", "openid", "profile", "email", "offline_access")


def covers(held: str, needed: str) -> bool:
    """mcp:read covers every *:read, mcp:write that and every *:write, mcp:admin all of a resource."""
    if held == needed:
        return True
    if held not in LADDER or needed in NOT_IN_LADDER:
        return False
    if held == "mcp:admin":
        return True
    if needed in LADDER:
        return LADDER.index(needed) < LADDER.index(held)
    return needed.endswith(":read") or (held == "mcp:write" and needed.endswith(":write"))


class Verifier:
    def __init__(self, issuer: str, resource: str, client_id: str = "", client_secret: str = ""):
        self.issuer = issuer
        self.resource = resource
        basic = f"{urllib.parse.quote(client_id, '')}:{urllib.parse.quote(client_secret, '')}"
        self._basic = base64.b64encode(basic.encode()).decode() if client_id else None
        self._keys: dict[str, tuple[jwt.PyJWK, str]] = {}
        self._keys_read = float("-inf")
        self._lock = threading.Lock()
        self._introspected: dict[str, tuple[float, dict]] = {}

    def verify(self, credential: str, address: str) -> Caller:
        """`address`: where the request came from; API keys may be bound to networks."""
        if len(credential) > LONGEST or not credential.isascii():
            raise Refused("The credential is malformed.")
        if credential.startswith("tgk_"):
            return self._api_key(credential, address)
        return self._access_token(credential)

    def _access_token(self, token: str) -> Caller:
        try:
            header = jwt.get_unverified_header(token)
            kid = header.get("kid")
            # RFC 9068 section 4. The key decides the algorithm, never the header.
            if header.get("typ", "").lower() not in ("at+jwt", "application/at+jwt") or not isinstance(kid, str):
                raise Refused("This is not an access token.")
            key, algorithm = self._key(kid)
            claims = jwt.decode(
                token,
                key.key,
                algorithms=[algorithm],
                issuer=self.issuer,
                audience=self.resource,
                leeway=LEEWAY,
                options={"require": ["exp", "iat", "iss", "aud", "sub", "client_id", "jti"]},
            )
        except jwt.ExpiredSignatureError:
            raise Refused("The access token has expired.") from None
        except (jwt.InvalidTokenError, AttributeError, ValueError):
            raise Refused("The access token is not valid.") from None
        if claims["aud"] != self.resource:
            raise Refused("The access token is for others as well.")
        # Without a client of its own, this server believes a token until it expires, ended session or not.
        if self._basic is None:
            return self._caller(claims)
        answer = self._introspect(token)
        if answer.get("active") is not True:
            raise Refused("The session behind this token has ended.")
        return self._caller({**claims, **answer})

    def _key(self, kid: str) -> tuple[jwt.PyJWK, str]:
        with self._lock:
            age = time.monotonic() - self._keys_read
            if age > KEYS_AGE or (kid not in self._keys and age > KEYS_PAUSE):
                found = self._json(f"{self.issuer}/.well-known/jwks.json").get("keys", [])
                self._keys = {
                    key["kid"]: (jwt.PyJWK(key, key["alg"]), key["alg"]) for key in found if key.get("alg") in ALGORITHMS
                }
                self._keys_read = time.monotonic()
            if kid not in self._keys:
                raise Refused("The key of the access token is unknown.")
            return self._keys[kid]

    def _api_key(self, key: str, address: str) -> Caller:
        answer = self._introspect(key)
        if answer.get("active") is not True or answer.get("aud") != self.resource:
            raise Refused("The API key is not valid.")
        if "exp" in answer and answer["exp"] <= time.time():
            raise Refused("The API key has expired.")
        networks = answer.get("allowed_cidrs") or []
        if networks and not allowed(networks, address):
            raise PermissionError("The API key may not be used from this address.")
        return self._caller(answer)

    def _introspect(self, token: str) -> dict:
        now = time.monotonic()
        at, known = self._introspected.get(token, (float("-inf"), {}))
        if now - at < INTROSPECTED_AGE:
            return known
        if self._basic is None:
            raise Refused("This server takes no API keys.")
        form = urllib.parse.urlencode({"token": token}).encode()
        answer = self._json(f"{self.issuer}/oauth/introspect", form, {"Authorization": f"Basic {self._basic}"})
        if len(self._introspected) >= MOST_REMEMBERED:
            self._introspected.clear()
        # From before the question: what was revoked while it was on its way is noticed in time.
        self._introspected[token] = (now, answer)
        return answer

    def _json(self, url: str, body: bytes | None = None, headers: dict | None = None) -> dict:
        try:
            with urllib.request.urlopen(urllib.request.Request(url, body, headers or {}), timeout=5) as answer:
                return json.load(answer)
        except (OSError, ValueError) as error:
            raise Unavailable("Toolgate could not be asked.") from error

    @staticmethod
    def _caller(claims: dict) -> Caller:
        scopes = frozenset(claims.get("scope", "").split())
        return Caller(claims["sub"], claims.get("client_id"), scopes, claims.get("exp"), claims)


def allowed(networks: list[str], address: str) -> bool:
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    ip = getattr(ip, "ipv4_mapped", None) or ip
    return any(ip in ipaddress.ip_network(network) for network in networks)
