"""A service that is an agent: takes messages whose signature the reference library accepts, and accepts their tasks.

    webhook.py SECRET       prints READY PORT, then a line of JSON for each request: what came, or why it was refused
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

from standardwebhooks import Webhook, WebhookVerificationError

HOOK = Webhook(sys.argv[1])


class Agent(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            message = HOOK.verify(body, headers)
        except WebhookVerificationError as error:
            say({"refused": str(error)})
            return self.answer(401, [])
        say({"id": headers["webhook-id"], "message": message})
        tasks = [message["task"]["id"]] if message["type"] == "TASK" else []
        self.answer(200, [{"type": "STATUS", "to": "ORCHESTRATOR", "task_id": id, "status": "ACCEPTED"} for id in tasks])

    def answer(self, status, messages):
        body = json.dumps(messages).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def say(what):
    print(json.dumps(what), flush=True)


server = HTTPServer(("127.0.0.1", 0), Agent)
print("READY", server.server_port, flush=True)
server.serve_forever()
