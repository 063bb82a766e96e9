// JSON bodies: a struct with every kind of field.
#include "core/base/utf8.hpp"
#include "core/json/json.hpp"
#include "fuzz.hpp"

namespace focus::fuzz {
namespace {

enum class Colour { red, delete_, blue };

struct Item {
    json::Text<1, 5> name;
    std::optional<json::Integer<0, 9>> size;
};

struct Everything { // no Change: an absent one is written as null, which a request must not contain
    json::Or<bool, true> flag;
    std::optional<std::int64_t> big;
    std::optional<double> real;
    std::optional<std::string> text;
    json::Patch<json::Text<2, 8>> short_text;
    std::optional<json::MinutesIn<0, 1440>> minutes;
    std::optional<json::Timestamp> at;
    std::optional<json::Date> day;
    std::optional<json::TimeOfDay> time;
    std::optional<json::EmailAddress> email;
    std::optional<json::HttpUrl> url;
    std::optional<json::ZoneName> zone;
    std::optional<Colour> colour;
    std::optional<json::List<Item, 1, 3>> items;
    std::optional<std::map<std::string, double>> numbers;
    std::optional<json::RawJson> raw;
    std::optional<std::vector<std::array<int, 2>>> pairs;
};

void check_faults(const Error& error) {
    must(error.kind() == ErrorKind::invalid && !error.faults().empty(), "an Error has its faults");
    must(error.faults().size() <= json::k_max_faults, "faults are bounded");
    for (const auto& fault : error.faults()) must(!fault.message.render(Language::fr, fault.args).empty(), "a fault has a message");
}

void run(std::string_view text) {
    std::string written;
    try {
        written = json::write(json::parse<Everything>(text));
    } catch (const Error& error) {
        return check_faults(error);
    }
    must(utf8::is_valid(written), "JSON is UTF-8");
    // not in the try block: our own output has no faults
    must(json::write(json::parse<Everything>(written)) == written, "what was read is written and read back the same");
}

} // namespace
} // namespace focus::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    focus::fuzz::run(focus::fuzz::text_of(data, size));
    return 0;
}
