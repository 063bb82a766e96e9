#include "features/auth/rules.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace focus::auth::rules {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(EmailHint, ShowsTheFirstLetterAndTheDomain) {
    EXPECT_EQ(email_hint("alice@example.org"), "a…@example.org");
    EXPECT_EQ(email_hint("a@example.org"), "a…@example.org");
    EXPECT_EQ(email_hint("élise@example.org"), "é…@example.org");
    EXPECT_EQ(email_hint("\"a@b\"@example.org"), "\"…@example.org");
    EXPECT_EQ(email_hint("nonsense"), "…");
}

TEST(PasswordRules, NamesEveryMissingPart) {
    EXPECT_THAT(check_password("Horse-7x"), IsEmpty());
    EXPECT_THAT(check_password(""),
                ElementsAre(PasswordFault::too_short, PasswordFault::no_digit, PasswordFault::no_upper, PasswordFault::no_lower));
    EXPECT_THAT(check_password("Passw0r"), ElementsAre(PasswordFault::too_short));
    EXPECT_THAT(check_password("password"), ElementsAre(PasswordFault::no_digit, PasswordFault::no_upper));
    EXPECT_THAT(check_password("PASSWORD1"), ElementsAre(PasswordFault::no_lower));
    using namespace std::string_view_literals;
    EXPECT_THAT(check_password("Passw0rd\0x"sv), ElementsAre(PasswordFault::has_nul));
}

TEST(PasswordRules, RefusesTheMostCommonInAnyCase) {
    for (const auto* common : {"Password1", "pAsSwOrD1", "Passw0rd", "Qwerty123", "P@ssw0rd", "Azerty123", "Winter2026"})
        EXPECT_THAT(check_password(common), ElementsAre(PasswordFault::too_common)) << common;
    for (const auto* fine : {"Demo-1234", "Password1-x", "Secret-passw0rd"}) EXPECT_THAT(check_password(fine), IsEmpty()) << fine;
}

TEST(PasswordRules, CountsCharactersFromBelowAndBytesFromAbove) {
    EXPECT_THAT(check_password("Aa1éééé"), ElementsAre(PasswordFault::too_short)) << "7 characters in 11 bytes";
    EXPECT_THAT(check_password("Aa1ééééé"), IsEmpty());
    EXPECT_THAT(check_password("Aa1" + std::string(69, 'x')), IsEmpty()) << "72 bytes: all that bcrypt reads";
    EXPECT_THAT(check_password("Aa1" + std::string(70, 'x')), ElementsAre(PasswordFault::too_long));
}

constexpr EpochMs k_now = 1'800'000'000'000;

RefreshFacts current_token() {
    return {.token_id = 7,
            .spent_at_ms = std::nullopt,
            .token_expires_at_ms = k_now + k_day_ms,
            .current_token_id = 7,
            .previous_token_id = 6,
            .session_expires_at_ms = k_now + k_day_ms};
}

TEST(RefreshRules, TheCurrentTokenRotatesUntilItExpires) {
    auto facts = current_token();
    EXPECT_EQ(judge_refresh(facts, std::nullopt, k_now), RefreshVerdict::rotate);
    EXPECT_EQ(judge_refresh(facts, std::nullopt, k_now + k_day_ms - 1), RefreshVerdict::rotate);
    EXPECT_EQ(judge_refresh(facts, std::nullopt, k_now + k_day_ms), RefreshVerdict::ended);
    facts.session_revoked_at_ms = k_now;
    EXPECT_EQ(judge_refresh(facts, std::nullopt, k_now), RefreshVerdict::ended);
}

TEST(RefreshRules, TheParentOfAnUnusedSuccessorIsAlwaysGood) {
    auto facts = current_token();
    facts.token_id = 6;
    facts.spent_at_ms = k_now;
    for (const auto later : {EpochMs{0}, k_refresh_grace_ms + 1, k_day_ms - 1})
        EXPECT_EQ(judge_refresh(facts, 7, k_now + later), RefreshVerdict::repeat);
    EXPECT_EQ(judge_refresh(facts, std::nullopt, k_now), RefreshVerdict::replace) << "made with another key, or by an older version";
}

TEST(RefreshRules, AnOlderOneIsForgivenForHalfAMinute) {
    auto facts = current_token();
    facts.token_id = 5;
    facts.spent_at_ms = k_now;
    EXPECT_EQ(judge_refresh(facts, 6, k_now + k_refresh_grace_ms), RefreshVerdict::repeat);
    EXPECT_EQ(judge_refresh(facts, 6, k_now + k_refresh_grace_ms + 1), RefreshVerdict::reused);
}

TEST(RefreshRules, ASlowClockProlongsNothing) {
    auto facts = current_token();
    facts.token_id = 5;
    facts.spent_at_ms = k_now;
    const auto slow = k_now - 4 * k_minute_ms;
    EXPECT_EQ(judge_refresh(facts, 6, slow), RefreshVerdict::repeat);
    facts.session_used_at_ms = k_now + k_refresh_grace_ms + 1; // another instance was used meanwhile
    EXPECT_EQ(judge_refresh(facts, 6, slow), RefreshVerdict::reused);
    facts.session_used_at_ms = 0;
    facts.spent_db_ms = 1000;
    facts.db_now_ms = 1000 + k_refresh_grace_ms;
    EXPECT_EQ(judge_refresh(facts, 6, slow), RefreshVerdict::repeat);
    ++facts.db_now_ms;
    EXPECT_EQ(judge_refresh(facts, 6, slow), RefreshVerdict::reused);
}

TEST(RefreshRules, AnyOtherSpentTokenIsTheft) {
    auto facts = current_token();
    facts.token_id = 5; // a replaced successor has no successor
    facts.spent_at_ms = k_now - 1;
    EXPECT_EQ(judge_refresh(facts, std::nullopt, k_now), RefreshVerdict::reused);
    facts.session_revoked_at_ms = k_now; // an ended session can't end again
    EXPECT_EQ(judge_refresh(facts, std::nullopt, k_now), RefreshVerdict::ended);
}

TEST(DeviceNames, SayClientAndSystem) {
    EXPECT_EQ(describe_device("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"), "Firefox on Linux");
    EXPECT_EQ(describe_device("Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36"), "Chrome on Android");
    EXPECT_EQ(describe_device("Focus/3.1 (iPhone; iOS 19)"), "Focus app on iPhone");
    EXPECT_EQ(describe_device("python-httpx/0.28"), "python-httpx");
    EXPECT_EQ(describe_device(""), "");
}

TEST(Requests, AreDescribedInWordsOfOurs) {
    const auto paris = *Zone::find("Europe/Paris");
    const auto at = parse_rfc3339("2026-11-30T16:42:00Z").value();
    Origin origin{.ip = "203.0.113.9", .user_agent = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0", .request_id = {}, .endpoint = {}};
    EXPECT_EQ(describe_request(origin, at, paris, Language::en),
              "Firefox on Linux (address 203.0.113.9), on 30 November 2026 at 17:42 (Europe/Paris)");
    EXPECT_EQ(describe_request(origin, at, paris, Language::fr),
              "Firefox sur Linux (adresse 203.0.113.9), le 30 novembre 2026 à 17:42 (Europe/Paris)");
    origin.user_agent = "Claim-500-EUR-at-evil.example/1";
    EXPECT_EQ(describe_request(origin, at, Zone{}, Language::en),
              "an unknown device (address 203.0.113.9), on 30 November 2026 at 16:42 (UTC)");
}

} // namespace
} // namespace focus::auth::rules
