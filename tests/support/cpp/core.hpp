// The parts of a Core for tests, around the test's own database, bus and clock.
// Owns the parts that it makes; always holds: passwords are hashed at the lowest cost.
#pragma once

#include "core/attempts/attempts.hpp"
#include "core/base/clock.hpp"
#include "core/bus/bus.hpp"
#include "core/cache/cache.hpp"
#include "core/core.hpp"
#include "core/crypto/password.hpp"
#include "core/db/database.hpp"
#include "core/mail/outbox.hpp"
#include "core/metrics/metrics.hpp"

#include <string>

namespace focus::testing {

struct TestCore {
    TestCore(db::Database& database, bus::Bus& bus, const Clock& clock, metrics::Registry& metrics)
        : hasher{{.cost = 4}, metrics}, outbox{{.sealing_key = std::string(32, 'k'), .links = {"key", "https://focus.example"}}, clock},
          cache{{}, database, nullptr, bus, metrics}, attempts{database, clock, {.hash_key = std::string(32, 'a')}},
          core{database, cache, bus, clock, hasher, outbox, attempts, metrics, "https://focus.example"} {}

    crypto::PasswordHasher hasher;
    mail::Outbox outbox;
    cache::Cache cache;
    attempts::Guard attempts;
    Core core;
};

} // namespace focus::testing
