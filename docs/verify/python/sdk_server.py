"""The official Python SDK (`mcp` 2): its TokenVerifier, on top of toolgate_verify."""

import asyncio
import os

from mcp.server import MCPServer
from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.auth.provider import AccessToken, TokenVerifier
from mcp.server.auth.settings import AuthSettings
from pydantic import AnyHttpUrl

from toolgate_verify import Caller, Refused, Unavailable, Verifier

ISSUER, RESOURCE = os.environ["ISSUER"], os.environ["RESOURCE"]


class ToolgateTokenVerifier(TokenVerifier):
    def __init__(self) -> None:
        self.verifier = Verifier(ISSUER, RESOURCE, os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"])

    async def verify_token(self, token: str) -> AccessToken | None:
        try:
            # The SDK does not say where a request came from: keys that are bound to networks are refused.
            caller = await asyncio.to_thread(self.verifier.verify, token, "")
        except (Refused, PermissionError, Unavailable):
            return None
        return AccessToken(
            token=token,
            client_id=caller.client_id or caller.claims.get("key_id", caller.subject),
            scopes=sorted(caller.scopes),
            expires_at=caller.expires_at,
            resource=RESOURCE,
            subject=caller.subject,
            claims=caller.claims,
        )


mcp = MCPServer(
    "Pages",
    token_verifier=ToolgateTokenVerifier(),
    # The SDK compares scopes by name, so broad ones such as mcp:write do not count here; tools check below.
    auth=AuthSettings(issuer_url=AnyHttpUrl(ISSUER), resource_server_url=AnyHttpUrl(RESOURCE), required_scopes=[]),
)


def require(*needed: str) -> None:
    token = get_access_token()
    held = frozenset(token.scopes) if token else frozenset()
    if not Caller("", None, held, None, {}).has(*needed):
        raise PermissionError(f"This tool needs: {' '.join(needed)}")


@mcp.tool()
def pages_list() -> list[str]:
    """Lists the pages."""
    require("pages:read")
    return ["Home"]
