// JSON Schema 2020-12 of the types of requests and answers, from the same declarations that read and write them.
// A Schema is a small ordered object whose values are JSON texts; structs become components and are referred to.
// Used at start-up only, when the OpenAPI document is made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace focus::json {

class Schema {
  public:
    Schema() = default;
    /// {"type": type}
    explicit Schema(std::string_view type) { set_string("type", type); }

    /// `json` is a JSON text. An existing keyword gets the new value.
    Schema& set(std::string_view keyword, std::string json);
    Schema& set(std::string_view keyword, std::int64_t value) { return set(keyword, std::to_string(value)); }
    Schema& set(std::string_view keyword, std::size_t value) { return set(keyword, std::to_string(value)); }
    Schema& set_string(std::string_view keyword, std::string_view value);
    /// Lets it also be null.
    Schema& or_null();

    [[nodiscard]] std::string to_json() const;
    [[nodiscard]] const std::string* find(std::string_view keyword) const;

  private:
    std::vector<std::pair<std::string_view, std::string>> members_; // keywords have static storage
};

/// The meaning of a field, for the documentation. A struct may have `static constexpr json::FieldDoc k_docs[] = {…}`.
struct FieldDoc {
    std::string_view field; // empty: the struct itself
    std::string_view text;
    std::string_view example = {}; // as JSON: "12.5", "\"Instagram\""
};

/// The use of a schema. Requests may omit optional fields; answers have every field; parameters are never null.
enum class Use { request, response, parameter };

/// One field of a struct with its schema, for the list of parameters of an operation.
struct FieldSchema {
    std::string_view name;
    Schema schema;
    bool required;
};

class Schemas;

struct FieldDescription {
    std::string_view name;
    bool may_be_absent;
    Schema (*schema)(Schemas& all);
};

/// Collects the structs that schemas refer to as components.
class Schemas {
  public:
    /// The schema of T; `Codec<T>` comes from core/json/codec.hpp.
    template <class T>
    [[nodiscard]] Schema of(Use use);
    /// The fields of the struct Q as parameters.
    template <class Q>
    [[nodiscard]] std::vector<FieldSchema> parameters();

    [[nodiscard]] Use use() const noexcept { return use_; }
    /// Name to JSON text, for "#/components/schemas".
    [[nodiscard]] const std::map<std::string, std::string>& components() const noexcept { return components_; }

    /// A reference to the component of a struct, made on first use. Two structs with the same name get their namespace
    /// as a prefix; a struct whose request differs from its answer gets the suffix "Input" for the request.
    [[nodiscard]] Schema component(std::string_view type_name, std::span<const FieldDescription> fields, std::span<const FieldDoc> docs);
    [[nodiscard]] std::vector<FieldSchema> describe(std::span<const FieldDescription> fields, std::span<const FieldDoc> docs);

  private:
    [[nodiscard]] std::string object_json(std::span<const FieldDescription> fields, std::span<const FieldDoc> docs);
    [[nodiscard]] std::string free_name(std::string_view type_name) const;

    Use use_ = Use::response;
    std::map<std::string, std::string> components_;
    std::map<std::pair<std::string, Use>, std::string> names_; // full type name and use to component
};

} // namespace focus::json
