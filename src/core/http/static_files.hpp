// Files that are part of the binary, served with type, ETag, caching and gzip. A file embedded as `name.gz` is kept
// compressed, and sent compressed to clients that accept gzip.
#pragma once

#include "core/base/embedded.hpp"
#include "core/http/routes.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

namespace focus::http {

/// The media type by a file name's extension.
[[nodiscard]] std::string_view media_type_of(std::string_view path) noexcept;

class StaticFiles {
  public:
    /// `content_security_policy` is sent with pages and scripts alike.
    StaticFiles(std::span<const embedded::File> files, std::string content_security_policy);

    /// The answer for a file, by If-None-Match and Accept-Encoding. Throws not_found().
    [[nodiscard]] Response answer(const Call& call, std::string_view path) const;
    [[nodiscard]] bool contains(std::string_view path) const { return entries_.contains(path); }

  private:
    /// For clients without gzip: unpacked on the first request, and kept.
    struct Plain {
        std::once_flag made;
        std::string bytes;
    };
    struct Entry {
        std::string_view bytes;
        bool is_gzip;
        bool is_immutable;            // its name holds a hash of its content, so it never changes
        std::string etag;             // without the closing quote
        std::unique_ptr<Plain> plain; // of a compressed file
    };
    std::map<std::string, Entry, std::less<>> entries_;
    std::string content_security_policy_;
};

} // namespace focus::http
