// What both clients need of libcurl: its initialisation, and handles that keep their connections between uses.
// Only files of core/net include this.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <mutex>
#include <vector>

namespace focus::net {

using CurlHandle = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;
using CurlList = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

/// Appends a line to a list; throws std::bad_alloc.
void append(CurlList& list, const char* line);

/// Idle handles; their number grows to the number of concurrent users. Safe from any thread.
class CurlPool {
  public:
    CurlPool();
    /// A handle with default options and the connections that it has kept.
    [[nodiscard]] CurlHandle take();
    void give_back(CurlHandle handle);

  private:
    std::mutex mutex_;
    std::vector<CurlHandle> idle_;
};

} // namespace focus::net
