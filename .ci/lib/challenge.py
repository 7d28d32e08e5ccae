"""A service that checks clients before they join a waiting room, with its widget. Prints its port. The widget's first token is refused."""

import http.server
import urllib.parse

WIDGET = b"""
const place = document.querySelector(".cf-turnstile[data-sitekey=the-site]");
const token = Object.assign(document.createElement("input"), { type: "hidden", name: "cf-turnstile-response", value: "bad" });
place.append(token);
globalThis.turnstile = { reset: () => (token.value = "good") };
"""


class Service(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer("text/javascript", WIDGET)

    def do_POST(self):
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
        self.answer("application/json", b'{"success": true}' if form["response"] == ["good"] else b'{"success": false}')

    def answer(self, kind, body):
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


service = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
print(service.server_port, flush=True)
service.serve_forever()
