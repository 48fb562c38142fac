"""A resource server on Python's own http.server: what to answer, and when. Not a whole MCP server.

    ISSUER=https://auth.example.com RESOURCE=http://127.0.0.1:8000/mcp CLIENT_ID=... CLIENT_SECRET=... \
    SCOPES="pages:read pages:write" TOOLS='{"pages_list": "pages:read"}' python3 server.py
"""

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from toolgate_verify import Caller, Refused, Unavailable, Verifier

env = os.environ
verifier = Verifier(env["ISSUER"], env["RESOURCE"], env.get("CLIENT_ID", ""), env.get("CLIENT_SECRET", ""))
scopes = env["SCOPES"]
tools: dict[str, str] = json.loads(env["TOOLS"])
resource = urlsplit(env["RESOURCE"])
METADATA = f"/.well-known/oauth-protected-resource{resource.path}"
LONGEST_BODY = 1_048_576


class Answer(Exception):
    def __init__(self, status: int, body: dict, challenge: str | None = None):
        self.status, self.body, self.challenge = status, body, challenge


def challenge(**attributes: str) -> str:
    url = f"{resource.scheme}://{resource.netloc}{METADATA}"
    said = {"resource_metadata": url, **attributes}
    return "Bearer " + ", ".join(f'{name}="{value}"' for name, value in said.items())


def unauthorized(words: str | None = None) -> Answer:
    """RFC 6750 section 3: no `error` when nothing was sent."""
    if words is None:
        return Answer(401, {"error_description": "A credential is needed."}, challenge(scope=scopes))
    error = {"error": "invalid_token", "error_description": words}
    return Answer(401, error, challenge(scope=scopes, **error))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path.split("?")[0] in (METADATA, "/.well-known/oauth-protected-resource"):
            # RFC 9728 section 2
            self.send(200, {
                "resource": verifier.resource,
                "authorization_servers": [verifier.issuer],
                "scopes_supported": scopes.split(),
                "bearer_methods_supported": ["header"],
            })
        else:
            self.send(404, {"error": "not_found"})

    def do_POST(self) -> None:
        try:
            length = int(self.headers.get("Content-Length") or 0)
            if length > LONGEST_BODY:
                self.close_connection = True
                raise Answer(413, {"error": "invalid_request"})
            body = self.rfile.read(length)
            caller = self.caller()
            self.send(200, self.call(caller, body))
        except Answer as answer:
            self.send(answer.status, answer.body, answer.challenge)

    def caller(self) -> Caller:
        authorization, key = self.headers.get_all("Authorization", []), self.headers.get_all("X-API-Key", [])
        if len(authorization) + len(key) > 1:
            raise Answer(400, {"error": "invalid_request", "error_description": "Send one credential."})
        if authorization:
            scheme, _, credential = authorization[0].partition(" ")
            if scheme.lower() != "bearer" or not credential.strip():
                raise unauthorized("The Authorization header must be Bearer.")
        elif key:
            credential = key[0]
            if not credential.startswith("tgk_"):
                raise unauthorized("The API key is not valid.")
        else:
            raise unauthorized()
        try:
            return verifier.verify(credential.strip(), self.client_address[0])
        except Refused as refused:
            raise unauthorized(str(refused)) from None
        except PermissionError as refused:
            raise Answer(403, {"error": "invalid_request", "error_description": str(refused)}) from None
        except Unavailable as failed:
            raise Answer(503, {"error": "temporarily_unavailable", "error_description": str(failed)}) from None

    def call(self, caller: Caller, body: bytes) -> dict:
        # Against DNS rebinding: browsers say which page they act for.
        origin = self.headers.get("Origin")
        if origin is not None and origin != f"{resource.scheme}://{resource.netloc}":
            raise Answer(403, {"error": "invalid_request", "error_description": "This Origin is not allowed."})
        try:
            message = json.loads(body)
        except (ValueError, RecursionError):
            message = None
        # A batch could hide a second call behind the first.
        if not isinstance(message, dict) or message.get("method") != "tools/call":
            raise Answer(400, {"error": "invalid_request", "error_description": "Send one tools/call."})
        params = message.get("params")
        name = params.get("name") if isinstance(params, dict) else None
        needed = tools.get(name) if isinstance(name, str) else None
        if needed is None:
            raise Answer(404, {"error": "invalid_request", "error_description": "There is no such tool."})
        if not caller.has(needed):
            error = {"error": "insufficient_scope", "error_description": f"The tool {name} needs: {needed}"}
            raise Answer(403, error, challenge(scope=needed, **error))
        text = f"{name} was called by {caller.subject}"
        return {"jsonrpc": "2.0", "id": message.get("id"), "result": {"content": [{"type": "text", "text": text}]}}

    def send(self, status: int, body: dict, www_authenticate: str | None = None) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        if www_authenticate is not None:
            self.send_header("WWW-Authenticate", www_authenticate)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Requests carry credentials: nothing of them is printed."""


if __name__ == "__main__":
    ThreadingHTTPServer((resource.hostname or "127.0.0.1", resource.port or 8000), Handler).serve_forever()
