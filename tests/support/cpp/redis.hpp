// The Redis that tests share: the one that FOCUS_TEST_REDIS names (redis://host:port). Keys and channels of one test do
// not meet those of another, since each takes a database of its own.
#pragma once

#include <atomic>
#include <cstdlib>
#include <string>

#include <unistd.h>

namespace focus::testing {

/// Empty when there is none.
inline std::string redis_url() {
    static std::atomic<int> next{static_cast<int>(::getpid() % 16)};
    const char* url = std::getenv("FOCUS_TEST_REDIS");
    return url == nullptr ? "" : std::string{url} + "/" + std::to_string(++next % 16);
}

} // namespace focus::testing
