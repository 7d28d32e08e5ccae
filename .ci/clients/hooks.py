"""Receives webhooks and verifies each with the published library: hooks.py FILE. Prints its port, then a line per delivery."""
import json, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

from standardwebhooks.webhooks import Webhook

secret_file = sys.argv[1]


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        # The secret is known only after the endpoint was created.
        hook = Webhook(open(secret_file).read().strip())
        try:
            data = hook.verify(body, dict(self.headers.items()))
            try:
                hook.verify(body + " ", dict(self.headers.items()))
                line = "FORGED body accepted"
            except Exception:
                line = "verified " + data["type"] + " " + self.headers["webhook-id"]
        except Exception as error:
            line = f"FAILED {error}: {json.dumps(dict(self.headers.items()))} {body}"
        print(line, flush=True)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Receiver)
print(server.server_port, flush=True)
server.serve_forever()
