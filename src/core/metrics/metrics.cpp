#include "core/metrics/metrics.hpp"

#include "core/metrics/process.hpp"

#include <mutex>
#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/metric_family.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <sstream>

namespace focus::metrics {
namespace {

/// From half a millisecond to the longest time that a client waits.
const std::vector<double> k_seconds{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};

prometheus::MetricFamily family_of(const ProcessMetric& metric) {
    prometheus::MetricFamily family;
    family.name = metric.name;
    family.help = metric.help;
    family.type = metric.is_counter ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge;
    prometheus::ClientMetric value;
    (metric.is_counter ? value.counter.value : value.gauge.value) = metric.value;
    family.metric.push_back(std::move(value));
    return family;
}

prometheus::MetricFamily without_type(prometheus::MetricFamily family) {
    family.type = prometheus::MetricType::Untyped;
    for (auto& metric : family.metric) metric.untyped.value = metric.gauge.value;
    return family;
}

auto& counter_family(prometheus::Registry& registry, std::string_view name, std::string_view help) {
    return prometheus::BuildCounter().Name(std::string{name}).Help(std::string{help}).Register(registry);
}

auto& gauge_family(prometheus::Registry& registry, std::string_view name, std::string_view help) {
    return prometheus::BuildGauge().Name(std::string{name}).Help(std::string{help}).Register(registry);
}

} // namespace

void Counter::add(double by) const {
    if (counter_ != nullptr) counter_->Increment(by);
}
void Gauge::set(double value) const {
    if (gauge_ != nullptr) gauge_->Set(value);
}
void Gauge::add(double by) const {
    if (gauge_ != nullptr) gauge_->Increment(by);
}
void Histogram::observe(double value) const {
    if (histogram_ != nullptr) histogram_->Observe(value);
}

struct Registry::Impl {
    bool is_on = true;
    prometheus::Registry registry;
    prometheus::Registry levels; // gauges that are shown without a type
    std::mutex mutex;
    std::function<void()> look;
};

Registry::Registry(bool is_on) : impl_{std::make_unique<Impl>()} { impl_->is_on = is_on; }
Registry::~Registry() = default;

bool Registry::is_on() const noexcept { return impl_->is_on; }

Counter Registry::counter(std::string_view name, std::string_view help, const Labels& labels) {
    if (!impl_->is_on) return Counter{nullptr};
    return Counter{&counter_family(impl_->registry, name, help).Add(labels)};
}

Gauge Registry::gauge(std::string_view name, std::string_view help, const Labels& labels) {
    if (!impl_->is_on) return Gauge{nullptr};
    return Gauge{&gauge_family(impl_->registry, name, help).Add(labels)};
}

Gauge Registry::level(std::string_view name, std::string_view help, const Labels& labels) {
    if (!impl_->is_on) return Gauge{nullptr};
    return Gauge{&gauge_family(impl_->levels, name, help).Add(labels)};
}

Histogram Registry::histogram(std::string_view name, std::string_view help, const Labels& labels, std::vector<double> buckets) {
    if (!impl_->is_on) return Histogram{nullptr};
    auto& family = prometheus::BuildHistogram().Name(std::string{name}).Help(std::string{help}).Register(impl_->registry);
    return Histogram{&family.Add(labels, buckets.empty() ? k_seconds : buckets)};
}

void Registry::drop_counter(std::string_view name, std::string_view help, const Labels& labels) {
    if (!impl_->is_on) return;
    auto& family = counter_family(impl_->registry, name, help);
    family.Remove(&family.Add(labels));
}

void Registry::on_scrape(std::function<void()> look) {
    const std::lock_guard lock{impl_->mutex};
    impl_->look = std::move(look);
}

std::string Registry::render() const {
    {
        const std::lock_guard lock{impl_->mutex};
        if (impl_->look) impl_->look();
    }
    auto families = impl_->registry.Collect();
    for (auto& family : impl_->levels.Collect()) families.push_back(without_type(std::move(family)));
    for (const auto& metric : process_metrics()) families.push_back(family_of(metric));
    std::ostringstream out;
    prometheus::TextSerializer{}.Serialize(out, families);
    return std::move(out).str();
}

} // namespace focus::metrics
