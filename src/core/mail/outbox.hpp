// Mails as rows: written in the transaction of their cause, delivered by a worker afterwards (delivery.hpp).
// Owns the table `outbox`. Always holds: a mail exists exactly when its cause was committed; the values for its template
// (which may hold a link with a token) are sealed at rest and erased once the row is sent or dead.
#pragma once

#include "core/base/clock.hpp"
#include "core/base/text.hpp"
#include "core/db/database.hpp"
#include "core/mail/content.hpp"
#include "core/mail/unsubscribe.hpp"
#include "core/personal/personal.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace focus::mail {

/// A mail that is to be sent.
struct Message {
    /// `dedup_key`: empty for none; else a second mail with the same key is not stored (ASCII, at most 190 characters).
    template <Content M>
    Message(Recipient to, const M& content, std::string dedup = {})
        : recipient{std::move(to)}, kind{M::k_kind}, values{values_of(content)}, dedup_key{std::move(dedup)} {
        values.texts["name"] = recipient.name;
    }

    Recipient recipient;
    Kind kind;
    Values values;
    std::string dedup_key;
};

/// The part of a message that is stored sealed.
struct SealedPart {
    Values values;
    std::string recipient_name;
    std::string unsubscribe_url;
};

class Outbox {
  public:
    struct Options {
        std::string sealing_key; // 32 bytes
        UnsubscribeLinks links;
        std::int64_t first_retry_ms = 60'000; // doubles after each attempt, up to 24 h
        int max_attempts = 12;
    };
    Outbox(Options options, const Clock& clock);

    /// Queues the row in the caller's transaction.
    void add(db::Transaction& tx, const Message& message) const;
    /// The same for many at once.
    void add_all(db::Transaction& tx, const std::vector<Message>& messages) const;
    /// Makes a row that waits for its next attempt due now. False when there is none: sent, being sent, or dead (its
    /// values are erased).
    db::Task<bool> retry(db::Transaction& tx, std::int64_t id) const;
    /// Erases a deleted user's address and values from their rows; rows that are not yet sent never will be.
    void forget_user(db::Transaction& tx, std::int64_t user_id) const;

    /// Deletes the rows from before `before` that were sent or given up, in small steps; returns how many. Their
    /// dedup_keys may be used again.
    static db::Task<std::uint64_t> delete_old(db::Database& database, EpochMs before);

    /// Deletes the rows of a user in steps; returns how many.
    static db::Task<std::uint64_t> delete_of_user(db::Database& database, std::int64_t user_id, std::function<bool()> may_go_on = {});

    /// Called (after commit) when there may be something to deliver; set by the worker before any mail is added.
    void on_added(std::function<void()> wake) { wake_ = std::move(wake); }

    /// The sealed part of a row; throws std::runtime_error when it was sealed with another key.
    [[nodiscard]] SealedPart open(std::string_view sealed) const;
    [[nodiscard]] const Options& options() const noexcept { return options_; }

  private:
    void wake_after(db::Transaction& tx) const;

    Options options_;
    const Clock& clock_;
    std::function<void()> wake_;
};

/// The mails to a user, without their texts, for the user's own export.
[[nodiscard]] personal::Section personal_data(db::Database& database);

} // namespace focus::mail
