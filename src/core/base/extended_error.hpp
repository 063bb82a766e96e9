// An Error whose answer has one more member than every problem (RFC 9457 §3.2), for programs that continue with it.
#pragma once

#include "core/base/error.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace focus {

/// Catch it by its own type where it may be copied: a copy as Error loses the member.
class ExtendedError : public Error {
  public:
    /// `name` has static storage.
    ExtendedError(Error error, std::string_view name, std::string value) : Error{std::move(error)}, name_{name}, value_{std::move(value)} {}

    [[nodiscard]] std::string_view member() const noexcept { return name_; }
    [[nodiscard]] const std::string& value() const noexcept { return value_; }

  private:
    std::string_view name_;
    std::string value_;
};

} // namespace focus
