#include "features/auth/mails.hpp"

namespace focus::auth::mails {

namespace {

std::string page(const char* path) { return std::string{"https://focus.example.org"} + path; }

} // namespace

VerifyEmail VerifyEmail::sample(Language language) {
    return {.action_url = page("/verify-email?token=4cHJpO3v0m2xkq0S8x2yB8nXb1dKfT6wQeRzUoLpA1s"),
            .not_me_url = page("/not-me?token=4cHJpO3v0m2xkq0S8x2yB8nXb1dKfT6wQeRzUoLpA1s"),
            .hours = 24,
            .asked = {{language == Language::fr ? "Firefox sur Linux (adresse 203.0.113.9), le 22 novembre 2026 à 18:05 (Europe/Paris)"
                                                : "Firefox on Linux (address 203.0.113.9), on 22 November 2026 at 18:05 (Europe/Paris)"}}};
}

ResetPassword ResetPassword::sample(Language /*language*/) {
    return {.action_url = page("/reset-password?token=4cHJpO3v0m2xkq0S8x2yB8nXb1dKfT6wQeRzUoLpA1s"), .hours = 1};
}

PasswordChanged PasswordChanged::sample(Language /*language*/) { return {.action_url = page("/forgot-password")}; }

AccountDeleted AccountDeleted::sample(Language /*language*/) { return {.action_url = page("/register")}; }

Welcome Welcome::sample(Language /*language*/) { return {.action_url = page("/")}; }

} // namespace focus::auth::mails
