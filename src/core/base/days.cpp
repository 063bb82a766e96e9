#include "core/base/days.hpp"

#include "core/base/zone_file.hpp"

#include <algorithm>
#include <array>
#include <mutex>
#include <unordered_map>

namespace focus {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::sys_seconds;
using std::chrono::sys_time;
using std::chrono::time_zone;

constexpr sys_days k_first_day{std::chrono::year{1} / 1 / 1};
constexpr sys_days k_last_day{std::chrono::year{9999} / 12 / 31};

constexpr EpochMs to_ms(sys_days day) { return static_cast<EpochMs>(day.time_since_epoch().count()) * k_day_ms; }
constexpr sys_days day_part(EpochMs at) { return floor<days>(sys_time<milliseconds>{milliseconds{at}}); }

/// The first database that was loaded is kept: a Zone is a pointer into it.
const std::chrono::tzdb& database() {
    static const auto& first = std::chrono::get_tzdb();
    return first;
}

const time_zone* search_zone(std::string_view name) {
    const auto& db = database();
    const auto zone = std::ranges::lower_bound(db.zones, name, {}, &time_zone::name);
    if (zone != db.zones.end() && zone->name() == name) return &*zone;
    const auto link = std::ranges::lower_bound(db.links, name, {}, &std::chrono::time_zone_link::name);
    if (link != db.links.end() && link->name() == name) return search_zone(link->target());
    return nullptr;
}

/// The rows of a list repeat the same zone.
const time_zone* find_zone(std::string_view name) {
    thread_local std::string last_name;
    thread_local const time_zone* last = nullptr;
    if (last != nullptr && name == last_name) return last;
    const auto* zone = search_zone(name);
    if (zone != nullptr) {
        last_name = name;
        last = zone;
    }
    return zone;
}

const time_zone* utc() {
    static const auto* zone = find_zone("Etc/UTC");
    return zone;
}

/// A stretch of time in which a zone's offset doesn't change.
struct Period {
    const time_zone* zone = nullptr;
    EpochMs begin = 0;
    EpochMs end = 0;
    EpochMs offset = 0;
};

/// The zone's file, read once; empty when there is none.
const ZoneFile& file_of(const time_zone* zone) {
    static std::mutex mutex;
    static std::unordered_map<const time_zone*, ZoneFile> files;
    const std::scoped_lock lock{mutex};
    const auto known = files.find(zone);
    return known != files.end() ? known->second : files.emplace(zone, read_zone_file(zone->name()).value_or(ZoneFile{})).first->second;
}

Period load_period(const time_zone* zone, EpochMs at) {
    static constexpr EpochMs k_from = to_ms(k_first_day - days{400}), k_to = to_ms(k_last_day + days{400});
    const auto& [changes, goes_on] = file_of(zone);
    const auto next = std::ranges::upper_bound(changes, at, {}, &OffsetChange::at_ms);
    if (next != changes.begin() && (next != changes.end() || !goes_on)) {
        const auto end = next != changes.end() ? next->at_ms : k_to;
        return {zone, std::max(std::prev(next)->at_ms, k_from), end, std::prev(next)->offset_ms};
    }
    const auto info = zone->get_info(sys_time<milliseconds>{milliseconds{at}});
    const auto ms = [](sys_seconds time) {
        return std::clamp(time.time_since_epoch().count(), k_from / k_second_ms, k_to / k_second_ms) * k_second_ms;
    };
    const auto begin = changes.empty() ? ms(info.begin) : std::max(ms(info.begin), changes.back().at_ms);
    return {zone, begin, ms(info.end), info.offset.count() * k_second_ms};
}

/// Looking a period up takes a lock; few zones and dates are looked up repeatedly.
const Period& period_at(const time_zone* zone, EpochMs at) {
    constexpr std::size_t k_slots = 64;
    thread_local std::array<Period, k_slots> cache;
    constexpr EpochMs k_bucket = 64 * k_day_ms;
    const auto address = reinterpret_cast<std::uintptr_t>(zone); // NOLINT: only as a hash
    auto& slot = cache[(address / sizeof(time_zone) + static_cast<std::uintptr_t>(at / k_bucket) * 7) % k_slots];
    if (slot.zone != zone || at < slot.begin || at >= slot.end) slot = load_period(zone, at);
    return slot;
}

EpochMs clamp_to_years(EpochMs at) { return std::clamp(at, to_ms(k_first_day), to_ms(k_last_day + days{1}) - 1); }

/// The first instant at which the wall clock shows `local` (milliseconds as if it were UTC) or, in a gap, jumps over it.
EpochMs first_instant(const time_zone* zone, EpochMs local) {
    auto period = period_at(zone, local - k_day_ms);
    while (local >= period.end + period.offset) {
        const auto next = period_at(zone, period.end);
        if (next.end <= period.end) break; // beyond the last year
        period = next;
    }
    return std::max(local - period.offset, period.begin);
}

/// Writes a number in `Width` digits; gives the place behind it.
template <std::size_t Width>
char* put_number(char* to, unsigned value) {
    for (std::size_t i = Width; i-- > 0; value /= 10) to[i] = static_cast<char>('0' + value % 10);
    return to + Width;
}

char* put(char* to, std::string_view text) { return std::ranges::copy(text, to).out; }

char* put_date(char* to, sys_days day) {
    const std::chrono::year_month_day date{std::clamp(day, k_first_day, k_last_day)};
    to = put(put_number<4>(to, static_cast<unsigned>(static_cast<int>(date.year()))), "-");
    to = put(put_number<2>(to, static_cast<unsigned>(date.month())), "-");
    return put_number<2>(to, static_cast<unsigned>(date.day()));
}

char* put_clock(char* to, EpochMs ms_of_day) {
    const auto s = static_cast<unsigned>(ms_of_day / k_second_ms);
    to = put(put_number<2>(to, s / 3600), ":");
    to = put(put_number<2>(to, s / 60 % 60), ":");
    return put_number<2>(to, s % 60);
}

/// Takes fixed texts and numbers of fixed width off the front of a text; once something doesn't fit, nothing more does.
class Scanner {
  public:
    explicit Scanner(std::string_view text) : rest_{text} {}
    int number(std::size_t digits, int max) {
        int value = 0;
        if (rest_.size() < digits) return fail();
        for (const char c : rest_.substr(0, digits)) {
            if (c < '0' || c > '9') return fail();
            value = value * 10 + (c - '0');
        }
        rest_.remove_prefix(digits);
        return value <= max ? value : fail();
    }
    char one_of(std::string_view chars) {
        if (rest_.empty() || !chars.contains(rest_.front())) {
            fail();
            return '\0';
        }
        const char c = rest_.front();
        rest_.remove_prefix(1);
        return c;
    }
    [[nodiscard]] bool next_is(char c) const { return rest_.starts_with(c); }
    /// The milliseconds of one or more digits; what is finer is cut off.
    int fraction() {
        int ms = 0;
        const auto digits = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
        if (digits == 0) return fail();
        for (std::size_t i = 0; i < 3; ++i) ms = ms * 10 + (i < digits ? rest_[i] - '0' : 0);
        rest_.remove_prefix(digits);
        return ms;
    }
    [[nodiscard]] bool done() const { return good_ && rest_.empty(); }

  private:
    int fail() {
        good_ = false;
        rest_ = {};
        return 0;
    }
    std::string_view rest_;
    bool good_ = true;
};

std::chrono::year_month_day scan_date(Scanner& in) {
    const std::chrono::year year{in.number(4, 9999)};
    in.one_of("-");
    const std::chrono::month month{static_cast<unsigned>(in.number(2, 12))};
    in.one_of("-");
    return {year, month, std::chrono::day{static_cast<unsigned>(in.number(2, 31))}};
}

bool is_date(const std::chrono::year_month_day& date) { return date.ok() && static_cast<int>(date.year()) >= 1; }

} // namespace

std::string Day::to_string() const {
    std::array<char, 10> text;
    put_date(text.data(), value);
    return {text.data(), text.size()};
}

std::optional<Day> Day::parse(std::string_view text) {
    Scanner in{text};
    const auto date = scan_date(in);
    if (!in.done() || !is_date(date)) return std::nullopt;
    return Day{date};
}

Zone::Zone() : zone_{utc()} {}

std::optional<Zone> Zone::find(std::string_view name) {
    const auto* zone = find_zone(name);
    if (zone == nullptr) return std::nullopt;
    return Zone{zone};
}

Zone Zone::of(std::string_view name) { return find(name).value_or(Zone{}); }

std::string_view Zone::name() const {
    const auto name = zone_->name(); // of a link the zone it points to
    return name == "Etc/UTC" ? "UTC" : name;
}

Day Zone::day_of(EpochMs at) const {
    const auto period = period_at(zone_, at);
    const Day day{day_part(at + period.offset)};
    // Where the clock goes back over midnight (Newfoundland did at 00:01) the new day has begun all the same: a day is
    // one stretch. That can only be within hours after a change.
    if (at - period.begin < k_day_ms && start_of(day.plus(1)) <= at) return day.plus(1);
    return day;
}

EpochMs Zone::start_of(Day day) const { return first_instant(zone_, to_ms(day.value)); }

int Zone::minute_of_day(EpochMs at) const {
    const auto local = at + period_at(zone_, at).offset;
    return static_cast<int>((local - to_ms(day_part(local))) / k_minute_ms);
}

EpochMs Zone::at(Day day, int minute_of_day) const { return first_instant(zone_, to_ms(day.value) + minute_of_day * k_minute_ms); }

std::vector<Zone::Slice> Zone::split_by_hour(EpochMs from, EpochMs to, std::size_t max_slices) const {
    std::vector<Slice> slices;
    while (from < to && slices.size() < max_slices) {
        const auto period = period_at(zone_, from);
        const auto local = from + period.offset;
        const auto in_day = local - to_ms(day_part(local));
        const auto hour = in_day / k_hour_ms;
        const auto next_hour = from + (hour + 1) * k_hour_ms - in_day;
        const auto end = std::min({to, next_hour, period.end > from ? period.end : to});
        slices.push_back({day_of(from), static_cast<int>(hour), from, end});
        from = end;
    }
    return slices;
}

void append_rfc3339(std::string& out, EpochMs at) {
    at = clamp_to_years(at);
    const auto day = day_part(at);
    const auto ms = at - to_ms(day);
    std::array<char, 24> text;
    auto* end = put(put_date(text.data(), day), "T");
    end = put(put_clock(end, ms), ".");
    put(put_number<3>(end, static_cast<unsigned>(ms % k_second_ms)), "Z");
    out.append(text.data(), text.size());
}

std::string format_rfc3339(EpochMs at) {
    std::string out;
    append_rfc3339(out, at);
    return out;
}

std::optional<EpochMs> parse_rfc3339(std::string_view text) {
    Scanner in{text};
    const auto date = scan_date(in);
    in.one_of("Tt");
    const auto hour = in.number(2, 23);
    in.one_of(":");
    const auto minute = in.number(2, 59);
    in.one_of(":");
    const auto second = in.number(2, 60);
    int ms = 0;
    if (in.next_is('.')) {
        in.one_of(".");
        ms = in.fraction();
    }
    EpochMs offset = 0;
    if (const char sign = in.one_of("Zz+-"); sign == '+' || sign == '-') {
        const auto offset_hour = in.number(2, 23);
        in.one_of(":");
        offset = (offset_hour * 60 + in.number(2, 59)) * (sign == '+' ? k_minute_ms : -k_minute_ms);
    }
    if (!in.done() || !is_date(date)) return std::nullopt;
    const auto at = to_ms(date) + hour * k_hour_ms + minute * k_minute_ms - offset + second * k_second_ms + ms;
    // a leap second is the last of a day in UTC; it counts as the first of the next
    if (second == 60 && (at - ms) % k_day_ms != 0) return std::nullopt;
    if (at != clamp_to_years(at)) return std::nullopt;
    return at;
}

std::string format_http_date(EpochMs at) {
    constexpr std::array<std::string_view, 7> k_weekdays{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    constexpr std::array<std::string_view, 12> k_months{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    at = clamp_to_years(at);
    const Day day{day_part(at)};
    const std::chrono::year_month_day date{day.value};
    std::array<char, 29> text;
    auto* to = put(put(text.data(), k_weekdays[static_cast<std::size_t>(day.weekday())]), ", ");
    to = put(put_number<2>(to, static_cast<unsigned>(date.day())), " ");
    to = put(put(to, k_months[static_cast<unsigned>(date.month()) - 1]), " ");
    to = put(put_number<4>(to, static_cast<unsigned>(static_cast<int>(date.year()))), " ");
    put(put_clock(to, at - to_ms(day.value)), " GMT");
    return {text.data(), text.size()};
}

std::optional<int> parse_hhmm(std::string_view text) {
    Scanner in{text};
    const auto hour = in.number(2, 23);
    in.one_of(":");
    const auto minute = in.number(2, 59);
    if (!in.done()) return std::nullopt;
    return hour * 60 + minute;
}

std::string format_hhmm(int minute_of_day) {
    std::array<char, 5> text;
    auto* to = put(put_number<2>(text.data(), static_cast<unsigned>(minute_of_day) / 60), ":");
    put_number<2>(to, static_cast<unsigned>(minute_of_day) % 60);
    return {text.data(), text.size()};
}

} // namespace focus
