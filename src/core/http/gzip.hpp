// gzip (RFC 1952) by zlib, for bodies in both directions. A Gzip keeps its working memory between uses; one per thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace focus::http {

class Gzip {
  public:
    Gzip();
    ~Gzip();
    Gzip(const Gzip&) = delete;
    Gzip& operator=(const Gzip&) = delete;

    /// The compressed form of `data`, optimized for speed, not size.
    [[nodiscard]] std::string compress(std::string_view data);

  private:
    struct Deflate;
    std::unique_ptr<Deflate> deflate_; // made on first use
};

/// Decompression step by step, so that a long body does not delay other requests.
class Gunzip {
  public:
    explicit Gunzip(std::string_view compressed);
    ~Gunzip();
    Gunzip(const Gunzip&) = delete;
    Gunzip& operator=(const Gunzip&) = delete;

    enum class State { more, done, broken, too_large };
    static constexpr std::size_t k_step = std::size_t{256} << 10;
    /// Memory of the decoder itself, in bytes.
    static constexpr std::size_t k_own_memory = std::size_t{48} << 10;
    /// Appends the next piece (at most `piece` bytes) to `out`, which never grows beyond `limit`.
    State step(std::string& out, std::size_t limit, std::size_t piece = k_step);

  private:
    struct Inflate;
    std::unique_ptr<Inflate> inflate_;
};

} // namespace focus::http
