#include "features/activities/import.hpp"

#include "core/base/fold.hpp"
#include "core/crypto/crypto.hpp"
#include "features/activities/errors.hpp"

namespace focus::activities {

std::unique_ptr<ImportSource> open_import(std::string_view file, Zone zone) {
    auto text = file;
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) throw Error{k_unknown_format};
    if (text[first] == '[' || text[first] == '{') return open_json(text);
    return open_csv(file, zone);
}

std::string content_id(const ImportEntry& entry, int number) {
    const auto& activity = entry.activity;
    const auto text = [](const auto& field) { return field ? std::optional<std::string>{field->value} : std::nullopt; };
    const auto ms = [](const auto& field) { return field ? std::optional<EpochMs>{field->ms} : std::nullopt; };
    std::string content = fold_case(activity.app_name.value);
    content += json::write(std::vector{text(activity.app_package), text(activity.app_category), text(activity.device_type),
                                       text(activity.session_id),
                                       activity.activity_date ? std::optional{activity.activity_date->value.to_string()} : std::nullopt});
    content += json::write(std::vector{std::optional<EpochMs>{activity.duration_minutes.value.ms}, ms(activity.start_time),
                                       ms(activity.end_time), std::optional<EpochMs>{entry.id}, std::optional<EpochMs>{entry.created_at_ms},
                                       std::optional<EpochMs>{number}});
    return "import:" + crypto::base64url_encode(crypto::sha256(content).substr(0, 24));
}

} // namespace focus::activities
