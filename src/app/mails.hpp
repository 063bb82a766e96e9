// Lists all mails that the program sends.
#pragma once

#include "core/mail/content.hpp"

#include <span>

namespace focus::app {

[[nodiscard]] std::span<const mail::Sample> all_mails();

} // namespace focus::app
