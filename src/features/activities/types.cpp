#include "features/activities/types.hpp"

#include "core/json/mend.hpp"

#include <array>

namespace {

constexpr std::array<std::string_view, 8> k_sorts{"created_at",       "-created_at",       "activity_date", "-activity_date",
                                                  "duration_minutes", "-duration_minutes", "app_name",      "-app_name"};

constexpr std::size_t k_most_items = 1000; // of a NewBatch
constexpr focus::Text k_item_not_json{"This item is not valid JSON.", "Cet élément n'est pas du JSON valide."};

/// Reports unreadable items as invalid JSON, not as values that are no objects.
void mark_bad(focus::activities::NewBatch& batch, const std::vector<std::size_t>& bad, std::string_view where) {
    for (const auto index : bad) {
        if (index >= batch.activities.items.size() || batch.activities.items[index].faults.empty()) continue; // of a repeated list
        const focus::json::Loc body{nullptr, where};
        const focus::json::Loc list{&body, "activities"};
        const focus::json::Loc item{&list, {}, static_cast<std::int64_t>(index)};
        focus::json::Faults faults;
        faults.add(&item, "json_invalid", k_item_not_json);
        batch.activities.items[index].faults = faults.take();
    }
}

} // namespace

void focus::json::Codec<focus::activities::Sort>::read(const Reader& in, activities::Sort& out) {
    const auto index = read_enum(in, k_sorts);
    if (!index) return;
    out = {.field = static_cast<activities::SortField>(*index / 2), .descending = *index % 2 == 1};
}

void focus::json::Codec<focus::activities::Sort>::write(std::string& out, const activities::Sort& value) {
    append_string(out, k_sorts.at(static_cast<std::size_t>(value.field) * 2 + (value.descending ? 1 : 0)));
}

focus::json::Schema focus::json::Codec<focus::activities::Sort>::schema(Schemas&) {
    std::string names = "[";
    for (const auto name : k_sorts) {
        if (names.size() > 1) names += ',';
        append_string(names, name);
    }
    return Schema{"string"}.set("enum", names + "]");
}

void focus::json::Codec<focus::activities::BatchItem>::read(const Reader& in, activities::BatchItem& out) {
    Faults faults;
    const auto reader = in.apart(faults);
    activities::ClientId id;
    Codec<activities::NewActivity>::read(reader, out.activity);
    if (in.is_object()) Codec<activities::ClientId>::read(reader, id); // else the fault was reported above
    if (id.client_id) out.client_id = std::move(id.client_id->value);
    out.faults = faults.take();
}

void focus::json::Codec<focus::activities::BatchItem>::write(std::string& out, const activities::BatchItem& value) {
    Codec<activities::NewActivity>::write(out, value.activity);
}

focus::json::Schema focus::json::Codec<focus::activities::BatchItem>::schema(Schemas& all) {
    const auto activity = Codec<activities::NewActivity>::schema(all).to_json();
    return Schema{}.set("allOf", "[" + activity + "," + Codec<activities::ClientId>::schema(all).to_json() + "]");
}

template <>
focus::activities::NewBatch focus::json::parse<focus::activities::NewBatch>(std::string_view text, std::string_view where) {
    activities::NewBatch batch;
    const Loc loc{nullptr, where};
    Faults faults;
    const Document document{text, &loc, &faults};
    std::optional<Mended> mended;
    if (document.valid())
        Codec<activities::NewBatch>::read(document.root(), batch);
    else
        mended = mend_elements(text, "activities", k_most_items);
    if (mended) {
        Faults again;
        const Document without{mended->text, &loc, &again};
        if (without.valid()) {
            static_cast<void>(faults.take());
            Codec<activities::NewBatch>::read(without.root().apart(faults), batch);
        }
    }
    faults.throw_if_any();
    if (mended) mark_bad(batch, mended->bad, where);
    return batch;
}

void focus::json::Codec<focus::activities::LocStep>::write(std::string& out, const activities::LocStep& value) {
    if (const auto* index = std::get_if<std::int64_t>(&value.value))
        append_integer(out, *index);
    else
        append_string(out, std::get<std::string>(value.value));
}

focus::json::Schema focus::json::Codec<focus::activities::LocStep>::schema(Schemas&) {
    return Schema{}.set("type", R"(["string","integer"])");
}

namespace focus::activities {

ItemError to_wire(const Error& error, Language language) {
    ItemError item{.code = std::string{error.code()}, .detail = error.message(language), .errors = {}};
    for (const auto& fault : error.faults()) {
        auto& out = item.errors.emplace_back();
        for (const auto& step : fault.loc) out.loc.push_back({step});
        out.msg = fault.message.render(language, fault.args);
        out.type = fault.type;
    }
    return item;
}

Activity to_wire(const Record& record) {
    const auto timestamp = [](std::optional<EpochMs> ms) { return ms ? std::optional{json::Timestamp{*ms}} : std::nullopt; };
    return {.id = record.id,
            .user_id = record.user_id,
            .app_name = record.app_name,
            .app_package = record.app_package.empty() ? std::nullopt : std::optional{record.app_package},
            .app_category = record.app_category,
            .duration_minutes = record.duration_minutes,
            .activity_date = {record.activity_date},
            .start_time = timestamp(record.start_ms),
            .end_time = timestamp(record.end_ms),
            .device_type = record.device_type,
            .session_id = record.session_id,
            .created_at = record.created_at,
            .updated_at = record.updated_at};
}

} // namespace focus::activities
