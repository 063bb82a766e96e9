// Cursors of lists: any text, and any content with a valid check sum.
#include "core/crypto/crypto.hpp"
#include "features/activities/cursor.hpp"
#include "fuzz.hpp"

namespace focus::fuzz {
namespace {

void run(std::string_view text) {
    const auto cursor = activities::decode_cursor(text, "list");
    if (!cursor) return;
    const auto again = activities::decode_cursor(activities::encode_cursor(*cursor, "list"), "list");
    must(again && again->backward == cursor->backward && again->place == cursor->place, "a cursor goes both ways");
    must(!activities::decode_cursor(text, "another list"), "a cursor fits its list only");
}

} // namespace
} // namespace focus::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const auto k_empty = focus::crypto::base64url_decode(focus::activities::encode_cursor({}, "list")).value();
    const auto text = focus::fuzz::text_of(data, size);
    focus::fuzz::run(text);
    focus::fuzz::run(focus::crypto::base64url_encode(k_empty.substr(0, k_empty.size() - 1) + std::string{text}));
    return 0;
}
