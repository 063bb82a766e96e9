#include "core/metrics/metrics.hpp"

#include "core/metrics/process.hpp"

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

/// From half a millisecond to the longest that a client waits.
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

} // namespace

void Counter::add(double by) const { counter_->Increment(by); }
void Gauge::set(double value) const { gauge_->Set(value); }
void Gauge::add(double by) const { gauge_->Increment(by); }
void Histogram::observe(double value) const { histogram_->Observe(value); }

struct Registry::Impl {
    prometheus::Registry registry;
};

Registry::Registry() : impl_{std::make_unique<Impl>()} {}
Registry::~Registry() = default;

Counter Registry::counter(std::string_view name, std::string_view help, const Labels& labels) {
    return Counter{prometheus::BuildCounter().Name(std::string{name}).Help(std::string{help}).Register(impl_->registry).Add(labels)};
}

Gauge Registry::gauge(std::string_view name, std::string_view help, const Labels& labels) {
    return Gauge{prometheus::BuildGauge().Name(std::string{name}).Help(std::string{help}).Register(impl_->registry).Add(labels)};
}

Histogram Registry::histogram(std::string_view name, std::string_view help, const Labels& labels, std::vector<double> buckets) {
    auto& family = prometheus::BuildHistogram().Name(std::string{name}).Help(std::string{help}).Register(impl_->registry);
    return Histogram{family.Add(labels, buckets.empty() ? k_seconds : buckets)};
}

std::string Registry::render() const {
    auto families = impl_->registry.Collect();
    for (const auto& metric : process_metrics()) families.push_back(family_of(metric));
    std::ostringstream out;
    prometheus::TextSerializer{}.Serialize(out, families);
    return std::move(out).str();
}

} // namespace focus::metrics
