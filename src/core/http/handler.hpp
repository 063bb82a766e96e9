// Makes the router's Handler from a module's typed lambda: finds its Path, Query, Body and Reply types, decodes the
// input (all faults at once) and writes the answer. Only included by routes.hpp.
#pragma once

#include "core/http/routes.hpp"

#include <tuple>
#include <type_traits>

namespace focus::http {

/// The decoded query of a call. Throws 400 for bad percent-encoding.
[[nodiscard]] Params decode_query(std::string_view query);

namespace detail {

template <class T, template <class> class Template>
inline constexpr bool is_a = false;
template <class T, template <class> class Template>
inline constexpr bool is_a<Template<T>, Template> = true;

template <class F>
struct Traits : Traits<decltype(&F::operator())> {};
template <class C, class Out, class... Args>
struct Traits<Task<Reply<Out>> (C::*)(Call&, Args...) const> {
    using Result = Out;
    using Inputs = std::tuple<std::remove_cvref_t<Args>...>;
};
template <class C, class Out, class... Args>
struct Traits<Task<Reply<Out>> (C::*)(Call&, Args...)> : Traits<Task<Reply<Out>> (C::*)(Call&, Args...) const> {};

/// Runs `decode`; its validation faults are added to `faults`, any other exception passes.
template <class F>
void collect(std::vector<Fault>& faults, F decode) {
    try {
        decode();
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::invalid || error.faults().empty()) throw;
        faults.insert(faults.end(), error.faults().begin(), error.faults().end());
    }
}

template <class T>
void decode_input(const Call& call, std::optional<Path<T>>& input, std::vector<Fault>&) {
    auto value = json::parse_path<T>(call.path_params());
    if (!value) throw not_found(); // an invalid path parameter names no object
    input.emplace(std::move(*value));
}
template <class T>
void decode_input(const Call& call, std::optional<Query<T>>& input, std::vector<Fault>& faults) {
    collect(faults, [&] { input.emplace(json::parse_query<T>(decode_query(call.query()))); });
}
// The body is read as JSON whatever its Content-Type is: `curl -d` sends another. A page of another origin can send it
// without a preflight, but without the Authorization header, and no cookie authenticates a user.
template <class T>
void decode_input(const Call& call, std::optional<Body<T>>& input, std::vector<Fault>& faults) {
    collect(faults, [&] { input.emplace(json::parse<T>(call.body(), "body")); });
}

/// An optional body.
template <class T>
void decode_input(const Call& call, std::optional<Body<std::optional<T>>>& input, std::vector<Fault>& faults) {
    input.emplace();
    if (call.body().empty()) return;
    collect(faults, [&] { input->value = json::parse<T>(call.body(), "body"); });
}

template <class... Inputs>
std::tuple<std::optional<Inputs>...> decode_inputs(const Call& call, std::type_identity<std::tuple<Inputs...>>) {
    std::tuple<std::optional<Inputs>...> inputs;
    std::vector<Fault> faults;
    std::apply([&](auto&... input) { (decode_input(call, input, faults), ...); }, inputs);
    if (!faults.empty()) throw invalid_input(std::move(faults));
    return inputs;
}

void add_disposition(Headers& headers, std::string_view filename);

template <class T>
void set_body(Response& response, T&& body) {
    using Out = std::remove_cvref_t<T>;
    if constexpr (std::is_same_v<Out, Raw>) {
        response.owned_type = std::move(body.content_type);
        response.body = std::move(body.body);
    } else if constexpr (std::is_same_v<Out, Stream>) {
        response.owned_type = std::move(body.content_type);
        response.source = std::move(body.next);
        if (!body.filename.empty()) add_disposition(response.headers, body.filename);
    } else if constexpr (std::is_same_v<Out, Upgrade>) {
        response.upgrade = std::make_shared<Upgrade>(std::forward<T>(body));
    } else if constexpr (!std::is_same_v<Out, NoContent>) {
        response.content_type = k_json;
        json::append(response.body, body);
    }
}

template <class T>
Response respond(Reply<T> reply, int success) {
    Response response;
    response.status = reply.status != 0 ? reply.status : success;
    response.headers = std::move(reply.headers);
    set_body(response, std::move(reply.body));
    return response;
}

template <class F>
Handler adapt(F handler, int success) {
    using Inputs = Traits<F>::Inputs;
    // The Handler outlives every call: it belongs to the routes, and so do the captures of this coroutine.
    return [handler = std::move(handler), success](Call& call) -> Task<Response> {
        auto inputs = decode_inputs(call, std::type_identity<Inputs>{});
        auto task = std::apply([&](auto&... input) { return handler(call, std::move(*input)...); }, inputs);
        auto reply = co_await std::move(task);
        co_return respond(std::move(reply), success);
    };
}

template <class T>
std::vector<std::string_view> integer_fields() {
    std::vector<std::string_view> names;
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        ((std::is_integral_v<json::FieldType<T, I>> ? names.push_back(json::k_field_name<T, I>) : void()), ...);
    }(std::make_index_sequence<json::k_field_count<T>>());
    return names;
}

template <class T>
void describe_input(Endpoint& endpoint, std::type_identity<Path<T>>) {
    endpoint.integer_params = integer_fields<T>();
    endpoint.signature.path = [](json::Schemas& all) { return all.parameters<T>(); };
}
template <class T>
void describe_input(Endpoint& endpoint, std::type_identity<Query<T>>) {
    endpoint.signature.query = [](json::Schemas& all) { return all.parameters<T>(); };
}
template <class T>
void describe_input(Endpoint& endpoint, std::type_identity<Body<T>>) {
    endpoint.signature.body = [](json::Schemas& all) { return all.of<T>(json::Use::request); };
}

template <class T>
void describe_input(Endpoint& endpoint, std::type_identity<Body<std::optional<T>>>) {
    describe_input(endpoint, std::type_identity<Body<T>>{});
    endpoint.signature.body_required = false;
}

template <class F>
void describe(Endpoint& endpoint) {
    using Out = Traits<F>::Result;
    using Inputs = Traits<F>::Inputs;
    [&]<class... Input>(std::type_identity<std::tuple<Input...>>) {
        (describe_input(endpoint, std::type_identity<Input>{}), ...);
    }(std::type_identity<Inputs>{});
    if constexpr (std::is_same_v<Out, NoContent>) {
        endpoint.signature.out = Signature::Out::nothing;
        if (endpoint.meta.success == 200) endpoint.meta.success = 204;
    } else if constexpr (std::is_same_v<Out, Raw>) {
        endpoint.signature.out = Signature::Out::raw;
    } else if constexpr (std::is_same_v<Out, Stream>) {
        endpoint.signature.out = Signature::Out::stream;
    } else if constexpr (std::is_same_v<Out, Upgrade>) {
        endpoint.signature.out = Signature::Out::websocket;
        endpoint.meta.success = 101;
        if (!endpoint.meta.rate) endpoint.meta.rate = Rate::websocket;
    } else {
        endpoint.signature.reply = [](json::Schemas& all) { return all.of<Out>(json::Use::response); };
    }
}

} // namespace detail

template <class F>
void Routes::add(Method method, std::string_view pattern, Meta meta, F handler) {
    Endpoint endpoint{.method = method, .pattern = std::string{pattern}, .meta = std::move(meta)};
    detail::describe<F>(endpoint);
    endpoint.handler = detail::adapt(std::move(handler), endpoint.meta.success);
    add_endpoint(std::move(endpoint));
}

} // namespace focus::http
