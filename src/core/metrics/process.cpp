#include "core/metrics/process.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <sys/resource.h>
#include <unistd.h>

namespace focus::metrics {
namespace {

/// The fields of /proc/self/stat after the command's name, by their numbers in proc(5).
struct Stat {
    double user_ticks = 0;     // 14
    double system_ticks = 0;   // 15
    double threads = 0;        // 20
    double start_ticks = 0;    // 22, since boot
    double virtual_bytes = 0;  // 23
    double resident_pages = 0; // 24
};

bool read_stat(Stat& stat) {
    std::ifstream file{"/proc/self/stat"};
    std::string line;
    if (!std::getline(file, line)) return false;
    std::istringstream fields{line.substr(line.rfind(')') + 1)}; // the name may contain any characters
    std::string skipped;
    for (int number = 3; number <= 24 && fields; ++number) {
        switch (number) {
        case 14:
            fields >> stat.user_ticks;
            break;
        case 15:
            fields >> stat.system_ticks;
            break;
        case 20:
            fields >> stat.threads;
            break;
        case 22:
            fields >> stat.start_ticks;
            break;
        case 23:
            fields >> stat.virtual_bytes;
            break;
        case 24:
            fields >> stat.resident_pages;
            break;
        default:
            fields >> skipped;
        }
    }
    return !fields.fail();
}

double boot_time_s() {
    std::ifstream file{"/proc/stat"};
    for (std::string word; file >> word;) {
        double value = 0;
        if (word == "btime" && file >> value) return value;
    }
    return 0;
}

double open_files() {
    std::error_code error;
    double count = 0;
    for (std::filesystem::directory_iterator entry{"/proc/self/fd", error}, end; !error && entry != end; entry.increment(error)) ++count;
    return count > 0 ? count - 1 : 0; // without the descriptor that reads the folder
}

} // namespace

std::vector<ProcessMetric> process_metrics() {
    Stat stat;
    if (!read_stat(stat)) return {};
    const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    return {
        {"process_cpu_seconds_total", "User and system CPU time spent, in seconds.", (stat.user_ticks + stat.system_ticks) / ticks, true},
        {"process_resident_memory_bytes", "Resident memory size in bytes.",
         stat.resident_pages * static_cast<double>(sysconf(_SC_PAGESIZE))},
        {"process_virtual_memory_bytes", "Virtual memory size in bytes.", stat.virtual_bytes},
        {"process_open_fds", "Number of open file descriptors.", open_files()},
        {"process_max_fds", "Maximum number of open file descriptors.", static_cast<double>(files.rlim_cur)},
        {"process_threads", "Number of threads.", stat.threads},
        {"process_start_time_seconds", "Start time of the process since the Unix epoch, in seconds.",
         boot_time_s() + stat.start_ticks / ticks},
    };
}

} // namespace focus::metrics
