"""Runs AWS CLI commands and botocore calls in one long-lived process: JSON lines in, JSON lines out.

A new `aws` process costs half a second before it sends anything; its own driver in a warm process costs a few
milliseconds, and it is the same code with the same service models.

Request:  {"kind": "cli", "args": ["sts", "get-caller-identity", ...], "env": {"AWS_ACCESS_KEY_ID": "...", ...}}
Response: {"status": 0, "stdout": "...", "stderr": "...", "calls": [...]}

Request:  {"kind": "api", "service": "glue", "operation": "GetDevEndpoints", "params": {...}, "env": {...},
           "endpoint": "http://127.0.0.1:1234", "region": "eu-central-1"}
Response: {"output": {...}, "calls": [...]}

"calls" has each HTTP exchange: {"service", "operation", "status", "code", "odd": [...]}, where "odd" lists what the
service model does not allow in that answer (conformance.py). {"error": "..."} alone says that the driver itself failed.
"""

import contextlib
import gc
import io
import json
import os
import sys
import traceback

import botocore.session
from awscli.clidriver import create_clidriver
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError
from conformance import odd


class Output(io.TextIOWrapper):
    """A text stream over memory; the AWS CLI writes to its .buffer too."""

    def __init__(self):
        super().__init__(io.BytesIO(), encoding="utf-8", write_through=True)

    def text(self):
        return self.buffer.getvalue().decode("utf-8")


class Exchanges:
    """Listens to botocore for what went over the wire."""

    def __init__(self, session):
        self.calls = []
        self.body = b""
        self.unread = None  # the answer that is being read
        session.register("before-parse", self.keep_body)
        session.register("after-call", self.note)

    def keep_body(self, operation_model, response_dict, **_):
        body = response_dict["body"]
        self.body = body if isinstance(body, bytes) else b""
        self.unread = {
            "service": operation_model.service_model.service_name,
            "operation": operation_model.name,
            "status": response_dict["status_code"],
            "code": "unreadable",
            "odd": ["botocore can't read the answer"],
        }

    def note(self, http_response, parsed, model, **_):
        status = http_response.status_code
        self.unread = None
        self.calls.append({
            "service": model.service_model.service_name,
            "operation": model.name,
            "status": status,
            "code": parsed.get("Error", {}).get("Code", "") if status >= 300 else "",
            "odd": odd(model, status, self.body, parsed),
        })

    def take(self):
        calls = self.calls + ([self.unread] if self.unread else [])
        self.calls, self.unread = [], None
        return calls


class Driver:
    def __init__(self):
        self.loader = None  # shared, since a service model takes up to a second to read
        self.cli = {}  # by environment, since a session caches credentials
        self.sessions = {}

    def answer(self, request):
        for name in [n for n in os.environ if n.startswith("AWS_") and n != "AWS_DATA_PATH"]:  # awscli sets that one itself
            del os.environ[name]
        os.environ.update(request["env"])
        key = json.dumps(request["env"], sort_keys=True)
        return self.run_cli(key, request) if request["kind"] == "cli" else self.call_api(key, request)

    def run_cli(self, key, request):
        stdout, stderr = Output(), Output()
        with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
            if key not in self.cli:
                driver = create_clidriver()
                self.share_models(driver.session)
                self.cli[key] = driver, Exchanges(driver.session)
            driver, exchanges = self.cli[key]
            try:
                status = driver.main(request["args"])
            except SystemExit as stop:  # usage errors of the CLI's own parser
                status = stop.code
        if "get-object" in request["args"]:
            del self.cli[key]  # the CLI leaves a handler in its session that takes the body of every later GetObject
        return {"status": status, "stdout": stdout.text(), "stderr": stderr.text(), "calls": exchanges.take()}

    def call_api(self, key, request):
        if key not in self.sessions:
            session = botocore.session.Session()
            self.share_models(session)
            self.sessions[key] = session, Exchanges(session)
        session, exchanges = self.sessions[key]
        # The wire is what is compared, so nothing is repeated on this side of it, nor refused unless "validate" asks for it.
        config = Config(parameter_validation=request.get("validate", False), retries={"total_max_attempts": 1}, read_timeout=20)
        client = session.create_client(
            request["service"], region_name=request["region"], endpoint_url=request["endpoint"], config=config)
        output = {}
        try:
            operation = client.meta.method_to_api_mapping
            method = next(python for python, name in operation.items() if name == request["operation"])
            output = getattr(client, method)(**request["params"])
        except (ClientError, ResponseParserError):
            pass  # calls has its status and code
        output.pop("ResponseMetadata", None)
        return {"output": output, "calls": exchanges.take()}

    def share_models(self, session):
        if self.loader is None:
            self.loader = session.get_component("data_loader")
        session.register_component("data_loader", self.loader)


def plain(value):
    """Times and bytes as text, for JSON."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def main():
    gc.disable()  # a quarter of the time went into looking through service models for garbage; the process is soon over
    driver = Driver()
    answers = sys.stdout
    for line in sys.stdin:
        try:
            answer = driver.answer(json.loads(line))
        except Exception:  # whatever it is, the test that asked must hear of it, and the next one needs this process
            answer = {"error": traceback.format_exc()}
        print(json.dumps(answer, default=plain), file=answers, flush=True)


if __name__ == "__main__":
    main()
