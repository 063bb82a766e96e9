#include "core/http/gzip.hpp"

#include <algorithm>
#include <new>
#include <zlib.h>

namespace focus::http {
namespace {

constexpr int k_level = 2; // most of the gain at a fraction of the default's time
constexpr int k_gzip_window = 15 + 16;

/// zlib takes a pointer to mutable input for historical reasons; it only reads.
Bytef* input(std::string_view data) { return reinterpret_cast<Bytef*>(const_cast<char*>(data.data())); } // NOLINT
Bytef* output(char* data) { return reinterpret_cast<Bytef*>(data); }                                     // NOLINT

} // namespace

struct Gzip::Deflate {
    z_stream stream{};
    Deflate() {
        if (deflateInit2(&stream, k_level, Z_DEFLATED, k_gzip_window, 8, Z_DEFAULT_STRATEGY) != Z_OK) throw std::bad_alloc{};
    }
    ~Deflate() { deflateEnd(&stream); }
    Deflate(const Deflate&) = delete;
    Deflate& operator=(const Deflate&) = delete;
};

Gzip::Gzip() = default;
Gzip::~Gzip() = default;

std::string Gzip::compress(std::string_view data) {
    if (!deflate_) deflate_ = std::make_unique<Deflate>();
    auto& stream = deflate_->stream;
    deflateReset(&stream);
    std::string out;
    out.resize_and_overwrite(deflateBound(&stream, data.size()), [&](char* to, std::size_t size) {
        stream.next_in = input(data);
        stream.avail_in = static_cast<uInt>(data.size());
        stream.next_out = output(to);
        stream.avail_out = static_cast<uInt>(size);
        deflate(&stream, Z_FINISH); // cannot fail: the bound is large enough
        return size - stream.avail_out;
    });
    return out;
}

struct Gunzip::Inflate {
    z_stream stream{};
    explicit Inflate(std::string_view compressed) {
        if (inflateInit2(&stream, k_gzip_window) != Z_OK) throw std::bad_alloc{};
        stream.next_in = input(compressed);
        stream.avail_in = static_cast<uInt>(compressed.size());
    }
    ~Inflate() { inflateEnd(&stream); }
    Inflate(const Inflate&) = delete;
    Inflate& operator=(const Inflate&) = delete;
};

Gunzip::Gunzip(std::string_view compressed) : inflate_{std::make_unique<Inflate>(compressed)} {}
Gunzip::~Gunzip() = default;

Gunzip::State Gunzip::step(std::string& out, std::size_t limit, std::size_t piece) {
    auto& stream = inflate_->stream;
    const auto before = out.size();
    const auto room = std::min(piece, limit - before + 1); // one byte more, to notice a body that is too long
    int result = Z_OK;
    out.resize_and_overwrite(before + room, [&](char* to, std::size_t) {
        stream.next_out = output(to + before);
        stream.avail_out = static_cast<uInt>(room);
        result = inflate(&stream, Z_NO_FLUSH);
        return before + room - stream.avail_out;
    });
    if (out.size() > limit) return State::too_large;
    if (result == Z_STREAM_END) {
        if (stream.avail_in == 0) return State::done;
        return inflateReset(&stream) == Z_OK ? State::more : State::broken; // another member follows (RFC 1952 §2.2)
    }
    if (result != Z_OK || (stream.avail_in == 0 && stream.avail_out != 0)) return State::broken; // invalid or truncated
    return State::more;
}

} // namespace focus::http
