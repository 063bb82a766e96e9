// Compile-time names of fields and enumerators, and the addresses of a struct's fields. Only this header uses
// reflect-cpp. A struct is an aggregate without bases and C arrays; its static members are not fields.
#pragma once

#include <array>
#include <cstddef>
#include <rfl/internal/bind_to_tuple.hpp>
#include <rfl/internal/get_field_names.hpp>
#include <source_location>
#include <string_view>
#include <type_traits>
#include <utility>

namespace focus::json {

template <class T>
concept Struct = std::is_class_v<T> && std::is_aggregate_v<T>;

namespace detail {

/// Converts to the type of any field. (reflect-cpp's own has no body, which clang refuses for types without linkage.)
struct Anything {
    template <class T>
    constexpr operator T() const noexcept {
        std::unreachable();
    }
};

template <class T, std::size_t... I>
consteval bool takes(std::index_sequence<I...>) {
    return requires { T{((void)I, Anything{})...}; };
}

template <class T, std::size_t N = 0>
consteval std::size_t count_fields() {
    if constexpr (!takes<T>(std::make_index_sequence<N + 1>()))
        return N;
    else
        return count_fields<T, N + 1>();
}

} // namespace detail

template <Struct T>
inline constexpr std::size_t k_field_count = detail::count_fields<T>();

/// The name of the I-th field.
template <Struct T, std::size_t I>
inline constexpr std::string_view k_field_name =
    rfl::internal::get_field_name_str_view<T, rfl::internal::fake_object_helper<T, k_field_count<T>>::template get_field<I>()>();

/// A tuple type with pointers to each field.
template <Struct T>
using FieldPointers = decltype(rfl::internal::tuple_view_helper<k_field_count<T>>::tuple_view(std::declval<T&>()));

/// The type of the I-th field.
template <Struct T, std::size_t I>
using FieldType = std::remove_pointer_t<std::remove_cvref_t<rfl::tuple_element_t<I, FieldPointers<T>>>>;

/// The addresses of the fields, in order.
template <Struct T>
[[nodiscard]] auto field_addresses(T& object) {
    auto pointers = rfl::internal::tuple_view_helper<k_field_count<std::remove_const_t<T>>>::tuple_view(object);
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
        using Address = std::conditional_t<std::is_const_v<T>, const void*, void*>;
        return std::array<Address, sizeof...(I)>{rfl::get<I>(pointers)...};
    }(std::make_index_sequence<k_field_count<std::remove_const_t<T>>>());
}

namespace detail {

template <auto Value>
consteval std::string_view enumerator_name() {
    // g++ prints "… [with auto Value = focus::Role::user; …]", clang "… [Value = focus::Role::user]"; a value without a
    // name is printed as a cast, "(focus::Role)7"
    std::string_view text = std::source_location::current().function_name();
    text.remove_prefix(text.find("Value = ") + 8);
    text = text.substr(0, text.find_first_of(";]"));
    if (text.starts_with('(')) return {};
    text.remove_prefix(text.rfind(':') + 1);
    if (text.ends_with('_')) text.remove_suffix(1); // C++ keywords: delete_
    return text;
}

template <class E>
inline constexpr auto k_enumerators = []<std::size_t... I>(std::index_sequence<I...>) {
    return std::array<std::string_view, sizeof...(I)>{enumerator_name<static_cast<E>(I)>()...};
}(std::make_index_sequence<48>());

template <class E>
consteval std::size_t enumerator_count() {
    std::size_t count = 0;
    while (count < k_enumerators<E>.size() && !k_enumerators<E>[count].empty()) ++count;
    return count;
}

} // namespace detail

/// The enumerators of an enum whose values are 0, 1, 2, … (at most 48); a trailing underscore is not part of a name.
template <class E>
inline constexpr auto k_enum_names = []<std::size_t... I>(std::index_sequence<I...>) {
    static_assert(sizeof...(I) > 0, "an enum's values begin at 0");
    return std::array<std::string_view, sizeof...(I)>{detail::k_enumerators<E>[I]...};
}(std::make_index_sequence<detail::enumerator_count<E>()>());

/// The full name of a type as the compiler writes it.
template <class T>
[[nodiscard]] consteval std::string_view type_name() {
    std::string_view text = std::source_location::current().function_name();
    text.remove_prefix(text.find("T = ") + 4);
    return text.substr(0, text.find_first_of(";]"));
}

} // namespace focus::json
