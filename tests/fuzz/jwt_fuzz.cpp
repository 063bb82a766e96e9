// Access tokens, ID tokens, key sets and user info. Input with a line break is a header and a payload and gets a valid
// signature, so that the fuzzer reaches the code behind the check.
#include "core/crypto/id_token.hpp"
#include "core/crypto/jwt.hpp"
#include "fuzz.hpp"
#include "support/cpp/signing_key.hpp"

namespace focus::fuzz {
namespace {

constexpr EpochMs k_now = 1'900'000'000'000;
constexpr std::string_view k_secret = "0123456789abcdef0123456789abcdef";

const testing::SigningKey& key() {
    static const auto made = testing::SigningKey::p256();
    return made;
}
const crypto::KeySet& keys() {
    static const auto set = crypto::KeySet::parse(R"({"keys":[)" + key().jwk("k") + "]}").value();
    return set;
}

bool is_subject(const std::string& subject) { return !subject.empty() && subject.size() <= 255; }

void check_id_token(std::string_view token, const char* nonce) {
    const auto person = crypto::verify_id_token(keys(), token, {.issuers = {"i"}, .audiences = {"a"}, .nonce = nonce, .now = k_now});
    must(!person || is_subject(person->subject), "whoever is somebody has a subject");
}

void run(std::string_view text) {
    if (const auto set = crypto::KeySet::parse(text)) {
        for (const auto& one : set->keys()) must(one.key.algorithm() != crypto::JwsAlgorithm::hs256, "a published key is not a secret");
    }
    if (const auto person = crypto::parse_userinfo(text)) must(is_subject(person->subject), "user info has a subject");
    if (const auto bytes = crypto::base64url_decode(text)) must(crypto::base64url_encode(*bytes) == text, "one text per bytes");
    const auto line = text.find('\n');
    if (line == std::string_view::npos) {
        static_cast<void>(crypto::verify_access_token(k_secret, text, k_now));
        check_id_token(text, "n");
        return;
    }
    const auto header = text.substr(0, line);
    const auto payload = text.substr(line + 1);
    check_id_token(key().token(header, payload), "n");
    check_id_token(key().token(R"({"alg":"ES256","kid":"k"})", payload), "");
    const auto body = crypto::base64url_encode(header) + "." + crypto::base64url_encode(payload);
    const auto claims =
        crypto::verify_access_token(k_secret, body + "." + crypto::base64url_encode(crypto::hmac_sha256(k_secret, body)), k_now);
    must(!claims || claims->expires_at_ms > k_now, "an access token that counts has not expired");
}

} // namespace
} // namespace focus::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    focus::fuzz::run(focus::fuzz::text_of(data, size));
    return 0;
}
