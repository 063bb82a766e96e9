#include "core/net/curl.hpp"

#include <new>
#include <stdexcept>
#include <utility>

namespace focus::net {

void append(CurlList& list, const char* line) {
    curl_slist* longer = curl_slist_append(list.get(), line);
    if (longer == nullptr) throw std::bad_alloc{};
    [[maybe_unused]] auto* const start = list.release(); // now part of the longer list
    list.reset(longer);
}

CurlPool::CurlPool() {
    static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT); // once per process, before any thread uses it
    if (started != CURLE_OK) throw std::runtime_error{"libcurl does not start"};
}

CurlHandle CurlPool::take() {
    {
        const std::lock_guard lock{mutex_};
        if (!idle_.empty()) {
            CurlHandle handle = std::move(idle_.back());
            idle_.pop_back();
            return handle;
        }
    }
    CurlHandle handle{curl_easy_init(), &curl_easy_cleanup};
    if (!handle) throw std::bad_alloc{};
    return handle;
}

void CurlPool::give_back(CurlHandle handle) {
    curl_easy_reset(handle.get()); // clears the options and their pointers; the connections stay
    const std::lock_guard lock{mutex_};
    idle_.push_back(std::move(handle));
}

} // namespace focus::net
