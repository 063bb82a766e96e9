# libFuzzer targets (preset `fuzz`, clang): build/fuzz/fuzz_NAME for each tests/fuzz/NAME_fuzz.cpp. They are built of
# the readers' own sources only, with every one of them instrumented.
#   cmake --preset fuzz && cmake --build --preset fuzz
#   build/fuzz/fuzz_json -max_total_time=60 -dict=tests/fuzz/words.dict
file(GLOB fuzz_sources CONFIGURE_DEPENDS src/core/base/*.cpp src/core/json/*.cpp)
list(FILTER fuzz_sources EXCLUDE REGEX "_test\\.cpp$")
add_library(focus_fuzz STATIC EXCLUDE_FROM_ALL ${fuzz_sources})
target_include_directories(focus_fuzz PUBLIC src)
target_compile_options(focus_fuzz PUBLIC -fsanitize=fuzzer-no-link)
target_link_libraries(focus_fuzz PUBLIC focus_options yyjson spdlog::spdlog)

add_custom_target(fuzz)
file(GLOB fuzz_targets CONFIGURE_DEPENDS tests/fuzz/*_fuzz.cpp)
foreach(file IN LISTS fuzz_targets)
  cmake_path(GET file STEM name)
  string(REPLACE "_fuzz" "" name "${name}")
  add_executable(fuzz_${name} EXCLUDE_FROM_ALL "${file}")
  target_link_libraries(fuzz_${name} PRIVATE focus_fuzz)
  target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  add_dependencies(fuzz fuzz_${name})
endforeach()
