#include "core/http/static_files.hpp"

#include "core/crypto/crypto.hpp"
#include "core/http/gzip.hpp"
#include "core/http/headers.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

namespace focus::http {
namespace {

constexpr std::size_t k_max_file = std::size_t{64} << 20;
constexpr std::size_t k_min_hash = 8;

/// "index-B3xk2_9a.js": a build tool's name with a hash before the extension.
bool has_hash(std::string_view path) {
    const auto name = path.substr(path.rfind('/') + 1);
    const auto dot = name.rfind('.');
    const auto dash = name.substr(0, dot).find_last_of("-.");
    if (dot == std::string_view::npos || dash == std::string_view::npos) return false;
    const auto hash = name.substr(dash + 1, dot - dash - 1);
    const bool looks_random = std::ranges::any_of(hash, [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); });
    return hash.size() >= k_min_hash && looks_random;
}

std::string unzip(std::string_view bytes) {
    Gunzip gunzip{bytes};
    std::string plain;
    auto state = Gunzip::State::more;
    while (state == Gunzip::State::more) state = gunzip.step(plain, k_max_file);
    if (state != Gunzip::State::done) throw std::runtime_error{"an embedded file is not valid gzip"};
    return plain;
}

} // namespace

std::string_view media_type_of(std::string_view path) noexcept {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 14> k_types{{
        {".html", "text/html; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".mjs", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".json", "application/json"},
        {".map", "application/json"},
        {".webmanifest", "application/manifest+json"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".jpg", "image/jpeg"},
        {".webp", "image/webp"},
        {".ico", "image/x-icon"},
        {".woff2", "font/woff2"},
        {".txt", "text/plain; charset=utf-8"},
    }};
    const auto found = std::ranges::find_if(k_types, [&](const auto& entry) { return path.ends_with(entry.first); });
    return found != k_types.end() ? found->second : std::string_view{"application/octet-stream"};
}

StaticFiles::StaticFiles(std::span<const embedded::File> files, std::string content_security_policy)
    : content_security_policy_{std::move(content_security_policy)} {
    for (const auto& file : files) {
        const bool is_gzip = file.path.ends_with(".gz");
        const auto path = is_gzip ? file.path.substr(0, file.path.size() - 3) : file.path;
        auto etag = '"' + crypto::base64url_encode(crypto::sha256(file.bytes).substr(0, 16));
        entries_.insert_or_assign(
            std::string{path}, Entry{file.bytes, is_gzip, has_hash(path), std::move(etag), is_gzip ? std::make_unique<Plain>() : nullptr});
    }
}

Response StaticFiles::answer(const Call& call, std::string_view path) const {
    const auto found = entries_.find(path);
    if (found == entries_.end()) throw not_found();
    const auto& entry = found->second;
    const bool zipped = entry.is_gzip && accepts_coding(call.header("Accept-Encoding"), "gzip");
    Response response{.content_type = media_type_of(path)};
    response.headers = {{"ETag", entry.etag + (zipped ? "-gz\"" : "\"")},
                        {"Cache-Control", entry.is_immutable ? "public, max-age=31536000, immutable" : "no-cache"},
                        {"Content-Security-Policy", content_security_policy_}};
    if (entry.is_gzip) response.headers.emplace_back("Vary", "Accept-Encoding");
    const auto condition = call.header("If-None-Match");
    if (matches_etag(condition, entry.etag + '"') || matches_etag(condition, entry.etag + "-gz\"")) {
        response.status = 304;
        response.content_type = {};
    } else if (zipped) {
        response.headers.emplace_back("Content-Encoding", "gzip");
        response.shared_body = entry.bytes;
    } else if (entry.is_gzip) {
        std::call_once(entry.plain->made, [&] { entry.plain->bytes = unzip(entry.bytes); });
        response.shared_body = entry.plain->bytes;
    } else {
        response.shared_body = entry.bytes;
    }
    return response;
}

} // namespace focus::http
