#include "features/users/types.hpp"

#include <algorithm>

void focus::json::Codec<focus::users::Username>::read(const Reader& in, users::Username& out) {
    const auto text = in.trimmed();
    if (!text) return;
    constexpr std::size_t k_min = 3;
    constexpr std::size_t k_max = 50;
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    };
    if (text->size() < k_min) {
        in.fault("string_too_short", {"Must have at least 3 characters.", "Doit avoir au moins 3 caractères."});
    } else if (text->size() > k_max) {
        in.fault("string_too_long", {"Must have at most 50 characters.", "Doit avoir au plus 50 caractères."});
    } else if (!std::ranges::all_of(*text, allowed)) {
        in.fault("string_pattern_mismatch", {"May have only letters without accents, digits, - and _.",
                                             "Ne peut avoir que des lettres sans accent, des chiffres, - et _."});
    } else {
        out.value = *text;
    }
}

focus::json::Schema focus::json::Codec<focus::users::Username>::schema(Schemas&) {
    return Schema{"string"}.set("minLength", std::size_t{3}).set("maxLength", std::size_t{50}).set_string("pattern", "^[A-Za-z0-9_-]+$");
}

namespace focus::users {

PublicUser public_part(const User& user) { return {user.id, user.username, user.full_name, user.avatar_url, user.bio}; }

std::string display_name(const User& user) { return user.full_name.value_or(user.username); }

mail::Recipient recipient_of(const User& user) {
    return {.address = user.email,
            .name = user.is_verified ? display_name(user) : std::string{},
            .language = user.language,
            .user_id = user.id};
}

} // namespace focus::users
