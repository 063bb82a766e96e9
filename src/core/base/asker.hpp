// For whom a coroutine works: a key that its executor carries, so that what it awaits, at any depth, reads it without a
// parameter. The pipeline sets it where it calls a handler; the database serves askers in turn.
// Always holds: a coroutine without a key works for the service itself.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <functional>
#include <string_view>
#include <type_traits>
#include <utility>

namespace focus {

/// Users by their id, networks of unknown clients by a negative number.
enum class Asker : std::int64_t {};

inline constexpr Asker k_service{0};

[[nodiscard]] constexpr Asker asker_user(std::int64_t user_id) noexcept { return Asker{user_id}; }
[[nodiscard]] inline Asker asker_network(std::string_view network) noexcept {
    return Asker{-1 - static_cast<std::int64_t>(std::hash<std::string_view>{}(network) >> 2U)};
}

/// An executor that does what `Inner` does and carries the key.
template <class Inner>
class AskingExecutor {
  public:
    AskingExecutor(Inner inner, Asker asker) noexcept : inner_{std::move(inner)}, asker_{asker} {}

    template <class F>
    void execute(F&& work) const {
        inner_.execute(std::forward<F>(work));
    }
    template <class Property>
        requires boost::asio::can_query_v<const Inner&, Property>
    [[nodiscard]] decltype(auto) query(const Property& property) const {
        return boost::asio::query(inner_, property);
    }
    template <class Property>
        requires boost::asio::can_require_v<const Inner&, Property>
    [[nodiscard]] auto require(const Property& property) const {
        return AskingExecutor<std::decay_t<decltype(boost::asio::require(inner_, property))>>{boost::asio::require(inner_, property),
                                                                                              asker_};
    }
    [[nodiscard]] Asker asker() const noexcept { return asker_; }
    [[nodiscard]] const Inner& inner() const noexcept { return inner_; }

    friend bool operator==(const AskingExecutor& left, const AskingExecutor& right) noexcept {
        return left.inner_ == right.inner_ && left.asker_ == right.asker_;
    }

  private:
    Inner inner_;
    Asker asker_;
};

using AskingIoExecutor = AskingExecutor<boost::asio::io_context::executor_type>;

/// `executor`, which is an io_context's, with the key; another kind as it is.
[[nodiscard]] inline boost::asio::any_io_executor on_behalf_of(Asker asker, const boost::asio::any_io_executor& executor) {
    if (const auto* own = executor.target<boost::asio::io_context::executor_type>()) return AskingIoExecutor{*own, asker};
    if (const auto* other = executor.target<AskingIoExecutor>()) return AskingIoExecutor{other->inner(), asker};
    return executor;
}

[[nodiscard]] inline Asker asker_of(const boost::asio::any_io_executor& executor) noexcept {
    const auto* asking = executor.target<AskingIoExecutor>();
    return asking == nullptr ? k_service : asking->asker();
}

} // namespace focus
