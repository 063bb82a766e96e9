#include "core/http/router.hpp"

#include "core/http/target.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <deque>
#include <stdexcept>
#include <unordered_map>

namespace focus::http {
namespace {

constexpr std::size_t k_methods = 5;
constexpr std::size_t k_max_segments = 32;

struct StringHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
};

/// The decoded segments of a path without its leading and one trailing slash.
class Segments {
  public:
    enum class State { good, too_many, bad_encoding } state = State::good;
    std::array<std::string_view, k_max_segments> list;
    std::size_t count = 0;

    explicit Segments(std::string_view path) {
        const bool encoded = path.contains('%');
        if (path.starts_with('/')) path.remove_prefix(1);
        if (path.ends_with('/')) path.remove_suffix(1);
        for (bool more = !path.empty(); more;) {
            if (count == list.size()) {
                state = State::too_many;
                return;
            }
            const auto end = path.find('/');
            list[count++] = encoded ? decoded(path.substr(0, end)) : path.substr(0, end);
            more = end != std::string_view::npos;
            if (more) path.remove_prefix(end + 1);
        }
    }
    Segments(const Segments&) = delete;
    Segments& operator=(const Segments&) = delete;

  private:
    std::string_view decoded(std::string_view segment) {
        auto text = decode_segment(segment);
        if (!text) {
            state = State::bad_encoding;
            return segment;
        }
        return storage_.emplace_back(std::move(*text));
    }
    std::deque<std::string> storage_;
};

/// 0, or digits without a leading zero, within int64; a sign is no part of an id.
bool is_id(std::string_view text) noexcept {
    if (text.empty() || text.size() > 19 || text.find_first_not_of("0123456789") != std::string_view::npos) return false;
    std::int64_t value = 0;
    return std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc{};
}

} // namespace

struct Router::Node {
    std::unordered_map<std::string, std::unique_ptr<Node>, StringHash, std::equal_to<>> literals;
    std::unique_ptr<Node> number;
    std::unique_ptr<Node> text;
    std::unique_ptr<Node> rest;
    std::array<const Endpoint*, k_methods> endpoints{};

    [[nodiscard]] bool has_endpoint() const noexcept {
        return std::ranges::any_of(endpoints, [](const Endpoint* endpoint) { return endpoint != nullptr; });
    }
};

/// One search through the trie. It tries the next kind of segment when a branch ends without an endpoint, so its
/// time is bounded by the trie's depth and three kinds, never by its breadth.
struct Router::Walk {
    const Segments& segments;
    std::optional<Method> method; // null: collect the allowed methods of every matching node
    std::array<bool, k_methods> allowed{};
    std::array<std::size_t, k_max_segments> captured{};
    std::size_t captures = 0;
    bool path_known = false;

    const Endpoint* accept(const Node& node) {
        if (!node.has_endpoint()) return nullptr;
        path_known = true;
        if (method) return node.endpoints[static_cast<std::size_t>(*method)];
        for (std::size_t i = 0; i < k_methods; ++i) allowed[i] = allowed[i] || node.endpoints[i] != nullptr;
        return nullptr;
    }
    const Endpoint* capture(const Node& node, std::size_t at) {
        captured[captures++] = at;
        if (const auto* found = step(node, at + 1)) return found;
        --captures;
        return nullptr;
    }
    const Endpoint* step(const Node& node, std::size_t at) {
        if (at == segments.count) return accept(node);
        const auto segment = segments.list[at];
        if (const auto literal = node.literals.find(segment); literal != node.literals.end())
            if (const auto* found = step(*literal->second, at + 1)) return found;
        if (node.number && is_id(segment))
            if (const auto* found = capture(*node.number, at)) return found;
        if (node.text && !segment.empty())
            if (const auto* found = capture(*node.text, at)) return found;
        if (node.rest) {
            if (const auto* found = accept(*node.rest)) {
                captured[captures++] = at;
                return found;
            }
        }
        return nullptr;
    }
};

Router::~Router() = default;
Router::Router(Router&&) noexcept = default;

Router::Router(const std::vector<Endpoint>& endpoints) : endpoints_{&endpoints}, root_{std::make_unique<Node>()} {
    for (const auto& endpoint : endpoints) {
        const Segments segments{endpoint.pattern};
        if (!endpoint.pattern.starts_with('/') || segments.state != Segments::State::good)
            throw std::logic_error{"bad route pattern " + endpoint.pattern};
        Node* node = root_.get();
        for (std::size_t i = 0; i < segments.count; ++i) {
            const auto segment = segments.list[i];
            std::unique_ptr<Node>* next = nullptr;
            if (!segment.starts_with('{'))
                next = &node->literals[std::string{segment}];
            else if (segment.ends_with("...}") && i + 1 == segments.count)
                next = &node->rest;
            else if (std::ranges::contains(endpoint.integer_params, segment.substr(1, segment.size() - 2)))
                next = &node->number;
            else
                next = &node->text;
            if (!*next) *next = std::make_unique<Node>();
            node = next->get();
        }
        auto& slot = node->endpoints[static_cast<std::size_t>(endpoint.method)];
        if (slot != nullptr) throw std::logic_error{"two routes for " + endpoint.label};
        slot = &endpoint;
    }
}

Router::Match Router::match(Method method, std::string_view path, Params& params) const {
    params.clear();
    const Segments segments{path};
    if (segments.state == Segments::State::too_many) return {};
    if (segments.state == Segments::State::bad_encoding) return {.outcome = Outcome::bad_encoding};
    Walk walk{.segments = segments, .method = method};
    const auto* endpoint = walk.step(*root_, 0);
    if (endpoint == nullptr) return {.outcome = walk.path_known ? Outcome::no_method : Outcome::no_path};
    std::string_view pattern = endpoint->pattern;
    for (std::size_t i = 0; i < walk.captures; ++i) {
        const auto open = pattern.find('{');
        const auto close = pattern.find('}', open);
        auto name = pattern.substr(open + 1, close - open - 1);
        pattern.remove_prefix(close + 1);
        auto at = walk.captured[i];
        std::string value{segments.list[at]};
        if (name.ends_with("...")) {
            name.remove_suffix(3);
            while (++at < segments.count) (value += '/') += segments.list[at];
        }
        params.emplace_back(name, std::move(value));
    }
    return {Outcome::found, endpoint, static_cast<std::size_t>(endpoint - endpoints_->data())};
}

std::string Router::allowed(std::string_view path) const {
    const Segments segments{path};
    if (segments.state != Segments::State::good) return {};
    Walk walk{.segments = segments, .method = std::nullopt};
    walk.step(*root_, 0);
    if (!walk.path_known) return {};
    std::string list;
    for (const auto method : {Method::get, Method::post, Method::put, Method::patch, Method::delete_}) {
        if (!walk.allowed[static_cast<std::size_t>(method)]) continue;
        list += to_string(method);
        list += method == Method::get ? ", HEAD, " : ", ";
    }
    return list + "OPTIONS";
}

} // namespace focus::http
