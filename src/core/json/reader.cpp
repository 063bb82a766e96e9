#include "core/json/reader.hpp"

#include "core/base/json_writer.hpp"
#include "core/base/utf8.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <yyjson.h>

namespace focus::json {
namespace {

constexpr focus::Text k_missing{"This field is required.", "Ce champ est obligatoire."};
constexpr focus::Text k_no_body{"A JSON body is required.", "Un corps JSON est obligatoire."};
constexpr focus::Text k_not_json{"This is not valid JSON (at byte {position}).", "Ce n'est pas du JSON valide (à l'octet {position})."};
constexpr focus::Text k_too_deep{"The JSON is nested more than {limit} levels deep.", "Le JSON est imbriqué sur plus de {limit} niveaux."};
constexpr focus::Text k_not_boolean{"Must be true or false.", "Doit être true ou false."};
constexpr focus::Text k_not_integer{"Must be a whole number.", "Doit être un nombre entier."};
constexpr focus::Text k_not_number{"Must be a number.", "Doit être un nombre."};
constexpr focus::Text k_not_text{"Must be a text.", "Doit être un texte."};
constexpr focus::Text k_not_utf8{"Must be a text in UTF-8.", "Doit être un texte en UTF-8."};
constexpr focus::Text k_nul{"Must not contain NUL characters.", "Ne doit pas contenir de caractère NUL."};
constexpr focus::Text k_not_array{"Must be an array.", "Doit être un tableau."};
constexpr focus::Text k_not_object{"Must be an object.", "Doit être un objet."};
constexpr focus::Text k_below{"Must be at least {limit}.", "Doit être au moins {limit}."};
constexpr focus::Text k_above{"Must be at most {limit}.", "Doit être au plus {limit}."};
constexpr focus::Text k_too_few{"Must have at least {limit} items.", "Doit avoir au moins {limit} éléments."};
constexpr focus::Text k_none{"Must not be empty.", "Ne doit pas être vide."};
constexpr focus::Text k_too_many{"Must have at most {limit} items.", "Doit avoir au plus {limit} éléments."};

TextArgs limit_args(double limit) {
    std::string text;
    append_number(text, limit);
    return {{"limit", std::move(text)}};
}
TextArgs limit_args(std::int64_t limit) { return {{"limit", std::to_string(limit)}}; }

/// Whether brackets outside of strings nest deeper than k_max_depth. Runs before the parser, so that a hostile body
/// uses no memory.
bool too_deep(std::string_view text) {
    std::size_t depth = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        switch (text[i]) {
        case '"':
            for (++i; i < text.size() && text[i] != '"'; ++i)
                if (text[i] == '\\') ++i;
            break;
        case '[':
        case '{':
            if (++depth > k_max_depth) return true;
            break;
        case ']':
        case '}':
            if (depth > 0) --depth;
            break;
        default:
            break;
        }
    }
    return false;
}

} // namespace

void Faults::add(const Loc* loc, std::string_view type, focus::Text message, TextArgs args) {
    if (full()) return;
    Fault fault;
    for (; loc != nullptr; loc = loc->up) {
        if (loc->index >= 0)
            fault.loc.emplace_back(loc->index);
        else
            fault.loc.emplace_back(std::string{loc->key});
    }
    std::ranges::reverse(fault.loc);
    fault.message = message;
    fault.type = type;
    fault.args = std::move(args);
    list_.push_back(std::move(fault));
}

void Faults::throw_if_any() {
    if (!list_.empty()) throw invalid_input(std::move(list_));
}

bool Reader::is_null() const noexcept { return value_ != nullptr && yyjson_is_null(value_); }

bool Reader::is_object() const noexcept { return value_ != nullptr && yyjson_is_obj(value_); }
bool Reader::is_string() const noexcept { return value_ == nullptr || yyjson_is_str(value_); }

bool Reader::is_array() const noexcept { return value_ != nullptr && yyjson_is_arr(value_); }

std::optional<Reader> Reader::member(std::string_view key) const noexcept {
    auto* found = value_ == nullptr ? nullptr : yyjson_obj_getn(value_, key.data(), key.size());
    if (found == nullptr) return std::nullopt;
    return Reader{found, nullptr, faults_};
}

Elements::Elements(const Reader& array) noexcept : faults_{array.faults_} {
    if (!array.is_array()) return;
    next_ = yyjson_arr_get_first(array.value_);
    left_ = yyjson_arr_size(array.value_);
}

std::optional<Reader> Elements::next() noexcept {
    if (left_ == 0) return std::nullopt;
    const Reader reader{next_, nullptr, faults_};
    if (--left_ > 0) next_ = Reader::sibling(next_);
    return reader;
}

void Reader::below(TextArgs limit) const { fault("greater_than_equal", k_below, std::move(limit)); }
void Reader::above(TextArgs limit) const { fault("less_than_equal", k_above, std::move(limit)); }

std::optional<bool> Reader::boolean() const {
    if (value_ != nullptr) {
        if (yyjson_is_bool(value_)) return yyjson_get_bool(value_);
        fault("bool_type", k_not_boolean);
    } else {
        if (text_ == "true" || text_ == "1") return true;
        if (text_ == "false" || text_ == "0") return false;
        fault("bool_parsing", k_not_boolean);
    }
    return std::nullopt;
}

std::optional<std::int64_t> Reader::integer_of_json(std::int64_t min, std::int64_t max) const {
    if (yyjson_is_sint(value_)) return yyjson_get_sint(value_);
    if (yyjson_is_uint(value_)) {
        const auto value = yyjson_get_uint(value_);
        if (std::cmp_less_equal(value, max)) return static_cast<std::int64_t>(value);
        above(limit_args(max));
    } else if (yyjson_is_real(value_)) {
        const double value = yyjson_get_real(value_);
        constexpr double k_end = 9223372036854775808.0; // 2^63
        if (value != std::trunc(value))
            fault("int_from_float", k_not_integer);
        else if (value >= k_end)
            above(limit_args(max));
        else if (value <= -k_end) // a smaller number has been rounded to -2^63
            below(limit_args(min));
        else
            return static_cast<std::int64_t>(value);
    } else {
        fault("int_type", k_not_integer);
    }
    return std::nullopt;
}

std::optional<std::int64_t> Reader::integer_of_text(std::int64_t min, std::int64_t max) const {
    std::int64_t value = 0;
    const auto* end = text_.data() + text_.size();
    const auto [stop, error] = std::from_chars(text_.data(), end, value);
    if (stop != end || error == std::errc::invalid_argument) {
        fault("int_parsing", k_not_integer);
    } else if (error == std::errc::result_out_of_range) {
        if (text_.front() == '-')
            below(limit_args(min));
        else
            above(limit_args(max));
    } else {
        return value;
    }
    return std::nullopt;
}

std::optional<std::int64_t> Reader::integer(std::int64_t min, std::int64_t max) const {
    const auto value = value_ != nullptr ? integer_of_json(min, max) : integer_of_text(min, max);
    if (!value) return std::nullopt;
    if (*value < min) {
        below(limit_args(min));
    } else if (*value > max) {
        above(limit_args(max));
    } else {
        return value;
    }
    return std::nullopt;
}

std::optional<double> Reader::number(double min, double max) const {
    double value = 0;
    if (value_ != nullptr) {
        if (!yyjson_is_num(value_)) {
            fault("float_type", k_not_number);
            return std::nullopt;
        }
        value = yyjson_get_num(value_);
    } else {
        const auto* end = text_.data() + text_.size();
        const auto [stop, error] = std::from_chars(text_.data(), end, value);
        if (stop != end || error != std::errc{} || !std::isfinite(value)) {
            fault("float_parsing", k_not_number);
            return std::nullopt;
        }
    }
    if (value < min) {
        below(limit_args(min));
    } else if (value > max) {
        above(limit_args(max));
    } else {
        return value;
    }
    return std::nullopt;
}

std::optional<std::string_view> Reader::string() const {
    std::string_view text = text_;
    if (value_ != nullptr) {
        if (!yyjson_is_str(value_)) {
            fault("string_type", k_not_text);
            return std::nullopt;
        }
        text = {yyjson_get_str(value_), yyjson_get_len(value_)};
    } else if (!utf8::is_valid(text)) {
        fault("string_unicode", k_not_utf8);
        return std::nullopt;
    }
    if (text.contains('\0')) {
        fault("value_error", k_nul);
        return std::nullopt;
    }
    return text;
}

std::optional<std::string_view> Reader::trimmed() const {
    auto text = string();
    if (text) *text = utf8::trim(*text);
    return text;
}

std::size_t Reader::elements(std::size_t min, std::size_t max) const {
    if (value_ == nullptr || !yyjson_is_arr(value_)) {
        fault("list_type", k_not_array);
        return 0;
    }
    const auto size = yyjson_arr_size(value_);
    if (size < min) {
        fault("too_short", min == 1 ? k_none : k_too_few, limit_args(static_cast<std::int64_t>(min)));
        return 0;
    }
    if (size > max) {
        fault("too_long", k_too_many, limit_args(static_cast<std::int64_t>(max)));
        return 0;
    }
    return size;
}

std::size_t Reader::members() const {
    if (value_ == nullptr || !yyjson_is_obj(value_)) {
        fault("dict_type", k_not_object);
        return 0;
    }
    return yyjson_obj_size(value_);
}

yyjson_val* Reader::first_child() const noexcept { return unsafe_yyjson_get_first(value_); }
yyjson_val* Reader::sibling(yyjson_val* value) noexcept { return unsafe_yyjson_get_next(value); }
yyjson_val* Reader::value_of(yyjson_val* key) noexcept { return yyjson_obj_iter_get_val(key); }
std::string_view Reader::key_of(yyjson_val* key) noexcept { return {yyjson_get_str(key), yyjson_get_len(key)}; }

std::optional<std::string> Reader::raw_object() const {
    if (value_ == nullptr || !yyjson_is_obj(value_)) {
        fault("dict_type", k_not_object);
        return std::nullopt;
    }
    std::size_t length = 0;
    char* text = yyjson_val_write(value_, YYJSON_WRITE_NOFLAG, &length);
    if (text == nullptr) throw std::bad_alloc{};
    std::string copy{text, length};
    std::free(text); // NOLINT: yyjson's default allocator is malloc
    return copy;
}

Document::Document(std::string_view text, const Loc* loc, Faults* faults) : loc_{loc}, faults_{faults} {
    if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
        faults->add(loc, "missing", k_no_body);
        return;
    }
    if (too_deep(text)) {
        faults->add(loc, "json_invalid", k_too_deep, limit_args(static_cast<std::int64_t>(k_max_depth)));
        return;
    }
    yyjson_read_err error{};
    // without YYJSON_READ_INSITU the text is only read, despite the signature
    doc_ = yyjson_read_opts(const_cast<char*>(text.data()), text.size(), YYJSON_READ_NOFLAG, nullptr, &error); // NOLINT
    if (doc_ != nullptr) return;
    if (error.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION) throw std::bad_alloc{};
    faults->add(loc, "json_invalid", k_not_json, {{"position", std::to_string(error.pos)}});
}

Document::~Document() { yyjson_doc_free(doc_); }

Reader Document::root() const noexcept { return {yyjson_doc_get_root(doc_), loc_, faults_}; }

void Reader::object(std::span<const FieldReader> fields, void* const* targets) const {
    if (value_ == nullptr || !yyjson_is_obj(value_)) {
        fault("model_type", k_not_object);
        return;
    }
    std::array<yyjson_val*, k_max_fields> found{};
    std::size_t next = 0; // members usually have the order of the fields
    yyjson_obj_iter iter = yyjson_obj_iter_with(value_);
    while (auto* key = yyjson_obj_iter_next(&iter)) {
        const auto name = key_of(key);
        for (std::size_t tried = 0; tried < fields.size(); ++tried) {
            const auto i = next + tried < fields.size() ? next + tried : next + tried - fields.size();
            if (fields[i].name != name) continue;
            found[i] = yyjson_obj_iter_get_val(key);
            next = i + 1 < fields.size() ? i + 1 : 0;
            break;
        }
    }
    for (std::size_t i = 0; i < fields.size(); ++i) {
        const Loc here{loc_, fields[i].name};
        if (found[i] != nullptr)
            fields[i].read(Reader{found[i], &here, faults_}, targets[i]);
        else if (!fields[i].may_be_absent)
            faults_->add(&here, "missing", k_missing);
    }
}

void read_params(Params params, const Loc* loc, Faults& faults, std::span<const FieldReader> fields, void* const* targets) {
    for (std::size_t i = 0; i < fields.size(); ++i) {
        const Loc here{loc, fields[i].name};
        const auto last = std::find_if(params.rbegin(), params.rend(), [&](const auto& param) { return param.first == fields[i].name; });
        if (last != params.rend())
            fields[i].read(Reader{std::string_view{last->second}, &here, &faults}, targets[i]);
        else if (!fields[i].may_be_absent)
            faults.add(&here, "missing", k_missing);
    }
}

} // namespace focus::json
