#include "features/auth/types.hpp"

#include "features/auth/rules.hpp"

void focus::json::Codec<focus::auth::Password>::read(const Reader& in, auth::Password& out) {
    const auto text = in.string();
    if (!text) return;
    using auth::rules::PasswordFault;
    const auto faults = auth::rules::check_password(*text);
    for (const auto fault : faults) {
        switch (fault) {
        case PasswordFault::too_short:
            in.fault("string_too_short", {"Must have at least 8 characters.", "Doit avoir au moins 8 caractères."});
            break;
        case PasswordFault::too_long:
            in.fault("string_too_long",
                     {"Must have at most 100 characters and 72 bytes.", "Doit avoir au plus 100 caractères et 72 octets."});
            break;
        case PasswordFault::no_digit:
            in.fault("password_no_digit", {"Needs a digit.", "Doit contenir un chiffre."});
            break;
        case PasswordFault::no_upper:
            in.fault("password_no_upper", {"Needs an upper-case letter.", "Doit contenir une majuscule."});
            break;
        case PasswordFault::no_lower:
            in.fault("password_no_lower", {"Needs a lower-case letter.", "Doit contenir une minuscule."});
            break;
        case PasswordFault::too_common:
            in.fault("password_too_common", {"Is one of the most common passwords, which are guessed first.",
                                             "Fait partie des mots de passe les plus courants, devinés en premier."});
            break;
        case PasswordFault::has_nul:
            in.fault("string_nul", {"Must not contain NUL characters.", "Ne doit pas contenir de caractère nul."});
            break;
        }
    }
    if (faults.empty()) out.value = *text;
}

focus::json::Schema focus::json::Codec<focus::auth::Password>::schema(Schemas&) {
    return Schema{"string"}
        .set("minLength", std::size_t{8})
        .set("maxLength", std::size_t{100})
        .set_string("format", "password")
        .set_string("description", "At most 72 bytes; with a digit, an upper-case and a lower-case letter; none of the most common ones");
}
