// Messages to participants of a challenge: notifications, and the mail with the results.
#pragma once

#include "core/mail/outbox.hpp"
#include "features/challenges/member_repository.hpp"
#include "features/notifications/types.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace focus::challenges::messages {

using notifications::Draft;
using notifications::Person;

[[nodiscard]] Draft joined(std::int64_t challenge_id, const std::string& challenge_name, const Person& who);
[[nodiscard]] Draft you_lead(std::int64_t challenge_id, const std::string& challenge_name);
[[nodiscard]] Draft overtaken(std::int64_t challenge_id, const std::string& challenge_name, const Person& leader);

/// News for all participants, sent once. `winner` only matters for the end; id 0: there is no winner.
[[nodiscard]] Draft news(News news, const Row& challenge, const Person& winner);
/// The end, for the winner.
[[nodiscard]] Draft you_won(const Row& challenge);

/// One line of the results in a mail.
struct Line {
    std::int64_t rank = 0;
    std::int64_t user_id = 0;
    std::string username;
    std::int64_t score_ms = 0;
};
struct Results {
    std::string winner; // empty: there is none
    std::vector<Line> best;
    std::map<std::int64_t, std::int64_t> ranks; // by score
};
struct ChallengeResults {
    struct Line {
        std::int64_t rank = 0;
        std::string username;
        std::string score;
        bool me = false;
    };
    static constexpr mail::Kind k_kind{.name = "challenge_results", .bulk = true};
    std::string challenge_name;
    bool won = false;
    std::string winner; // empty: the recipient, or none
    std::int64_t rank = 0;
    std::int64_t participants = 0;
    std::string score;
    std::vector<Line> top;
    std::string action_url;
    static ChallengeResults sample(Language language);
};
[[nodiscard]] mail::Message results_mail(const Row& challenge, const Member& member, const users::User& user, const Results& results,
                                         const std::string& frontend_url);

} // namespace focus::challenges::messages
