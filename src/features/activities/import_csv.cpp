#include "core/base/csv.hpp"
#include "core/base/fold.hpp"
#include "core/base/utf8.hpp"
#include "features/activities/errors.hpp"
#include "features/activities/export.hpp"
#include "features/activities/import.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <format>
#include <ranges>

namespace focus::activities {

namespace {

constexpr Text k_broken{"The quotes of this line don't match.", "Les guillemets de cette ligne ne correspondent pas."};
constexpr Text k_no_day{"A date or a start time is required.", "Une date ou une heure de début est obligatoire."};

/// What a column contains.
enum class Column {
    ignored,
    id,
    created_at,
    client_id,
    app_name,
    app_package,
    app_category,
    minutes,
    seconds,
    milliseconds,
    clock,
    activity_date,
    start_time,
    end_time,
    device_type,
    session_id
};

struct Alias {
    std::string_view name;
    Column column;
};
constexpr std::array<Alias, 35> k_aliases{{
    {"app_name", Column::app_name},
    {"app", Column::app_name},
    {"application", Column::app_name},
    {"name", Column::app_name},
    {"app_package", Column::app_package},
    {"package", Column::app_package},
    {"package_name", Column::app_package},
    {"app_category", Column::app_category},
    {"category", Column::app_category},
    {"duration_minutes", Column::minutes},
    {"minutes", Column::minutes},
    {"duration_min", Column::minutes},
    {"duration", Column::clock},
    {"time", Column::clock},
    {"duration_seconds", Column::seconds},
    {"seconds", Column::seconds},
    {"duration_s", Column::seconds},
    {"duration_sec", Column::seconds},
    {"duration_ms", Column::milliseconds},
    {"milliseconds", Column::milliseconds},
    {"activity_date", Column::activity_date},
    {"date", Column::activity_date},
    {"day", Column::activity_date},
    {"start_time", Column::start_time},
    {"start", Column::start_time},
    {"started_at", Column::start_time},
    {"begin", Column::start_time},
    {"timestamp", Column::start_time},
    {"end_time", Column::end_time},
    {"end", Column::end_time},
    {"ended_at", Column::end_time},
    {"stop", Column::end_time},
    {"device_type", Column::device_type},
    {"device", Column::device_type},
    {"session_id", Column::session_id},
}};

/// "Duration (min)" and "duration-min" are "duration_min".
std::string simplified(std::string_view header) {
    std::string name;
    for (const char c : fold_case(header)) {
        if (c == ' ' || c == '-' || c == '_') {
            if (!name.empty() && name.back() != '_') name += '_';
        } else if (c != '(' && c != ')' && c != '\t') {
            name += c;
        }
    }
    while (name.ends_with('_')) name.pop_back();
    return name;
}

std::optional<double> number_of(std::string text) {
    std::ranges::replace(text, ',', '.'); // a decimal comma; thousands separators are refused
    double number = 0;
    const auto* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    return error == std::errc{} && stop == end ? std::optional{number} : std::nullopt;
}

/// "1:30:00" and "1:30" (hours and minutes) in minutes.
std::optional<double> clock_minutes(std::string_view text) {
    double minutes = 0;
    double factor = 60;
    for (int part = 0; part < 3; ++part, factor /= 60) {
        const auto colon = text.find(':');
        const auto number = number_of(std::string{text.substr(0, colon)});
        if (!number || *number < 0) return std::nullopt;
        minutes += *number * factor;
        if (colon == std::string_view::npos) return part > 0 ? std::optional{minutes} : std::nullopt;
        text.remove_prefix(colon + 1);
    }
    return std::nullopt;
}

/// A duration in minutes as text; an invalid one is unchanged and refused later, where all fields are checked.
std::string minutes_of(Column column, const std::string& text) {
    const auto plain = [&](double factor) {
        const auto number = number_of(text);
        return number ? std::format("{}", *number * factor) : text;
    };
    switch (column) {
    case Column::seconds:
        return plain(1.0 / 60);
    case Column::milliseconds:
        return plain(1.0 / 60000);
    case Column::clock:
        if (const auto minutes = clock_minutes(text)) return std::format("{}", *minutes);
        return plain(1);
    default:
        return plain(1);
    }
}

/// "2026-03-29 10:15[:30[.5]]" in the user's zone as RFC 3339; other text is unchanged.
std::string timestamp_of(const std::string& text, Zone zone) {
    if (text.size() < 16 || (text[10] != ' ' && text[10] != 'T') || text.ends_with('Z')) return text;
    const auto day = Day::parse(text.substr(0, 10));
    const auto minute = parse_hhmm(text.substr(11, 5));
    if (!day || !minute) return text;
    double seconds = 0;
    if (text.size() > 16) {
        const auto number = text[16] == ':' ? number_of(text.substr(17)) : std::nullopt;
        if (!number || *number < 0 || *number >= 60) { // an offset, or invalid
            auto with_t = text;
            with_t[10] = 'T';
            return with_t;
        }
        seconds = *number;
    }
    return format_rfc3339(zone.at(*day, *minute) + static_cast<EpochMs>(seconds * 1000));
}

class CsvSource final : public ImportSource {
  public:
    CsvSource(std::string_view file, Zone zone) : reader_{file, csv::guess_separator(file)}, size_{file.size()}, zone_{zone} {
        const auto header = reader_.next();
        if (!header || header->is_broken) throw Error{k_unknown_format};
        is_own_ = std::ranges::equal(header->fields, k_csv_columns) ||
                  std::ranges::equal(header->fields, k_csv_columns | std::views::take(k_first_csv_columns));
        for (const auto& name : header->fields) columns_.push_back(column_of(simplified(name)));
        const auto has = [this](auto... column) { return (std::ranges::contains(columns_, column) || ...); };
        const bool has_time = has(Column::minutes, Column::seconds, Column::milliseconds, Column::clock) ||
                              (has(Column::start_time) && has(Column::end_time));
        if (!has(Column::app_name) || !has_time || !has(Column::activity_date, Column::start_time)) throw Error{k_unknown_format};
    }

    [[nodiscard]] ImportFormat format() const noexcept override { return is_own_ ? ImportFormat::focus_csv : ImportFormat::csv; }
    [[nodiscard]] double progress() const noexcept override { return static_cast<double>(reader_.position()) / static_cast<double>(size_); }

    [[nodiscard]] std::optional<ImportEntry> next() override {
        const auto record = reader_.next();
        if (!record) return std::nullopt;
        ImportEntry entry{.line = static_cast<std::int64_t>(record->line), .activity = {}, .faults = {}};
        if (record->is_broken) {
            entry.faults.push_back({{"line"}, k_broken, "csv_quotes"});
            return entry;
        }
        auto params = params_of(record->fields, entry);
        complete(params);
        try {
            entry.activity = json::parse_query<NewActivity>(params, "line");
            if (auto id = json::parse_query<ClientId>(params, "line").client_id) entry.client_id = std::move(id->value);
            if (!entry.activity.activity_date && !entry.activity.start_time)
                throw invalid_field({"line", "activity_date"}, "missing", k_no_day);
        } catch (const Error& error) {
            entry.faults = error.faults();
        }
        return entry;
    }

  private:
    using Params = std::vector<std::pair<std::string, std::string>>;

    [[nodiscard]] Column column_of(const std::string& name) const {
        if (is_own_ && name == "id") return Column::id;
        if (is_own_ && name == "created_at") return Column::created_at;
        if (is_own_ && name == "client_id") return Column::client_id;
        const auto found = std::ranges::find(k_aliases, name, &Alias::name);
        return found == k_aliases.end() ? Column::ignored : found->column;
    }

    /// The line as the fields of a NewActivity; empty ones are not given.
    Params params_of(const std::vector<std::string>& fields, ImportEntry& entry) const {
        Params params;
        for (std::size_t i = 0; i < std::min(fields.size(), columns_.size()); ++i) {
            const std::string text{csv::without_apostrophe(utf8::is_valid(fields[i]) ? utf8::trim(fields[i]) : fields[i])};
            if (text.empty()) continue;
            switch (columns_[i]) {
            case Column::ignored:
                break;
            case Column::id:
                std::from_chars(text.data(), text.data() + text.size(), entry.id);
                break;
            case Column::created_at:
                entry.created_at_ms = parse_rfc3339(text).value_or(0);
                break;
            case Column::client_id:
                params.emplace_back("client_id", text);
                break;
            case Column::app_name:
                params.emplace_back("app_name", text);
                break;
            case Column::app_package:
                params.emplace_back("app_package", text);
                break;
            case Column::app_category:
                params.emplace_back("app_category", text);
                break;
            case Column::activity_date:
                params.emplace_back("activity_date", text);
                break;
            case Column::start_time:
                params.emplace_back("start_time", timestamp_of(text, zone_));
                break;
            case Column::end_time:
                params.emplace_back("end_time", timestamp_of(text, zone_));
                break;
            case Column::device_type:
                params.emplace_back("device_type", text);
                break;
            case Column::session_id:
                params.emplace_back("session_id", text);
                break;
            default:
                params.emplace_back("duration_minutes", minutes_of(columns_[i], text));
            }
        }
        return params;
    }

    /// The duration follows from start and end if no column has it.
    static void complete(Params& params) {
        const auto find = [&](std::string_view name) -> std::optional<EpochMs> {
            const auto found = std::ranges::find(params, name, &Params::value_type::first);
            return found == params.end() ? std::nullopt : parse_rfc3339(found->second);
        };
        if (std::ranges::contains(params, "duration_minutes", &Params::value_type::first)) return;
        const auto start = find("start_time");
        const auto end = find("end_time");
        if (start && end) params.emplace_back("duration_minutes", std::format("{}", static_cast<double>(*end - *start) / 60000));
    }

    csv::Reader reader_;
    std::size_t size_;
    Zone zone_;
    bool is_own_ = false;
    std::vector<Column> columns_;
};

} // namespace

std::unique_ptr<ImportSource> open_csv(std::string_view file, Zone zone) { return std::make_unique<CsvSource>(file, zone); }

} // namespace focus::activities
