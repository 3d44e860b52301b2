"""A hub on this machine: as much of the protocol of the Hugging Face hub as pushing and fetching a model takes."""

import base64
import hashlib
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import yaml


class Hub:
    """Models by name, each with files by name."""

    def __init__(self):
        self.models = {}
        self.asked = []
        handler = type("Handler", (_Handler,), {"hub": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def commit(self, name):
        content = b"".join(key.encode() + value for key, value in sorted(self.models[name].items()))
        return hashlib.sha1(content).hexdigest()


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self._answer()

    def do_GET(self):
        self._answer()

    def do_POST(self):
        self._answer()

    def _answer(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        self.hub.asked.append(f"{self.command} {self.path}")
        path = self.path.partition("?")[0]
        for pattern, reply in (
            (r"/api/repos/create", self._create),
            (r"/api/validate-yaml", self._validate),
            (r"/api/models/([^/]+/[^/]+)/preupload/\w+", self._preupload),
            (r"/api/models/([^/]+/[^/]+)/commit/\w+", self._commit),
            (r"/api/models/([^/]+/[^/]+)(?:/revision/(\w+))?", self._about),
            (r"/api/models/([^/]+/[^/]+)/tree/(\w+)", self._tree),
            (r"/([^/]+/[^/]+)/resolve/(\w+)/(.+)", self._file),
        ):
            if found := re.fullmatch(pattern, path):
                return reply(body, *found.groups())
        return self._missing("EntryNotFound")

    def _json(self, content):
        self._send(json.dumps(content).encode(), {"content-type": "application/json"})

    def _send(self, content, headers, status=200):
        self.send_response(status)
        for key, value in {"content-length": len(content), **headers}.items():
            self.send_header(key, str(value))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _missing(self, code):
        self._send(b"{}", {"x-error-code": code, "content-type": "application/json"}, 404)

    def _create(self, body):
        if self.headers.get("authorization") != "Bearer token":
            return self._send(b'{"error": "who are you"}', {"content-type": "application/json"}, 401)
        asked = json.loads(body)
        name = f"{asked['organization']}/{asked['name']}" if asked.get("organization") else asked["name"]
        self.hub.models.setdefault(name, {})
        return self._json({"url": f"{self.hub.address}/{name}", "id": name})

    def _validate(self, body):
        front = json.loads(body)["content"].split("---\n")[1]
        self._json({"errors": [], "warnings": []} if yaml.safe_load(front) else {"errors": ["no metadata"]})

    def _preupload(self, body, name):
        files = [{"path": one["path"], "uploadMode": "regular"} for one in json.loads(body)["files"]]
        self._json({"files": [{**one, "shouldIgnore": False, "oid": None} for one in files]})

    def _commit(self, body, name):
        for line in map(json.loads, body.splitlines()):
            if line["key"] == "file":
                self.hub.models[name][line["value"]["path"]] = base64.b64decode(line["value"]["content"])
        commit = self.hub.commit(name)
        self._json({"commitUrl": f"{self.hub.address}/{name}/commit/{commit}", "commitOid": commit})

    def _about(self, _, name, revision=None):
        if name not in self.hub.models:
            return self._missing("RepoNotFound")
        if revision not in (None, "main", self.hub.commit(name)):
            return self._missing("RevisionNotFound")
        siblings = [{"rfilename": one} for one in self.hub.models[name]]
        return self._json({"id": name, "modelId": name, "sha": self.hub.commit(name), "siblings": siblings})

    def _tree(self, _, name, revision):
        files = self.hub.models.get(name)
        if files is None:
            return self._missing("RepoNotFound")
        found = [{"type": "file", "path": one, "size": len(data), "oid": _oid(data)} for one, data in files.items()]
        return self._json(found)

    def _file(self, _, name, revision, path):
        data = self.hub.models.get(name, {}).get(path)
        if data is None:
            return self._missing("EntryNotFound")
        etag = f'"{_oid(data)}"'
        return self._send(data, {"etag": etag, "x-repo-commit": self.hub.commit(name), "accept-ranges": "bytes"})


def _oid(data):
    return hashlib.sha1(data).hexdigest()
