// Counters, gauges and histograms for Prometheus, by prometheus-cpp. One Registry per process, made by app and passed
// to each part that measures; a module declares its metrics where it uses them and keeps the returned handle.
// Always holds: label values are bounded by the code (route patterns, statement names), never unchecked input (see
// name_counters.hpp); a registry that is off returns handles that do nothing.
#pragma once

#include <functional>
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
    explicit Counter(prometheus::Counter* counter) : counter_{counter} {}
    void add(double by = 1) const;

  private:
    prometheus::Counter* counter_; // null: counts nothing
};
class Gauge {
  public:
    explicit Gauge(prometheus::Gauge* gauge) : gauge_{gauge} {}
    void set(double value) const;
    void add(double by) const;

  private:
    prometheus::Gauge* gauge_;
};
class Histogram {
  public:
    explicit Histogram(prometheus::Histogram* histogram) : histogram_{histogram} {}
    /// In seconds for a duration.
    void observe(double value) const;

  private:
    prometheus::Histogram* histogram_;
};

class Registry {
  public:
    explicit Registry(bool is_on = true);
    ~Registry();
    [[nodiscard]] bool is_on() const noexcept;

    /// The series of `name` with these labels, made on first use (takes a lock: keep the handle on hot paths).
    Counter counter(std::string_view name, std::string_view help, const Labels& labels = {});
    Gauge gauge(std::string_view name, std::string_view help, const Labels& labels = {});
    Histogram histogram(std::string_view name, std::string_view help, const Labels& labels = {}, std::vector<double> buckets = {});
    /// A gauge whose agreed name ends in _total although it also falls: shown without a type, since it is no counter.
    Gauge level(std::string_view name, std::string_view help, const Labels& labels = {});
    /// Removes a counter's series; no handle to it may be used any more.
    void drop_counter(std::string_view name, std::string_view help, const Labels& labels);

    /// Runs before each render(), to set gauges that are read only then; null: no longer. Must be quick and not throw.
    void on_scrape(std::function<void()> look);

    /// All series in the Prometheus text format 0.0.4.
    [[nodiscard]] std::string render() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace focus::metrics
