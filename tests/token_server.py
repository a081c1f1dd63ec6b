"""A provider's sign-in for the tests, as a real HTTP server: consent page, token endpoint, token information.

What Google and Microsoft do that matters to us: codes that work once, PKCE, tokens that expire, permissions that people
take back.
"""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit


class TokenServer(ThreadingHTTPServer):
    """Its state is open to tests: who consents, how long tokens last, what was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.client_id, self.client_secret = "helpdesk-client", "helpdesk-secret"
        #: who is signed in at the provider; "" refuses consent
        self.account = "support@example.com"
        self.seconds = 3600
        self.scope = ""
        self.rotates = False
        self.status = 200
        self.delay = 0.0
        self.codes: dict[str, dict[str, str]] = {}
        self.refresh_tokens: dict[str, str] = {}
        self.access_tokens: dict[str, tuple[str, float]] = {}
        self.asked: list[dict[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def revoke(self) -> None:
        """The account's owner takes every permission back."""
        self.refresh_tokens.clear()
        self.access_tokens.clear()

    def issue(self, account: str) -> dict[str, object]:
        """A new access token for an account."""
        token = "at-" + secrets.token_urlsafe(16)
        self.access_tokens[token] = (account, time.time() + self.seconds)
        claims = base64.urlsafe_b64encode(json.dumps({"email": account}).encode()).rstrip(b"=").decode()
        return {
            "access_token": token, "expires_in": self.seconds, "token_type": "Bearer", "scope": self.scope,
            "id_token": f"e30.{claims}.c2ln",
        }  # fmt: skip

    def new_refresh_token(self, account: str) -> str:
        token = "rt-" + secrets.token_urlsafe(16)
        self.refresh_tokens[token] = account
        return token


class _Handler(BaseHTTPRequestHandler):
    server: TokenServer

    def do_GET(self) -> None:
        place = urlsplit(self.path)
        asked = {key: values[0] for key, values in parse_qs(place.query).items()}
        if place.path == "/authorize":
            self._consent(asked)
        elif place.path == "/tokeninfo":
            account, until = self.server.access_tokens.get(asked.get("access_token", ""), ("", 0.0))
            if account and until > time.time():
                self._say(200, {"email": account, "active": "true", "expires_in": int(until - time.time())})
            else:
                self._say(400, {"error": "invalid_token"})
        else:
            self._say(404, {})

    def _consent(self, asked: dict[str, str]) -> None:
        assert asked["client_id"] == self.server.client_id and asked["response_type"] == "code", asked
        assert asked["code_challenge_method"] == "S256", asked
        back = {"state": asked["state"]}
        if self.server.account:
            code = secrets.token_urlsafe(16)
            self.server.codes[code] = {**asked, "account": self.server.account}
            back["code"] = code
        else:
            back["error"] = "access_denied"
        self.send_response(302)
        self.send_header("Location", f"{asked['redirect_uri']}?{urlencode(back)}")
        self.end_headers()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        asked = {key: values[0] for key, values in parse_qs(body).items()}
        self.server.asked.append(asked)
        time.sleep(self.server.delay)
        if self.server.status != 200:
            self._say(self.server.status, {"error": "temporarily_unavailable"})
        elif (asked.get("client_id"), asked.get("client_secret")) != (self.server.client_id, self.server.client_secret):
            self._say(401, {"error": "invalid_client", "error_description": "AADSTS7000222: expired"})
        elif asked["grant_type"] == "authorization_code":
            self._exchange(asked)
        elif account := self.server.refresh_tokens.get(asked.get("refresh_token", "")):
            given = self.server.issue(account)
            if self.server.rotates:
                del self.server.refresh_tokens[asked["refresh_token"]]
                given["refresh_token"] = self.server.new_refresh_token(account)
            self._say(200, given)
        else:
            self._say(400, {"error": "invalid_grant"})

    def _exchange(self, asked: dict[str, str]) -> None:
        consent = self.server.codes.pop(asked["code"], None)
        digest = base64.urlsafe_b64encode(hashlib.sha256(asked.get("code_verifier", "").encode()).digest())
        if (
            consent is None
            or consent["redirect_uri"] != asked["redirect_uri"]
            or consent["code_challenge"] != digest.rstrip(b"=").decode()
        ):
            self._say(400, {"error": "invalid_grant"})
            return
        given = self.server.issue(consent["account"])
        self._say(200, {**given, "refresh_token": self.server.new_refresh_token(consent["account"])})

    def _say(self, status: int, what: dict[str, object]) -> None:
        body = json.dumps(what).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """In silence."""


@contextmanager
def token_server() -> Iterator[TokenServer]:
    """Run it on a free port; it ends with the `with`."""
    server = TokenServer()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
