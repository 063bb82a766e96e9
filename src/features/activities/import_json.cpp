#include "features/activities/import.hpp"

#include "features/activities/errors.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <functional>
#include <map>

namespace focus::activities {

namespace {

constexpr Text k_no_event{"This is no event of ActivityWatch with a time stamp, a duration and an app.",
                          "Ce n'est pas un événement d'ActivityWatch avec un horodatage, une durée et une application."};

struct OwnRow {
    std::optional<std::int64_t> id;
    std::optional<json::Timestamp> created_at;
};

/// Our own export, or any array of activities in the API's format.
class ActivitiesSource final : public ImportSource {
  public:
    ActivitiesSource(std::unique_ptr<json::Document> document, const json::Reader& array)
        : document_{std::move(document)}, elements_{array}, count_{elements_.left()} {}

    [[nodiscard]] ImportFormat format() const noexcept override { return ImportFormat::focus_json; }
    [[nodiscard]] double progress() const noexcept override {
        return count_ == 0 ? 1.0 : static_cast<double>(done_) / static_cast<double>(count_);
    }

    [[nodiscard]] std::optional<ImportEntry> next() override {
        const auto element = elements_.next();
        if (!element) return std::nullopt;
        ImportEntry entry{.line = static_cast<std::int64_t>(++done_), .activity = {}, .faults = {}};
        json::Faults faults;
        json::Codec<NewActivity>::read(element->apart(faults), entry.activity);
        if (faults.empty() && !entry.activity.activity_date && !entry.activity.start_time) {
            json::Loc loc{nullptr, "activity_date"};
            faults.add(&loc, "missing", {"A date or a start time is required.", "Une date ou une heure de début est obligatoire."});
        }
        ClientId id;
        if (element->is_object()) json::Codec<ClientId>::read(element->apart(faults), id); // else that fault is known
        if (id.client_id) entry.client_id = std::move(id.client_id->value);
        entry.faults = faults.take();
        OwnRow own;
        json::Faults ignored; // the row's id only helps to find it again
        if (element->is_object()) json::Codec<OwnRow>::read(element->apart(ignored), own);
        if (own.id && own.created_at) {
            entry.id = *own.id;
            entry.created_at_ms = own.created_at->ms;
        }
        return entry;
    }

  private:
    std::unique_ptr<json::Document> document_;
    json::Elements elements_;
    std::size_t count_;
    std::size_t done_ = 0;
};

struct EventData {
    std::optional<json::Text<1, 100>> app;
    std::optional<json::Text<0, 255>> package;
    std::optional<std::string> status;
};
struct Event {
    json::Timestamp timestamp;
    double duration = 0; // seconds
    EventData data;

    [[nodiscard]] EpochMs end_ms() const { return timestamp.ms + std::llround(std::min(duration, 1e9) * 1000); }
};

struct Interval {
    EpochMs start;
    EpochMs end;
};

/// Overlapping and adjacent intervals are merged; ascending.
std::vector<Interval> merged(std::vector<Interval> intervals) {
    std::ranges::sort(intervals, {}, &Interval::start);
    std::vector<Interval> merged;
    for (const auto& next : intervals) {
        if (!merged.empty() && next.start <= merged.back().end)
            merged.back().end = std::max(merged.back().end, next.end);
        else
            merged.push_back(next);
    }
    return merged;
}

/// `{"buckets": {id: {"type", "hostname", "client", "events": [{"timestamp", "duration", "data": {"app", …}}]}}}`.
/// Window events count while the watcher of the same computer reports presence (`afkstatus`, "not-afk"); events of a
/// device without such a watcher (Android) count in full.
class ActivityWatchSource final : public ImportSource {
  public:
    ActivityWatchSource(std::unique_ptr<json::Document> document, const json::Reader& buckets) : document_{std::move(document)} {
        buckets.each_member([this](std::string_view id, const json::Reader& bucket) { add_bucket(id, bucket); });
        for (auto& [host, intervals] : present_) intervals = merged(std::move(intervals));
    }

    [[nodiscard]] ImportFormat format() const noexcept override { return ImportFormat::activitywatch; }
    [[nodiscard]] double progress() const noexcept override {
        return count_ == 0 ? 1.0 : static_cast<double>(done_) / static_cast<double>(count_);
    }

    [[nodiscard]] std::optional<ImportEntry> next() override {
        while (ready_.empty()) {
            if (at_ == buckets_.size()) return std::nullopt;
            if (const auto element = buckets_[at_].events.next())
                read_event(*element, buckets_[at_]);
            else
                ++at_;
        }
        auto entry = std::move(ready_.front());
        ready_.pop_front();
        return entry;
    }

  private:
    struct Bucket {
        std::string host;
        std::string_view device;
        json::Elements events;
    };

    static std::string text_of(const json::Reader& object, std::string_view key) {
        json::Faults ignored;
        const auto member = object.member(key);
        const auto text = member ? member->apart(ignored).string() : std::nullopt;
        return std::string{text.value_or("")};
    }

    void add_bucket(std::string_view id, const json::Reader& bucket) {
        const auto events = bucket.member("events");
        if (!events || !events->is_array()) return;
        const auto type = text_of(bucket, "type");
        const auto host = text_of(bucket, "hostname");
        if (type == "afkstatus") {
            add_presence(host, *events);
        } else if (type == "currentwindow" || id.contains("android")) {
            const bool is_phone = id.contains("android") || text_of(bucket, "client").contains("android");
            buckets_.push_back({host, is_phone ? "phone" : "desktop", json::Elements{*events}});
            count_ += buckets_.back().events.left();
        }
    }

    void add_presence(const std::string& host, const json::Reader& events) {
        auto& intervals = present_[host];
        json::Elements elements{events};
        while (const auto element = elements.next()) {
            json::Faults faults; // an unreadable event says nothing about presence
            Event event;
            json::Codec<Event>::read(element->apart(faults), event);
            if (faults.empty() && event.duration > 0 && event.data.status == "not-afk")
                intervals.push_back({event.timestamp.ms, event.end_ms()});
        }
    }

    void read_event(const json::Reader& element, const Bucket& bucket) {
        ++done_;
        json::Faults faults;
        Event event;
        json::Codec<Event>::read(element.apart(faults), event);
        if (faults.empty() && (!event.data.app || event.duration < 0)) faults.add(nullptr, "value_error", k_no_event);
        if (!faults.empty()) {
            ready_.push_back({.line = static_cast<std::int64_t>(done_), .activity = {}, .faults = faults.take()});
            return;
        }
        if (event.end_ms() == event.timestamp.ms) return; // the watcher only recorded a change
        const auto present = present_.find(bucket.host);
        if (present == present_.end()) {
            add(event, bucket, {event.timestamp.ms, event.end_ms()});
            return;
        }
        const auto& intervals = present->second;
        auto next = std::ranges::upper_bound(intervals, event.timestamp.ms, {}, &Interval::end);
        for (; next != intervals.end() && next->start < event.end_ms(); ++next) {
            add(event, bucket, {std::max(next->start, event.timestamp.ms), std::min(next->end, event.end_ms())});
        }
    }

    void add(const Event& event, const Bucket& bucket, Interval part) {
        ImportEntry entry{.line = static_cast<std::int64_t>(done_), .activity = {}, .faults = {}};
        entry.activity.app_name.value = event.data.app->value;
        if (event.data.package) entry.activity.app_package = {event.data.package->value};
        entry.activity.duration_minutes.value.ms = part.end - part.start;
        entry.activity.start_time = json::Timestamp{part.start};
        entry.activity.end_time = json::Timestamp{part.end};
        entry.activity.device_type = {std::string{bucket.device}};
        if (part.end - part.start > k_day_ms) {
            json::Loc loc{nullptr, "duration"};
            json::Faults faults;
            faults.add(&loc, "less_than_equal", {"An activity may last at most 24 hours.", "Une activité peut durer au plus 24 heures."});
            entry.faults = faults.take();
        }
        ready_.push_back(std::move(entry));
    }

    std::unique_ptr<json::Document> document_;
    std::map<std::string, std::vector<Interval>, std::less<>> present_; // by host
    std::vector<Bucket> buckets_;
    std::size_t at_ = 0;
    std::size_t count_ = 0;
    std::size_t done_ = 0;
    std::deque<ImportEntry> ready_;
};

} // namespace

std::unique_ptr<ImportSource> open_json(std::string_view file) {
    const json::Loc loc{nullptr, "file"};
    json::Faults faults;
    auto document = std::make_unique<json::Document>(file, &loc, &faults);
    faults.throw_if_any();
    const auto root = document->root();
    if (root.is_array()) return std::make_unique<ActivitiesSource>(std::move(document), root);
    if (const auto activities = root.member("activities"); activities && activities->is_array())
        return std::make_unique<ActivitiesSource>(std::move(document), *activities);
    if (const auto buckets = root.member("buckets"); buckets && buckets->is_object())
        return std::make_unique<ActivityWatchSource>(std::move(document), *buckets);
    throw Error{k_unknown_format};
}

} // namespace focus::activities
