// Query and path parameters, and the form of a target in the log.
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/json/json.hpp"
#include "fuzz.hpp"

namespace focus::fuzz {
namespace {

enum class Kind { red, blue };

struct Find {
    json::Or<json::Integer<0, INT64_MAX>, 0> a;
    std::optional<json::Integer<1, 100>> b;
    std::optional<bool> c;
    std::optional<json::Date> d;
    std::optional<json::Text<0, 5>> e;
    std::optional<Kind> f;
    std::optional<double> g;
    std::optional<json::Timestamp> h;
};

struct ById {
    std::int64_t a;
};

/// Splits like a query string, but without percent-decoding, so that any byte gets through.
std::vector<std::pair<std::string, std::string>> params_of(std::string_view text) {
    std::vector<std::pair<std::string, std::string>> params;
    while (!text.empty()) {
        const auto param = text.substr(0, text.find('&'));
        text.remove_prefix(std::min(param.size() + 1, text.size()));
        const auto equals = std::min(param.find('='), param.size());
        params.emplace_back(param.substr(0, equals), param.substr(std::min(equals + 1, param.size())));
    }
    return params;
}

void run(std::string_view text) {
    const auto params = params_of(text);
    try {
        const auto query = json::parse_query<Find>(params);
        must(query.a.value.value >= 0 && (!query.b || (query.b->value >= 1 && query.b->value <= 100)), "limits hold");
        must(!query.g || std::isfinite(*query.g), "numbers are finite");
    } catch (const Error& error) {
        must(!error.faults().empty(), "an Error has its faults");
    }
    static_cast<void>(json::parse_path<ById>(params));
    static_cast<void>(negotiate_language(text));
    const auto redacted = log::redact(text);
    must(log::redact(redacted) == redacted, "redacting twice changes nothing more");
}

} // namespace
} // namespace focus::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    focus::fuzz::run(focus::fuzz::text_of(data, size));
    return 0;
}
