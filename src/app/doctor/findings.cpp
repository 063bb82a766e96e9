#include "app/doctor/findings.hpp"

#include "core/base/json_writer.hpp"
#include "core/base/log.hpp"

#include <algorithm>
#include <format>

namespace focus::app::doctor {

std::string_view to_string(Verdict verdict) noexcept {
    switch (verdict) {
    case Verdict::ok:
        return "ok";
    case Verdict::warn:
        return "warn";
    case Verdict::fail:
        return "fail";
    }
    return "fail";
}

void Findings::add(Verdict verdict, std::string_view name, std::string detail) {
    std::ranges::replace(detail, '\n', ' ');
    all_.push_back({.verdict = verdict, .name = std::string{name}, .detail = log::redact(detail)});
}

bool Findings::has_failed() const noexcept { return std::ranges::contains(all_, Verdict::fail, &Finding::verdict); }

std::string Findings::text() const {
    std::string text;
    for (const auto& found : all_) text += std::format("{:<4}  {:<20}  {}\n", to_string(found.verdict), found.name, found.detail);
    return text;
}

std::string Findings::json() const {
    std::string text = "[";
    for (const auto& found : all_) {
        if (text.size() > 1) text += ',';
        text += R"({"status":)";
        json::append_string(text, to_string(found.verdict));
        text += R"(,"name":)";
        json::append_string(text, found.name);
        text += R"(,"detail":)";
        json::append_string(text, found.detail);
        text += '}';
    }
    return text + "]\n";
}

} // namespace focus::app::doctor
