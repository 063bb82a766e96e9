// The jobs of the challenges room; wired by app.
#pragma once

#include "core/jobs/scheduler.hpp"
#include "features/challenges/service.hpp"

namespace focus::challenges {

/// `challenges`: starts and ends challenges and tells those who take part.
void add_jobs(jobs::Scheduler& scheduler, Service& service);

} // namespace focus::challenges
