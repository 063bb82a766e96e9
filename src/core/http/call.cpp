#include "core/http/call.hpp"

#include "core/http/headers.hpp"

namespace focus::http {

std::string_view Call::header(std::string_view name) const {
    for (const auto& field : fields_)
        if (equal_ignoring_case(field.name, name)) return field.value;
    return {};
}

Language Call::language() const { return caller_ ? caller_->language : negotiate_language(header("Accept-Language")); }

} // namespace focus::http
