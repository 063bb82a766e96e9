// Counters, gauges and histograms for Prometheus, by prometheus-cpp. One Registry per process, made by app and handed
// to whoever measures; a room declares its metrics where it uses them and keeps the returned handle.
// Always holds: label values are bounded by the code (route patterns, statement names), never taken from input.
#pragma once

#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
} // namespace prometheus

namespace focus::metrics {

using Labels = std::map<std::string, std::string>;

/// A handle to one time series; cheap to copy, safe from any thread, valid as long as the registry.
class Counter {
  public:
    explicit Counter(prometheus::Counter& counter) : counter_{&counter} {}
    void add(double by = 1) const;

  private:
    prometheus::Counter* counter_;
};
class Gauge {
  public:
    explicit Gauge(prometheus::Gauge& gauge) : gauge_{&gauge} {}
    void set(double value) const;
    void add(double by) const;

  private:
    prometheus::Gauge* gauge_;
};
class Histogram {
  public:
    explicit Histogram(prometheus::Histogram& histogram) : histogram_{&histogram} {}
    /// Seconds, where it is a duration.
    void observe(double value) const;

  private:
    prometheus::Histogram* histogram_;
};

class Registry {
  public:
    Registry();
    ~Registry();

    /// The series of `name` with these labels, made on first use (takes a lock: keep the handle on hot paths).
    Counter counter(std::string_view name, std::string_view help, const Labels& labels = {});
    Gauge gauge(std::string_view name, std::string_view help, const Labels& labels = {});
    Histogram histogram(std::string_view name, std::string_view help, const Labels& labels = {}, std::vector<double> buckets = {});

    /// Everything in the Prometheus text format 0.0.4.
    [[nodiscard]] std::string render() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace focus::metrics
