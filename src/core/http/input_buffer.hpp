// InputBuffer: the bytes that a connection has read and not yet used, contiguous. Always holds: bytes do not move until
// make_room() or consume() is called, so views into them are valid for the time of a request.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

namespace focus::http {

class InputBuffer {
  public:
    static constexpr std::size_t k_small = 4096; // capacity that an idle connection keeps

    [[nodiscard]] std::string_view unread() const noexcept { return {data_.get() + begin_, end_ - begin_}; }
    [[nodiscard]] char* room() noexcept { return data_.get() + end_; }
    [[nodiscard]] std::size_t room_size() const noexcept { return capacity_ - end_; }
    void filled(std::size_t bytes) noexcept { end_ += bytes; }

    /// Removes `bytes` from the front.
    void consume(std::size_t bytes) {
        begin_ += bytes;
        if (begin_ != end_) return;
        begin_ = end_ = 0;
        if (capacity_ > k_small) release();
    }
    /// Makes sure that more bytes fit; existing ones may move.
    void make_room() {
        if (room_size() > 0) return;
        if (begin_ > 0) {
            std::memmove(data_.get(), data_.get() + begin_, end_ - begin_);
            end_ -= begin_;
            begin_ = 0;
        } else {
            grow(std::max(k_small, capacity_ * 2));
        }
    }
    /// Replaces all unread bytes.
    void assign(std::string_view bytes) {
        begin_ = end_ = 0;
        if (bytes.size() > capacity_) grow(bytes.size());
        if (!bytes.empty()) std::memcpy(data_.get(), bytes.data(), bytes.size());
        end_ = bytes.size();
    }

  private:
    void release() {
        data_.reset();
        capacity_ = 0;
    }
    void grow(std::size_t capacity) {
        auto bigger = std::make_unique_for_overwrite<char[]>(capacity); // NOLINT
        std::ranges::copy(unread(), bigger.get());
        end_ -= begin_;
        begin_ = 0;
        data_ = std::move(bigger);
        capacity_ = capacity;
    }

    std::unique_ptr<char[]> data_; // NOLINT
    std::size_t capacity_ = 0;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

} // namespace focus::http
