// Reports the exceptions that no caller can catch.
// Always holds: none ends a coroutine silently; each is logged and counted.
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>

namespace focus::async {

/// Logs and counts `failure`, if there is one. Safe from any thread.
void report_failure(std::string_view task, const std::exception_ptr& failure) noexcept;

/// How many were reported since the process began.
[[nodiscard]] std::uint64_t reported_failures() noexcept;

/// The message of the exception.
[[nodiscard]] std::string cause_of(const std::exception_ptr& failure);

} // namespace focus::async
