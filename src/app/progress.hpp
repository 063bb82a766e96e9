// A progress bar on standard error for commands; shows nothing unless that is a terminal.
#pragma once

#include <format>
#include <iostream>
#include <string>
#include <unistd.h>

namespace focus::app {

class ProgressBar {
  public:
    ProgressBar() = default;
    ProgressBar(const ProgressBar&) = delete;
    ProgressBar& operator=(const ProgressBar&) = delete;
    ~ProgressBar() {
        if (shown_) std::cerr << '\n';
    }

    /// `part` is the part that is done, 0 to 1.
    void show(double part) {
        constexpr int k_width = 40;
        if (!on_terminal_) return;
        shown_ = true;
        const std::string bar(static_cast<std::size_t>(part * k_width), '#');
        std::cerr << std::format("\r[{:<{}}] {:3.0f} %", bar, k_width, part * 100) << std::flush;
    }

  private:
    bool on_terminal_ = ::isatty(STDERR_FILENO) == 1;
    bool shown_ = false;
};

} // namespace focus::app
