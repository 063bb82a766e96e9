// Reading with every fault at once: a Reader is one value of the input (JSON, or the text of a query or path
// parameter) with its location. Reading it as a type returns the value, or nothing and records a fault.
// Cheap to copy; nothing is allocated until a fault is recorded. Readers live as long as their Document.
// Always holds: outside of tests only this header and reader.cpp name yyjson.
#pragma once

#include "core/base/error.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

struct yyjson_doc;
struct yyjson_val;

namespace focus::json {

inline constexpr std::size_t k_max_faults = 100;
inline constexpr std::size_t k_max_depth = 32;
inline constexpr std::size_t k_max_fields = 128; // of one struct

/// One step of the path to a value: a key, or an index when `index` is not negative. Lives on the reader's stack.
struct Loc {
    const Loc* up = nullptr;
    std::string_view key;
    std::int64_t index = -1;
};

/// The recorded faults; those beyond k_max_faults are dropped.
class Faults {
  public:
    void add(const Loc* loc, std::string_view type, focus::Text message, TextArgs args = {});
    [[nodiscard]] bool full() const noexcept { return list_.size() >= k_max_faults; }
    [[nodiscard]] bool empty() const noexcept { return list_.empty(); }
    /// Throws 422 when there is a fault.
    void throw_if_any();
    [[nodiscard]] std::vector<Fault> take() noexcept { return std::exchange(list_, {}); }

  private:
    std::vector<Fault> list_;
};

class Reader;

/// How one field of a struct is read: its name, whether it may be absent, and the codec of its type.
struct FieldReader {
    std::string_view name;
    bool may_be_absent;
    void (*read)(const Reader& in, void* field);
};

class Reader {
  public:
    Reader(yyjson_val* value, const Loc* loc, Faults* faults) noexcept : value_{value}, loc_{loc}, faults_{faults} {}
    Reader(std::string_view text, const Loc* loc, Faults* faults) noexcept : text_{text}, loc_{loc}, faults_{faults} {}

    void fault(std::string_view type, focus::Text message, TextArgs args = {}) const { faults_->add(loc_, type, message, std::move(args)); }

    /// JSON null; a parameter's text is never null.
    [[nodiscard]] bool is_null() const noexcept;
    [[nodiscard]] bool is_object() const noexcept;
    /// A JSON string, or a parameter's text.
    [[nodiscard]] bool is_string() const noexcept;
    [[nodiscard]] bool is_array() const noexcept;
    /// A member of an object, without its location; nothing when there is no such member.
    [[nodiscard]] std::optional<Reader> member(std::string_view key) const noexcept;
    /// true and false; of a parameter also 1 and 0.
    [[nodiscard]] std::optional<bool> boolean() const;
    /// A whole number within the limits; 12.0 is one.
    [[nodiscard]] std::optional<std::int64_t> integer(std::int64_t min = std::numeric_limits<std::int64_t>::min(),
                                                      std::int64_t max = std::numeric_limits<std::int64_t>::max()) const;
    /// A finite number within the limits.
    [[nodiscard]] std::optional<double> number(double min = std::numeric_limits<double>::lowest(),
                                               double max = std::numeric_limits<double>::max()) const;
    /// Valid UTF-8 without NUL characters.
    [[nodiscard]] std::optional<std::string_view> string() const;
    /// Like string() without white space at the ends; `type` and `message` name the fault of a value of another type.
    [[nodiscard]] std::optional<std::string_view> trimmed() const;

    /// Calls `f(reader)` for each element of an array of `min` to `max` elements.
    template <class F>
    void each_element(std::size_t min, std::size_t max, F&& f) const {
        auto left = elements(min, max);
        Loc here{loc_, {}, 0};
        for (auto* element = left != 0 ? first_child() : nullptr; left != 0; --left, ++here.index) {
            if (faults_->full()) return;
            f(Reader{element, &here, faults_});
            if (left > 1) element = sibling(element);
        }
    }
    /// Calls `f(key, reader)` for each member of an object.
    template <class F>
    void each_member(F&& f) const {
        auto left = members();
        for (auto* key = left != 0 ? first_child() : nullptr; left != 0; --left) {
            if (faults_->full()) return;
            const Loc here{loc_, key_of(key)};
            auto* value = value_of(key);
            f(here.key, Reader{value, &here, faults_});
            if (left > 1) key = sibling(value);
        }
    }
    /// Reads an object into a struct whose fields are at `targets`, in the order of `fields`. Unknown members are
    /// ignored; of a repeated member the last one counts.
    void object(std::span<const FieldReader> fields, void* const* targets) const;
    /// The JSON text of an object, unchanged but without white space.
    [[nodiscard]] std::optional<std::string> raw_object() const;

    [[nodiscard]] const Loc* loc() const noexcept { return loc_; }
    [[nodiscard]] Faults& faults() const noexcept { return *faults_; }
    /// The same value with its own list of faults: faults in it do not affect other values.
    [[nodiscard]] Reader apart(Faults& faults) const noexcept {
        Reader reader{*this};
        reader.faults_ = &faults;
        return reader;
    }

  private:
    friend class Elements;
    [[nodiscard]] std::size_t elements(std::size_t min, std::size_t max) const;
    [[nodiscard]] std::size_t members() const;
    [[nodiscard]] yyjson_val* first_child() const noexcept;
    [[nodiscard]] static yyjson_val* sibling(yyjson_val* value) noexcept;
    [[nodiscard]] static yyjson_val* value_of(yyjson_val* key) noexcept;
    [[nodiscard]] static std::string_view key_of(yyjson_val* key) noexcept;
    [[nodiscard]] std::optional<std::int64_t> integer_of_json(std::int64_t min, std::int64_t max) const;
    [[nodiscard]] std::optional<std::int64_t> integer_of_text(std::int64_t min, std::int64_t max) const;
    void below(TextArgs limit) const;
    void above(TextArgs limit) const;

    yyjson_val* value_ = nullptr; // null: a parameter
    std::string_view text_;
    const Loc* loc_;
    Faults* faults_;
};

/// The elements of an array one by one, for callers that cannot hold them all at once. Their readers have no location;
/// they live as long as the document.
class Elements {
  public:
    Elements() = default;
    /// Has no elements for anything but an array.
    explicit Elements(const Reader& array) noexcept;
    [[nodiscard]] std::optional<Reader> next() noexcept;
    [[nodiscard]] std::size_t left() const noexcept { return left_; }

  private:
    yyjson_val* next_ = nullptr;
    std::size_t left_ = 0;
    Faults* faults_ = nullptr;
};

/// A parsed JSON text. The constructor records a fault when it is invalid; then root() must not be called.
class Document {
  public:
    Document(std::string_view text, const Loc* loc, Faults* faults);
    ~Document();
    Document(const Document&) = delete;
    Document& operator=(const Document&) = delete;

    [[nodiscard]] bool valid() const noexcept { return doc_ != nullptr; }
    [[nodiscard]] Reader root() const noexcept;

  private:
    yyjson_doc* doc_ = nullptr;
    const Loc* loc_;
    Faults* faults_;
};

using Params = std::span<const std::pair<std::string, std::string>>;

/// Reads decoded query or path parameters like Reader::object: unknown ones are ignored, the last of a repeated one counts.
void read_params(Params params, const Loc* loc, Faults& faults, std::span<const FieldReader> fields, void* const* targets);

} // namespace focus::json
