// What waits for the database: first come, first served for each asker, and the askers in turn. An asker with much
// to do waits behind its own work and delays no other one.
// Not thread-safe: the owner's mutex or executor guards it.
#pragma once

#include "core/base/asker.hpp"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <list>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace focus::db {

template <class T>
class FairQueue {
  public:
    void push(Asker asker, T item) {
        const auto [line, is_new] = lines_.try_emplace(asker);
        line->second.push_back(std::move(item));
        if (is_new) turns_.push_back(asker);
        ++size_;
    }

    /// The first item of the asker whose turn it is among those that `may` be served.
    template <class May>
    std::optional<T> pop(May may) {
        const auto turn = std::ranges::find_if(turns_, may);
        if (turn == turns_.end()) return std::nullopt;
        const Asker asker = *turn;
        turns_.erase(turn);
        const auto line = lines_.find(asker);
        std::optional<T> item{std::move(line->second.front())};
        line->second.pop_front();
        if (line->second.empty())
            lines_.erase(line);
        else
            turns_.push_back(asker);
        --size_;
        return item;
    }
    std::optional<T> pop() {
        return pop([](Asker) { return true; });
    }

    /// Takes out the items for which `is_meant` holds, the oldest of each asker first.
    template <class Predicate>
    std::vector<T> take_if(Predicate is_meant) {
        std::vector<T> taken;
        for (auto line = lines_.begin(); line != lines_.end();) {
            auto& items = line->second;
            for (auto item = items.begin(); item != items.end();) {
                if (is_meant(std::as_const(*item))) {
                    taken.push_back(std::move(*item));
                    item = items.erase(item);
                } else {
                    ++item;
                }
            }
            if (items.empty()) {
                std::erase(turns_, line->first);
                line = lines_.erase(line);
            } else {
                ++line;
            }
        }
        size_ -= taken.size();
        return taken;
    }

    /// Whether one more of this asker fits where `most` may wait: one asker gets a part of the places, the service all.
    [[nodiscard]] bool has_room(Asker asker, std::size_t most) const {
        if (size_ >= most) return false;
        if (asker == k_service) return true;
        const auto line = lines_.find(asker);
        return line == lines_.end() || line->second.size() < std::max<std::size_t>(1, most / k_part);
    }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

  private:
    static constexpr std::size_t k_part = 4;

    std::unordered_map<Asker, std::list<T>> lines_; // none is empty
    std::deque<Asker> turns_;                       // of all lines, the next first
    std::size_t size_ = 0;
};

} // namespace focus::db
