"""Checks replies against the server's own OpenAPI document and against the conventions that hold for every reply."""

import re
from functools import lru_cache
from urllib.parse import unquote

import httpx
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

_URI = "urn:focus:openapi"


def _template_pattern(template: str) -> re.Pattern:
    parts = re.split(r"\{[^}]+\}", template.rstrip("/") or "/")
    return re.compile("[^/]+".join(re.escape(part) for part in parts) + "/?")


def _pointer(*steps: str) -> str:
    return "/".join(step.replace("~", "~0").replace("/", "~1") for step in steps)


# Over all documents of this process: the operationIds that they publish and those of replies that were checked; the problems
# that they name, as (operationId, "404 not_found"), and those that were answered. The difference is what tests never reach.
published: set[str] = set()
called: set[str] = set()
declared: set[tuple[str, str]] = set()
occurred: set[tuple[str, str]] = set()

# The server gives these for all operations in the same way: one answer in a run is enough.
SHARED_PROBLEMS = {"429 rate_limited", "503 unavailable"}


def never_called() -> list[str]:
    return sorted(published - called)


def never_occurred() -> list[str]:
    """"operationId: 404 not_found" for each problem of the documents that no checked reply had."""
    shared = {problem for _, problem in occurred} & SHARED_PROBLEMS
    return sorted(f"{operation}: {problem}" for operation, problem in declared - occurred if problem not in shared)


def _codes_of(answer: dict) -> list[tuple[str, str]]:
    """(code, when) of the lines that describe an answer, "- `code`: when"."""
    return re.findall(r"^- `([a-z0-9_]+)`: (.*)$", answer.get("description", ""), re.MULTILINE)


def _problems_of(operation: dict) -> set[str]:
    return {f"{status} {code}" for status, answer in operation["responses"].items() if status.isdecimal() for code, _ in _codes_of(answer)}


class Contract:
    """One document."""

    def __init__(self, document: dict) -> None:
        self.document = document
        operations = [operation for path in document["paths"].values() for operation in path.values()]
        self._problems = {operation["operationId"]: _problems_of(operation) for operation in operations}
        # The answers that every operation may give; each begins with its status.
        self._problems_anywhere = {f"{when[:3]} {code}" for code, when in _codes_of(document["components"]["responses"]["Problem"])}
        published.update(self._problems)
        declared.update((operation, problem) for operation, problems in self._problems.items() for problem in problems)
        resource = Resource(contents=document, specification=DRAFT202012)
        self._registry = Registry().with_resource(_URI, resource)
        # Fixed paths win over templates, longer templates over shorter ones.
        self._paths = sorted(((_template_pattern(t), t) for t in document["paths"]), key=lambda p: (p[1].count("{"), -len(p[1])))

    def operation(self, method: str, path: str) -> tuple[str, str, dict] | None:
        """Template, method and operation for a request; nothing for a path or method that the document does not have."""
        for pattern, template in self._paths:
            if pattern.fullmatch(path):
                for name in (method.lower(), "get" if method == "HEAD" else ""):
                    if name in self.document["paths"][template]:
                        return template, name, self.document["paths"][template][name]
        return None

    def covers(self, path: str) -> bool:
        return any(pattern.fullmatch(path) for pattern, _ in self._paths)

    @lru_cache(maxsize=None)  # noqa: B019 (one contract lives as long as its server)
    def validator(self, *steps: str) -> Draft202012Validator:
        schema = {"$ref": f"{_URI}#/{_pointer(*steps)}"}
        return Draft202012Validator(schema, registry=self._registry, format_checker=Draft202012Validator.FORMAT_CHECKER)

    def check(self, request: httpx.Request, response: httpx.Response) -> None:
        where = f"{request.method} {request.url.raw_path.decode()} -> {response.status_code} {response.text[:2000]!r}"
        check_conventions(request, response, where)
        if says_how_it_does(request, response):
            return
        segments = request.url.raw_path.decode().split("?")[0].split("/")
        path = "/".join(unquote(segment, errors="replace").replace("/", "%2F") for segment in segments)
        found = self.operation(request.method, path)
        if found is None:
            undocumented = path.startswith("/api/") and request.method != "OPTIONS" and not self._is_meta(path)
            if undocumented:
                wanted = 405 if self.covers(path) else 404
                assert response.status_code == wanted, f"an undocumented route answered: {where}"
            return
        template, method, operation = found
        called.add(operation["operationId"])
        key = str(response.status_code)
        answers = operation["responses"]
        if key not in answers:
            key = f"{key[0]}XX" if f"{key[0]}XX" in answers else "default"
        assert key in answers, f"the document does not name this status: {where}"
        if response.status_code >= 400 and request.method != "HEAD":
            self.note_problem(operation["operationId"], response.status_code, response.json()["code"], where)
        self._check_body(request, response, (template, method, key), answers[key], where)

    def note_problem(self, operation: str, status: int, code: str, where: str) -> None:
        problem = f"{status} {code}"
        occurred.add((operation, problem))
        assert problem in self._problems[operation] | self._problems_anywhere, f"the document does not name {problem} for {operation}: {where}"

    @staticmethod
    def _is_meta(path: str) -> bool:
        return path.rstrip("/") in ("/api/openapi.json", "/api/docs", "/api/redoc") or path.startswith(("/api/docs/", "/api/redoc/"))

    def _check_body(self, request, response, place: tuple[str, str, str], answer: dict, where: str) -> None:
        template, method, key = place
        steps: tuple[str, ...] = ("paths", template, method, "responses", key)
        while "$ref" in answer:
            steps = tuple(answer["$ref"].removeprefix("#/").split("/"))
            answer = self.document
            for step in steps:
                answer = answer[step]
        content = answer.get("content")
        if request.method == "HEAD" or response.status_code == 304:
            assert response.content == b"", where
            return
        if not content:
            assert response.content == b"", f"a body where the document has none: {where}"
            return
        kind = response.headers.get("content-type", "").split(";")[0].strip()
        assert kind in content or "*/*" in content, f"content type {kind!r}, the document has {list(content)}: {where}"
        if kind.endswith("json") and "schema" in content.get(kind, {}):
            faults = list(self.validator(*steps, "content", kind, "schema").iter_errors(response.json()))
            summary = "; ".join(f"{'/'.join(map(str, f.absolute_path))}: {f.message[:300]}" for f in faults)
            assert not faults, f"{summary}: {where}"


def says_how_it_does(request: httpx.Request, response: httpx.Response) -> bool:
    """Whether this is an unhealthy answer of /api/health: 503 without a problem document."""
    return request.url.path.startswith("/api/health") and response.status_code == 503


def check_conventions(request: httpx.Request, response: httpx.Response, where: str) -> None:
    """Checks what API.md promises of every reply of any route."""
    headers = response.headers
    assert headers.get("x-request-id"), f"no X-Request-Id: {where}"
    assert float(headers.get("x-process-time", "nan")) >= 0, f"no X-Process-Time: {where}"
    assert headers.get("server-timing"), f"no Server-Timing: {where}"
    if response.status_code == 401:
        assert headers.get("www-authenticate", "").startswith("Bearer"), f"no WWW-Authenticate: {where}"
    if response.status_code == 405:
        assert headers.get("allow"), f"no Allow: {where}"
    if response.status_code in (429, 503):
        assert int(headers.get("retry-after", "-1")) >= 0, f"no Retry-After: {where}"
    if response.status_code >= 400 and request.method != "HEAD" and not says_how_it_does(request, response):
        check_problem(response, where)


def check_problem(response: httpx.Response, where: str = "") -> None:
    assert response.headers.get("content-type", "").split(";")[0] == "application/problem+json", f"not a problem: {where}"
    problem = response.json()
    missing = {"type", "title", "status", "detail", "code", "request_id"} - problem.keys()
    assert not missing, f"a problem without {missing}: {where}"
    assert problem["status"] == response.status_code, where
    assert problem["request_id"] == response.headers["x-request-id"], where
    assert re.fullmatch(r"[a-z][a-z0-9_]*", problem["code"]), where
    assert problem["detail"], where
    if response.status_code == 422 and "errors" in problem:
        for fault in problem["errors"]:
            assert fault.keys() >= {"loc", "msg", "type"} and fault["loc"] and fault["msg"] and fault["type"], where
