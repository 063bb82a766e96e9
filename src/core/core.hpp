// Core: the parts that every feature module is built on, passed as one argument.
// Owns nothing: the application makes the parts and keeps them until the last module is destroyed. Always holds: no
// feature is named here; a module stores references to the parts that it needs, not the Core itself.
#pragma once

#include <string>

namespace focus {

class Clock;

namespace attempts {
class Guard;
}
namespace bus {
class Bus;
}
namespace cache {
class Cache;
}
namespace crypto {
class PasswordHasher;
}
namespace db {
class Database;
}
namespace mail {
class Outbox;
}
namespace metrics {
class Registry;
}

struct Core {
    db::Database& database;
    cache::Cache& cache;
    bus::Bus& bus;
    const Clock& clock;
    crypto::PasswordHasher& hasher;
    mail::Outbox& outbox;
    attempts::Guard& attempts;
    metrics::Registry& metrics;
    std::string frontend_url; // where links in mails lead, without a trailing slash
};

} // namespace focus
