"""Compares this crate's requests with those of the official Python SDK.

    python3 -m venv /tmp/sdk && /tmp/sdk/bin/pip install alibabacloud_dingtalk==2.2.65
    /tmp/sdk/bin/python tests/sdk/compare.py

Both call each operation with everything set, on loopback. The SDK's call is built from our request, so a value that the
SDK moves, drops or adds is reported as a difference. Operations that the SDK does not know are listed at the end.
"""

import builtins
import http.server
import importlib
import json
import re
import subprocess
import sys
import threading
import urllib.parse

# doc_2_0 of 2.2.65 uses a name that it does not import; see `load`.
MODULES = {"convFile": "conv_file_1_0", "storage": "storage_1_0", "storage_v2": "storage_2_0", "oauth2": "oauth2_1_0",
           "robot": "robot_1_0", "workflow": "workflow_1_0", "wiki": "wiki_2_0", "drive": "drive_1_0",
           "yida": "yida_1_0"}
seen = []


class Recorder(http.server.BaseHTTPRequestHandler):
    def respond(self):
        length = int(self.headers.get("content-length") or 0)
        seen.append((self.command, self.path, self.rfile.read(length)))
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_GET = do_POST = do_PUT = do_DELETE = respond

    def log_message(self, *_):
        pass


def flat(name):
    return name.replace("_", "").lower()


def load(group, route):
    version = re.match(r"/v(\d)\.0/", route).group(1)
    name = f"doc_{version}_0" if group == "doc" else MODULES[group]
    package = f"alibabacloud_dingtalk.{name}"
    for _ in range(20):
        try:
            return importlib.import_module(f"{package}.client"), importlib.import_module(f"{package}.models")
        except NameError as error:
            missing = re.search(r"'(\w+)'", str(error)).group(1)
            print(f"(the SDK's {name} does not define {missing}; defined for this run)")
            setattr(builtins, missing, type(missing, (), {}))
            for module in [m for m in sys.modules if m.startswith(package)]:
                del sys.modules[module]
    raise SystemExit(f"{package} cannot be imported")


def values(call):
    """Returns the fields of the SDK's request object: names as on the wire, lists as lists."""
    fields = dict(call["body"] or {})
    for name, value in call["query"].items():
        if "." in name:
            fields.setdefault(name.split(".")[0], []).append(value)
        elif value.startswith("["):
            fields[name] = json.loads(value)
        else:
            fields[name] = {"true": True, "false": False}.get(value, value)
    return fields


def sent_by_sdk(call, port):
    client_module, models = load(call["group"], call["route"])
    config = importlib.import_module("alibabacloud_tea_openapi.models").Config(
        protocol="http", endpoint=f"127.0.0.1:{port}", region_id="central")
    client = client_module.Client(config)
    wanted = flat(call["action"]) + "withoptions"
    method = next(getattr(client, name) for name in dir(client) if flat(name) == wanted)
    model = lambda end: next((getattr(models, n) for n in dir(models) if flat(n) == flat(call["action"]) + end), None)
    arguments = [value for part, value in zip(call["route"].split("/")[1:], call["path"]) if part.startswith("{")]
    request, headers = model("request"), model("headers")
    if request is not None:
        made = request()
        made.from_map(values(call))
        arguments.append(made)
    if headers is not None:
        arguments.append(headers(x_acs_dingtalk_access_token="access-token-1"))
    else:
        arguments.append({})
    arguments.append(importlib.import_module("alibabacloud_tea_util.models").RuntimeOptions())
    seen.clear()
    method(*arguments)
    method_name, target, body = seen[0]
    parts = urllib.parse.urlsplit(target)
    query = dict(urllib.parse.parse_qsl(parts.query, keep_blank_values=True))
    query = {name: value.lower() if value in ("True", "False") else value for name, value in query.items()}
    path = [urllib.parse.unquote(part) for part in parts.path.split("/")[1:]]
    return {"method": method_name, "path": path, "query": query, "body": json.loads(body) if body else None}


def same(ours, theirs):
    # The whitespace of a list in a JSON text may differ.
    query = {name: json.loads(value) if value.startswith("[") else value for name, value in ours["query"].items()}
    other = {name: json.loads(value) if value.startswith("[") else value for name, value in theirs["query"].items()}
    return (ours["method"], ours["path"], query, ours["body"] or {}) == (
        theirs["method"], theirs["path"], other, theirs["body"] or {})


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    command = ["cargo", "test", "--quiet", "--test", "it", "coverage::sdk", "--", "--ignored", "--nocapture"]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    calls = [json.loads(line[line.index("SDK ") + 4:]) for line in output.splitlines() if "SDK {" in line]
    unknown, wrong, equal = [], [], 0
    for call in calls:
        if call["host"] == "oapi":
            unknown.append(call["action"])
            continue
        ours = {key: call[key] for key in ("method", "path", "query", "body")}
        theirs = sent_by_sdk(call, server.server_port)
        if same(ours, theirs):
            equal += 1
        else:
            wrong.append(f"{call['group']}.{call['action']}\n  ours   {json.dumps(ours)}\n  theirs {json.dumps(theirs)}")
    print("\n".join(wrong))
    print(f"{equal} of {len(calls) - len(unknown)} operations are equal; not in the SDK: {', '.join(unknown)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
