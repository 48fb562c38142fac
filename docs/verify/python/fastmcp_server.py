"""FastMCP: a verifier of our own inside RemoteAuthProvider, which serves the RFC 9728 metadata.

FastMCP's JWTVerifier(jwks_uri=..., issuer=..., audience=..., algorithm="ES256") also takes Toolgate's tokens, but it does
not look at `typ` and knows no API keys.
"""

import asyncio
import os

from fastmcp import FastMCP
from fastmcp.server.auth import AccessToken, RemoteAuthProvider, TokenVerifier
from fastmcp.server.dependencies import get_access_token
from pydantic import AnyHttpUrl

from toolgate_verify import Caller, Refused, Unavailable, Verifier

ISSUER, BASE_URL = os.environ["ISSUER"], os.environ["BASE_URL"]  # the MCP endpoint is BASE_URL/mcp
verifier = Verifier(ISSUER, f"{BASE_URL}/mcp", os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"])


class ToolgateTokenVerifier(TokenVerifier):
    async def verify_token(self, token: str) -> AccessToken | None:
        try:
            caller = await asyncio.to_thread(verifier.verify, token, "")
        except (Refused, PermissionError, Unavailable):
            return None
        return AccessToken(
            token=token,
            client_id=caller.client_id or caller.claims.get("key_id", caller.subject),
            scopes=sorted(caller.scopes),
            expires_at=caller.expires_at,
            claims=caller.claims,
        )


auth = RemoteAuthProvider(
    token_verifier=ToolgateTokenVerifier(base_url=BASE_URL),
    authorization_servers=[AnyHttpUrl(ISSUER)],
    base_url=BASE_URL,
    scopes_supported=["pages:read", "pages:write"],
)
mcp = FastMCP("Pages", auth=auth)


@mcp.tool
def pages_list() -> list[str]:
    """Lists the pages."""
    token = get_access_token()
    held = frozenset(token.scopes) if token else frozenset()
    if not Caller("", None, held, None, {}).has("pages:read"):
        raise PermissionError("This tool needs: pages:read")
    return ["Home"]
