"""Real receivers for tests: `smtp` (aiosmtpd) or `http` (http.server).

The first line on standard output is the port; every line after it is one thing that was received,
as JSON. Recipients beginning with `unknown` are refused for good, with `busy` for now; an HTTP path
/answer/418 is answered with 418.

    servers.py smtp PORT [--cert PEM --key PEM] [--implicit] [--login USER:PASSWORD]
    servers.py http PORT
"""
import argparse, json, ssl, sys

arguments = argparse.ArgumentParser()
arguments.add_argument("what", choices=["smtp", "http"])
arguments.add_argument("port", type=int)
arguments.add_argument("--cert")
arguments.add_argument("--key")
arguments.add_argument("--implicit", action="store_true")
arguments.add_argument("--login")
a = arguments.parse_args()


def tell(thing):
    print(json.dumps(thing), flush=True)


if a.what == "http":
    from http.server import BaseHTTPRequestHandler, HTTPServer

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            tell({"path": self.path, "body": body, "headers": {k.lower(): v for k, v in self.headers.items()}})
            status = int(self.path.rsplit("/", 1)[1]) if self.path.startswith("/answer/") else 204
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("location", "/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", a.port), Receiver)
    tell(server.server_port)
    server.serve_forever()

import asyncio
from aiosmtpd.smtp import SMTP, AuthResult
from email import message_from_bytes, policy


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("unknown"):
            return f"550 5.1.1 <{address}>: no such mailbox"
        if address.startswith("busy"):
            return "451 4.3.0 come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = message_from_bytes(envelope.content, policy=policy.default)
        parts = {part.get_content_type(): part.get_content() for part in mail.walk() if not part.is_multipart()}
        tell({
            "from": envelope.mail_from, "to": envelope.rcpt_tos, "subject": mail["subject"], "id": mail["message-id"],
            "automatic": mail["auto-submitted"], "encrypted": session.ssl is not None or a.implicit,
            "login": getattr(session, "login_data", None) is not None and session.authenticated,
            "parts": {kind: part if isinstance(part, str) else part[:8].decode("latin-1") for kind, part in parts.items()},
        })
        return "250 taken"


def authenticate(server, session, envelope, mechanism, data):
    given = f"{data.login.decode()}:{data.password.decode()}"
    return AuthResult(success=given == a.login, handled=given == a.login, auth_data=data)


async def main():
    context = None
    if a.cert:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(a.cert, a.key)
    login = dict(authenticator=authenticate, auth_required=True, auth_require_tls=bool(a.cert) and not a.implicit) if a.login else {}
    starttls = dict(tls_context=context, require_starttls=True) if context and not a.implicit else {}
    make = lambda: SMTP(Handler(), hostname="localhost", **login, **starttls)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(make, "127.0.0.1", a.port, ssl=context if a.implicit else None)
    tell(server.sockets[0].getsockname()[1])
    await server.serve_forever()


asyncio.run(main())
