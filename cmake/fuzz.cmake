# libFuzzer targets (preset `fuzz`, clang): build/fuzz/fuzz_NAME for each tests/fuzz/NAME_fuzz.cpp. They are built of
# the readers' own sources only, with every one of them instrumented. What to begin with is in tests/fuzz/corpus/NAME.
#   ./dev test fuzz                      all of them, FUZZ_SECONDS (30) each
#   ./dev build fuzz
#   ./dev exec build/fuzz/fuzz_json -max_total_time=60 -dict=tests/fuzz/words.dict
file(GLOB fuzz_sources CONFIGURE_DEPENDS src/core/base/*.cpp src/core/json/*.cpp src/core/crypto/*.cpp src/features/*/types.cpp)
list(FILTER fuzz_sources EXCLUDE REGEX "_test\\.cpp$|workers\\.cpp$|password\\.cpp$") # no readers, and they need Asio
list(APPEND fuzz_sources
  src/core/http/forwarded.cpp src/core/http/head_parser.cpp src/core/http/headers.cpp src/core/http/target.cpp
  src/features/activities/cursor.cpp src/features/activities/import.cpp src/features/activities/import_csv.cpp
  src/features/activities/import_json.cpp src/features/auth/rules.cpp "${CMAKE_BINARY_DIR}/embedded/common_passwords.cpp")
add_library(focus_fuzz STATIC ${fuzz_sources} cmake/asio_beast.cpp)
target_include_directories(focus_fuzz PUBLIC src tests)
target_compile_options(focus_fuzz PUBLIC -fsanitize=fuzzer-no-link)
target_link_libraries(focus_fuzz PUBLIC focus_options yyjson spdlog::spdlog Boost::headers Boost::url OpenSSL::SSL OpenSSL::Crypto Threads::Threads)

file(GLOB fuzz_targets CONFIGURE_DEPENDS tests/fuzz/*_fuzz.cpp)
foreach(file IN LISTS fuzz_targets)
  cmake_path(GET file STEM name)
  string(REPLACE "_fuzz" "" name "${name}")
  add_executable(fuzz_${name} "${file}")
  target_link_libraries(fuzz_${name} PRIVATE focus_fuzz)
  target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
endforeach()

# The rest is for g++ only.
set_target_properties(focus focus_lib focus_tests focus_third_party PROPERTIES EXCLUDE_FROM_ALL ON)
