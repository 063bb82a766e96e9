#include "features/challenges/messages.hpp"

#include <algorithm>
#include <format>

namespace focus::challenges::messages {

namespace {

/// The `data` of a challenge_update, for programs.
struct Data {
    std::string_view event;
    std::int64_t challenge_id = 0;
    std::string challenge_name;
    std::optional<std::string> username;
};

Draft draft(std::string_view event, std::int64_t challenge_id, const std::string& challenge_name, const Person& who, Text title,
            Text message) {
    const auto mark = who.id == 0 ? std::string{} : notifications::mark_of(who.id);
    return {.type = notifications::Type::challenge_update,
            .title = title,
            .message = message,
            .args = {{"challenge", challenge_name}, {"user", mark}},
            .data = json::write(Data{event, challenge_id, challenge_name, mark.empty() ? std::nullopt : std::optional{mark}}),
            .about = who};
}

std::string format_points(std::int64_t score_ms, Language language) {
    const auto tenths = (score_ms * 10 + rules::k_point_ms / 2) / rules::k_point_ms;
    if (tenths % 10 == 0) return std::to_string(tenths / 10);
    return std::format("{}{}{}", tenths / 10, language == Language::fr ? ',' : '.', tenths % 10);
}

} // namespace

Draft joined(std::int64_t challenge_id, const std::string& challenge_name, const Person& who) {
    return draft("joined", challenge_id, challenge_name, who, {"{challenge}: {user} takes part", "{challenge} : {user} participe"},
                 {"{user} has joined the challenge.", "{user} a rejoint le défi."});
}

Draft you_lead(std::int64_t challenge_id, const std::string& challenge_name) {
    return draft("lead", challenge_id, challenge_name, {}, {"{challenge}: you lead!", "{challenge} : vous êtes en tête !"},
                 {"You have taken the first place. Keep it up!", "Vous avez pris la première place. Continuez !"});
}

Draft overtaken(std::int64_t challenge_id, const std::string& challenge_name, const Person& leader) {
    return draft("overtaken", challenge_id, challenge_name, leader, {"{challenge}: {user} leads", "{challenge} : {user} est en tête"},
                 {"{user} has taken the first place from you.", "{user} vous a pris la première place."});
}

Draft news(News news, const Row& challenge, const Person& winner) {
    const auto& name = challenge.name;
    Draft told;
    switch (news) {
    case News::started:
        told = draft("started", challenge.id, name, {}, {"{challenge} has started", "{challenge} a commencé"},
                     {"The challenge has started. Good luck!", "Le défi a commencé. Bonne chance !"});
        break;
    case News::ended:
        told = winner.id == 0
                   ? draft("ended", challenge.id, name, {}, {"{challenge} has ended", "{challenge} est terminé"},
                           {"The results are there. No participant has scored.", "Les résultats sont là. Personne n'a marqué de point."})
                   : draft("ended", challenge.id, name, winner, {"{challenge} has ended", "{challenge} est terminé"},
                           {"The results are there: {user} has won.", "Les résultats sont là : {user} a gagné."});
        break;
    case News::cancelled:
        told = draft("cancelled", challenge.id, name, {}, {"{challenge} was cancelled", "{challenge} a été annulé"},
                     {"Its creator has cancelled the challenge.", "Son créateur a annulé le défi."});
        break;
    case News::deleted:
        told = draft("deleted", challenge.id, name, {}, {"{challenge} was deleted", "{challenge} a été supprimé"},
                     {"The challenge no longer exists.", "Le défi n'existe plus."});
        break;
    }
    told.dedup_key = std::format("challenge:{}:{}", challenge.id, static_cast<int>(news));
    return told;
}

Draft you_won(const Row& challenge) {
    auto told = draft(
        "ended", challenge.id, challenge.name, {}, {"{challenge}: you have won!", "{challenge} : vous avez gagné !"},
        {"The challenge has ended and you are the first. Congratulations!", "Le défi est terminé et vous êtes premier. Félicitations !"});
    told.dedup_key = news(News::ended, challenge, {}).dedup_key;
    return told;
}

mail::Message results_mail(const Row& challenge, const Member& member, const users::User& user, const Results& results,
                           const std::string& frontend_url) {
    const bool won = challenge.winner_id == user.id;
    ChallengeResults mail{.challenge_name = challenge.name,
                          .won = won,
                          .winner = won ? "" : results.winner,
                          .rank = results.ranks.at(member.standing.score_ms),
                          .participants = challenge.participants_count,
                          .score = format_points(member.standing.score_ms, user.language),
                          .action_url = std::format("{}/challenges/{}", frontend_url, challenge.id)};
    for (const auto& line : results.best) {
        mail.top.push_back({.rank = line.rank,
                            .username = line.username.empty() ? std::string{k_deleted_user.in(user.language)} : line.username,
                            .score = format_points(line.score_ms, user.language),
                            .me = line.user_id == user.id});
    }
    auto to = users::recipient_of(user);
    to.name = users::display_name(user); // the name is shown in the ranking anyway
    return {std::move(to), mail, std::format("challenge_results:{}:{}", challenge.id, user.id)};
}

ChallengeResults ChallengeResults::sample(Language language) {
    return {.challenge_name = language == Language::fr ? "Novembre <sans défilement>" : "No-scroll <November>",
            .winner = "marie",
            .rank = 2,
            .participants = 14,
            .score = "1240",
            .top = {{1, "marie", "1310", false}, {2, "camille", "1240", true}, {3, "noah_7", "990", false}},
            .action_url = "https://focus.example.org/challenges/42"};
}

} // namespace focus::challenges::messages
