// The Redis that tests share: the one that FOCUS_TEST_REDIS names (redis://host:port). Keys and channels of one test
// are separate from those of another, since each uses a database of its own.
#pragma once

#include <atomic>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include <unistd.h>

namespace focus::testing {

/// Throws when there is none: these tests are not skipped.
inline std::string redis_url() {
    static std::atomic<int> next{static_cast<int>(::getpid() % 16)};
    const char* url = std::getenv("FOCUS_TEST_REDIS");
    if (url == nullptr) throw std::runtime_error{"FOCUS_TEST_REDIS is not set: ./dev test unit does it"};
    return std::string{url} + "/" + std::to_string(++next % 16);
}

} // namespace focus::testing
