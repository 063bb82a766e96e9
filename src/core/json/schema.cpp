#include "core/json/schema.hpp"

#include "core/base/json_writer.hpp"

#include <algorithm>
#include <cctype>

namespace focus::json {
namespace {

/// "focus::http::Page<focus::activities::Activity>" to "PageActivity"; with `qualified` the innermost namespace of the
/// first name stays: "HttpPageActivity".
std::string component_name(std::string_view type, bool qualified) {
    std::string result;
    std::string space;
    for (std::size_t i = 0; i < type.size();) {
        std::size_t end = i;
        while (end < type.size() && (std::isalnum(static_cast<unsigned char>(type[end])) != 0 || type[end] == '_')) ++end;
        if (end == i) { // also skips "{anonymous}" and the parameters of a function around the type
            const auto close = type[i] == '{' ? '}' : type[i] == '(' ? ')' : '\0';
            const auto skipped = close != '\0' ? type.find(close, i) : i;
            i = skipped == std::string_view::npos ? type.size() : skipped + 1;
            continue;
        }
        std::string word{type.substr(i, end - i)};
        word.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(word.front())));
        if (type.substr(end).starts_with("::")) {
            space = std::move(word);
        } else {
            if (qualified && result.empty()) result = space;
            result += word;
        }
        i = end;
    }
    return result;
}

} // namespace

Schema& Schema::set(std::string_view keyword, std::string json) {
    const auto found = std::ranges::find(members_, keyword, [](const auto& member) { return member.first; });
    if (found != members_.end())
        found->second = std::move(json);
    else
        members_.emplace_back(keyword, std::move(json));
    return *this;
}

Schema& Schema::set_string(std::string_view keyword, std::string_view value) {
    std::string json;
    append_string(json, value);
    return set(keyword, std::move(json));
}

const std::string* Schema::find(std::string_view keyword) const {
    const auto found = std::ranges::find(members_, keyword, [](const auto& member) { return member.first; });
    return found != members_.end() ? &found->second : nullptr;
}

Schema& Schema::or_null() {
    if (const auto* type = find("type"); type != nullptr && type->starts_with('"')) {
        set("type", "[" + *type + ",\"null\"]");
        if (const auto* values = find("enum")) set("enum", values->substr(0, values->size() - 1) + ",null]");
    } else if (find("$ref") != nullptr) {
        auto inner = to_json();
        members_.clear();
        set("anyOf", "[" + std::move(inner) + ",{\"type\":\"null\"}]");
    }
    return *this;
}

std::string Schema::to_json() const {
    std::string out = "{";
    for (const auto& [keyword, json] : members_) {
        if (out.size() > 1) out += ',';
        append_string(out, keyword);
        out += ':';
        out += json;
    }
    return out += '}';
}

std::vector<FieldSchema> Schemas::describe(std::span<const FieldDescription> fields, std::span<const FieldDoc> docs) {
    std::vector<FieldSchema> result;
    for (const auto& field : fields) {
        auto schema = field.schema(*this);
        const auto doc = std::ranges::find(docs, field.name, &FieldDoc::field);
        if (doc != docs.end()) {
            if (!doc->text.empty()) schema.set_string("description", doc->text);
            if (!doc->example.empty()) schema.set("examples", "[" + std::string{doc->example} + "]");
        }
        result.push_back({field.name, std::move(schema), use_ == Use::response || !field.may_be_absent});
    }
    return result;
}

std::string Schemas::object_json(std::span<const FieldDescription> fields, std::span<const FieldDoc> docs) {
    std::string properties, required;
    for (const auto& [name, schema, is_required] : describe(fields, docs)) {
        properties += properties.empty() ? "" : ",";
        append_string(properties, name);
        properties += ":" + schema.to_json();
        if (!is_required) continue;
        required += required.empty() ? "" : ",";
        append_string(required, name);
    }
    Schema object{"object"};
    const auto doc = std::ranges::find(docs, std::string_view{}, &FieldDoc::field);
    if (doc != docs.end()) object.set_string("description", doc->text);
    object.set("properties", "{" + properties + "}");
    if (!required.empty()) object.set("required", "[" + required + "]");
    return object.to_json();
}

std::string Schemas::free_name(std::string_view type_name) const {
    const auto taken_by_other = [&](const std::string& name) {
        return std::ranges::any_of(names_, [&](const auto& entry) { return entry.second == name && entry.first.first != type_name; });
    };
    auto name = component_name(type_name, false);
    if (taken_by_other(name)) name = component_name(type_name, true);
    return name;
}

Schema Schemas::component(std::string_view type_name, std::span<const FieldDescription> fields, std::span<const FieldDoc> docs) {
    const std::pair key{std::string{type_name}, use_};
    auto known = names_.find(key);
    if (known == names_.end()) {
        auto name = free_name(type_name);
        const bool shared = components_.contains(name);
        if (shared) name += use_ == Use::response ? "Output" : "Input";
        known = names_.emplace(key, name).first; // before its fields, which may refer to it
        components_[name];
        auto json = object_json(fields, docs);
        if (const auto plain = free_name(type_name); shared && components_[plain] == json) {
            components_.erase(name);
            known->second = plain;
        } else {
            components_[name] = std::move(json);
        }
    }
    Schema reference;
    reference.set_string("$ref", "#/components/schemas/" + known->second);
    return reference;
}

} // namespace focus::json
