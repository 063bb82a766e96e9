// An answer that is JSON already: the stored text of a T. Described as a T.
#pragma once

#include "core/json/json.hpp"

#include <memory>
#include <string>

namespace focus::cache {

template <class T>
struct Written {
    std::shared_ptr<const std::string> text;
};

} // namespace focus::cache

template <class T>
struct focus::json::Codec<focus::cache::Written<T>> {
    static void write(std::string& out, const cache::Written<T>& value) { out += *value.text; }
    static Schema schema(Schemas& all) { return all.of<T>(all.use()); }
};
