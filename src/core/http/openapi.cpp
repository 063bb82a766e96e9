#include "core/http/openapi.hpp"

#include "core/base/json_writer.hpp"
#include "core/http/problem.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace focus::http {
namespace {

/// A JSON object or array under construction; values are JSON texts.
class Builder {
  public:
    explicit Builder(char open) : text_{open}, close_{open == '{' ? '}' : ']'} {}

    Builder& add(std::string_view key, std::string_view json) {
        separate();
        json::append_string(text_, key);
        ((text_ += ':') += json);
        return *this;
    }
    Builder& text(std::string_view key, std::string_view value) {
        separate();
        json::append_string(text_, key);
        text_ += ':';
        json::append_string(text_, value);
        return *this;
    }
    Builder& element(std::string_view json) {
        separate();
        text_ += json;
        return *this;
    }
    [[nodiscard]] bool empty() const { return text_.size() == 1; }
    [[nodiscard]] std::string done() const { return text_ + close_; }

  private:
    void separate() {
        if (!empty()) text_ += ',';
    }
    std::string text_;
    char close_;
};
Builder object() { return Builder{'{'}; }
Builder array() { return Builder{'['}; }

std::string reference(std::string_view kind, std::string_view name) {
    return object().text("$ref", "#/components/" + std::string{kind} + "/" + std::string{name}).done();
}

constexpr std::string_view k_problem_schema =
    R"({"type":"object","description":"What went wrong (RFC 9457).","properties":{)"
    R"("type":{"type":"string","description":"Always about:blank; programs go by code."},)"
    R"("title":{"type":"string","description":"The status in words."},)"
    R"("status":{"type":"integer","description":"The HTTP status."},)"
    R"("detail":{"type":"string","description":"A sentence for people, by Accept-Language or the user's language."},)"
    R"("code":{"type":"string","description":"Stable, for programs."},)"
    R"("request_id":{"type":"string","description":"X-Request-Id of the answer, for questions to the operator."},)"
    R"("errors":{"type":"array","description":"Of a 422: every fault of the input.","items":{"$ref":"#/components/schemas/Fault"}},)"
    R"("link_token":{"type":"string","description":"Of a 409 link_confirmation_required: for POST /api/auth/oidc/link."}},)"
    R"("required":["type","title","status","detail","code","request_id"]})";
constexpr std::string_view k_fault_schema =
    R"({"type":"object","description":"One fault of an input.","properties":{)"
    R"("loc":{"type":"array","description":"Where: body, query or path, then the way to the value.","items":{"type":["string","integer"]}},)"
    R"("msg":{"type":"string","description":"What, for people."},)"
    R"("type":{"type":"string","description":"What, for programs."}},)"
    R"("required":["loc","msg","type"]})";

struct Header {
    std::string_view name;
    std::string_view type;
    std::string_view description;
};
constexpr Header k_headers[] = {
    // NOLINT
    {"X-Request-Id", "string", "Names the request in logs and problems; the client's own when it sent a sane one."},
    {"X-Total-Count", "integer", "The number of all entries, whatever the page."},
    {"Link", "string", "The next and previous page (RFC 8288)."},
    {"ETag", "string", "The version of this answer, for If-None-Match."},
    {"Retry-After", "integer", "Seconds after which a repeat may succeed."},
    {"RateLimit-Limit", "integer", "Requests allowed per window."},
    {"RateLimit-Remaining", "integer", "Requests left in this window."},
    {"RateLimit-Reset", "integer", "Seconds until the window is over."},
    {"WWW-Authenticate", "string", "How to authenticate: Bearer."},
    {"Idempotency-Replayed", "string", "true when this is the stored answer of an earlier request with the same key."},
};

std::string header_references(std::initializer_list<std::string_view> names) {
    auto headers = object();
    for (const auto name : names) headers.add(name, reference("headers", name));
    return headers.done();
}

std::string content(std::string_view type, std::string_view schema) {
    return object().add(type, object().add("schema", schema).done()).done();
}

bool is_open(const Endpoint& endpoint) { return endpoint.meta.access == Access::nobody; }

std::string parameters_json(const Endpoint& endpoint, json::Schemas& schemas) {
    auto list = array();
    const auto add_fields = [&](Signature::Fields fields, std::string_view place) {
        if (fields == nullptr) return;
        for (const auto& field : fields(schemas)) {
            auto parameter = object();
            parameter.text("name", field.name).text("in", place).add("required", field.required || place == "path" ? "true" : "false");
            if (const auto* description = field.schema.find("description")) parameter.add("description", *description);
            list.element(parameter.add("schema", field.schema.to_json()).done());
        }
    };
    add_fields(endpoint.signature.path, "path");
    add_fields(endpoint.signature.query, "query");
    if (endpoint.meta.idempotent) list.element(reference("parameters", "IdempotencyKey"));
    if (endpoint.meta.etag) list.element(reference("parameters", "IfNoneMatch"));
    return list.empty() ? std::string{} : list.done();
}

std::string success_json(const Endpoint& endpoint, json::Schemas& schemas) {
    const auto& meta = endpoint.meta;
    auto answer = object();
    answer.text("description", meta.success == 201   ? "Created."
                               : meta.success == 204 ? "Done; there is no content."
                               : meta.success == 101 ? "From here on the connection is a WebSocket."
                                                     : "Success.");
    auto headers = object();
    headers.add("X-Request-Id", reference("headers", "X-Request-Id"));
    if (meta.paged) headers.add("X-Total-Count", reference("headers", "X-Total-Count")).add("Link", reference("headers", "Link"));
    if (meta.etag) headers.add("ETag", reference("headers", "ETag"));
    if (meta.idempotent) headers.add("Idempotency-Replayed", reference("headers", "Idempotency-Replayed"));
    answer.add("headers", headers.done());
    switch (endpoint.signature.out) {
    case Signature::Out::nothing:
    case Signature::Out::websocket:
        break;
    case Signature::Out::json:
        answer.add("content", content(k_json, endpoint.signature.reply(schemas).to_json()));
        break;
    case Signature::Out::raw:
    case Signature::Out::stream:
        answer.add("content", content(meta.produces.empty() ? "*/*" : meta.produces, R"({"type":"string"})"));
        break;
    }
    return answer.done();
}

/// One line of a list of codes; the contract tests read it.
void append_code(std::string& list, std::string_view code, std::string_view when) {
    if (!list.empty()) list += '\n';
    ((((list += "- `") += code) += "`: ") += when);
}

/// The problems of a route by status: those that follow from its declaration, and its own.
std::map<int, std::string> problems_of(const Endpoint& endpoint) {
    std::map<int, std::string> problems;
    const auto add = [&](const Refusal& refusal, std::string_view when) { append_code(problems[refusal.status], refusal.code, when); };
    const auto& meta = endpoint.meta;
    const bool has_body = endpoint.signature.body != nullptr || !meta.consumes.empty();
    if (!is_open(endpoint)) add(refusals::not_authenticated, "no valid access token");
    if (meta.access == Access::verified || meta.access == Access::admin)
        add(refusals::email_not_verified, "the e-mail address is not verified yet");
    if (meta.access == Access::admin) add(refusals::forbidden, "the user is no administrator");
    if (endpoint.signature.path != nullptr) add(refusals::not_found, "there is no such object (or it belongs to another user)");
    if (has_body) add(refusals::too_large, "the body is longer than " + std::to_string(meta.body_limit >> 10) + " KiB");
    if (has_body) add(refusals::unsupported_encoding, "the body has a Content-Encoding other than gzip");
    if (has_body || endpoint.signature.query != nullptr) add(Refusal{k_validation_error}, "the input has faults; `errors` lists them all");
    if (meta.idempotent) {
        add(refusals::invalid_idempotency_key, "the key is not 1 to 255 visible ASCII characters");
        add(refusals::idempotency_key_reused, "the key was used for another request");
    }
    if (endpoint.rate() != Rate::none) add(refusals::rate_limited, "too many requests");
    if (has_body)
        add(refusals::busy, "the server is busy or has no memory for the body at the moment; `Retry-After` says when to try again");
    if (endpoint.signature.out == Signature::Out::websocket) {
        add(refusals::bad_handshake, "the WebSocket handshake is not valid");
        add(refusals::upgrade_required, "the request asks for no WebSocket of version 13");
    }
    for (const auto& problem : meta.problems) append_code(problems[status_of(problem.kind)], problem.code, problem.when);
    return problems;
}

struct Anywhere {
    const Refusal& refusal;
    std::string_view when;
};
/// What every route can answer in addition to its own list.
constexpr Anywhere k_anywhere[] = {
    // NOLINT
    {refusals::bad_request, "the request is not valid HTTP"},
    {refusals::bad_encoding, "broken percent-encoding in the address, or a body that is not the gzip that it says"},
    {refusals::invalid_token, "the access token is invalid or has expired; on routes that need one"},
    {refusals::request_timeout, "the request took too long to arrive"},
    {refusals::too_large, "a body where none is expected, and a long one"},
    {refusals::unsupported_encoding, "a body where none is expected, in a Content-Encoding other than gzip"},
    {refusals::expectation_failed, "an Expect other than 100-continue"},
    {refusals::wrong_host, "the server does not answer for this host name"},
    {refusals::headers_too_large, "the headers are too long"},
    {refusals::internal_error, "a defect of the server"},
    {refusals::busy, "the server is starting or busy, or its database does not answer"},
};

std::string problems_anywhere() {
    std::string codes;
    for (const auto& [refusal, when] : k_anywhere)
        append_code(codes, refusal.code, std::to_string(refusal.status) + ", " + std::string{when});
    return codes;
}

std::string problem_json(int status, std::string_view codes) {
    auto answer = object();
    answer.text("description", std::string{reason_phrase(status)} + "\n\n" + std::string{codes});
    if (status == 429)
        answer.add("headers",
                   header_references({"X-Request-Id", "Retry-After", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"}));
    else if (status == 503)
        answer.add("headers", header_references({"X-Request-Id", "Retry-After"}));
    else if (status == 401)
        answer.add("headers", header_references({"X-Request-Id", "WWW-Authenticate"}));
    else
        answer.add("headers", header_references({"X-Request-Id"}));
    return answer.add("content", content(k_problem_json, reference("schemas", "Problem"))).done();
}

std::string responses_json(const Endpoint& endpoint, json::Schemas& schemas) {
    auto responses = object();
    responses.add(std::to_string(endpoint.meta.success), success_json(endpoint, schemas));
    if (endpoint.meta.etag) responses.add("304", reference("responses", "NotModified"));
    if (!endpoint.meta.redirect.empty()) responses.add("302", object().text("description", endpoint.meta.redirect).done());
    for (const auto& [status, codes] : problems_of(endpoint)) responses.add(std::to_string(status), problem_json(status, codes));
    return responses.add("default", reference("responses", "Problem")).done();
}

std::string operation_json(const Endpoint& endpoint, json::Schemas& schemas) {
    const auto& meta = endpoint.meta;
    auto operation = object();
    operation.text("operationId", meta.id).text("summary", meta.summary);
    if (!meta.description.empty()) operation.text("description", meta.description);
    if (!meta.tag.empty()) operation.add("tags", array().element(json::write(meta.tag)).done());
    operation.add("security", is_open(endpoint) ? "[]" : R"([{"bearer":[]}])");
    if (const auto parameters = parameters_json(endpoint, schemas); !parameters.empty()) operation.add("parameters", parameters);
    if (endpoint.signature.body != nullptr)
        operation.add("requestBody", object()
                                         .add("required", endpoint.signature.body_required ? "true" : "false")
                                         .add("content", content(k_json, endpoint.signature.body(schemas).to_json()))
                                         .done());
    else if (!meta.consumes.empty())
        operation.add("requestBody",
                      object().add("required", "true").add("content", content(meta.consumes, R"({"type":"string"})")).done());
    return operation.add("responses", responses_json(endpoint, schemas)).done();
}

std::string paths_json(const Routes& routes, json::Schemas& schemas) {
    std::vector<std::pair<std::string_view, Builder>> paths; // in the order of declaration
    for (const auto& endpoint : routes.endpoints()) {
        if (endpoint.meta.hidden) continue;
        auto path = std::ranges::find(paths, std::string_view{endpoint.pattern}, [](const auto& entry) { return entry.first; });
        if (path == paths.end()) path = paths.insert(paths.end(), {endpoint.pattern, object()});
        std::string method{to_string(endpoint.method)};
        std::ranges::transform(method, method.begin(), [](char c) { return static_cast<char>(c - 'A' + 'a'); });
        path->second.add(method, operation_json(endpoint, schemas));
    }
    auto all = object();
    for (const auto& [pattern, operations] : paths) all.add(pattern, operations.done());
    return all.done();
}

std::string components_json(const json::Schemas& schemas) {
    auto models = object();
    for (const auto& [name, schema] : schemas.components()) models.add(name, schema);
    models.add("Problem", k_problem_schema).add("Fault", k_fault_schema);
    auto headers = object();
    for (const auto& header : k_headers)
        headers.add(header.name,
                    object().text("description", header.description).add("schema", object().text("type", header.type).done()).done());
    auto parameters = object();
    parameters
        .add(
            "IdempotencyKey",
            R"({"name":"Idempotency-Key","in":"header","required":false,"description":"Makes a repeat of this request harmless: the same key and body within 24 hours gets the first answer again.","schema":{"type":"string","minLength":1,"maxLength":255,"pattern":"^[!-~]+$"}})")
        .add(
            "IfNoneMatch",
            R"({"name":"If-None-Match","in":"header","required":false,"description":"The ETag that the client has; 304 when it is still the right one.","schema":{"type":"string"}})");
    auto responses = object();
    responses
        .add("Problem", object()
                            .text("description", "Anything else that may go wrong.\n\n" + problems_anywhere())
                            .add("headers", header_references({"X-Request-Id", "Retry-After"}))
                            .add("content", content(k_problem_json, reference("schemas", "Problem")))
                            .done())
        .add("NotModified",
             object().text("description", "The client has the current version.").add("headers", header_references({"ETag"})).done());
    return object()
        .add("schemas", models.done())
        .add("headers", headers.done())
        .add("parameters", parameters.done())
        .add("responses", responses.done())
        .add(
            "securitySchemes",
            R"({"bearer":{"type":"http","scheme":"bearer","bearerFormat":"JWT","description":"The access token of POST /api/auth/login."}})")
        .done();
}

} // namespace

std::string openapi_document(const Routes& routes, const ApiInfo& info) {
    json::Schemas schemas;
    auto tags = array();
    for (const auto& tag : info.tags) tags.element(object().text("name", tag.name).text("description", tag.description).done());
    const auto paths = paths_json(routes, schemas); // fills `schemas`, so it comes first
    return object()
        .text("openapi", "3.1.0")
        .add("info", object()
                         .text("title", info.title)
                         .text("version", info.version)
                         .text("description", info.description)
                         .add("license", R"({"name":"MIT","identifier":"MIT"})")
                         .done())
        .add("servers", R"([{"url":"/"}])")
        .add("tags", tags.done())
        .add("paths", paths)
        .add("components", components_json(schemas))
        .done();
}

} // namespace focus::http
