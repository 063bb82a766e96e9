# The web pages: web/ built by Vite, each file compressed (web/tools/pack.ts, which also holds the sizes against their
# budget) and embedded so. ./dev build installs the npm packages first (web/package-lock.json).
set(web_dir "${CMAKE_SOURCE_DIR}/web")
find_program(NODE node)
if(NOT NODE OR NOT EXISTS "${web_dir}/node_modules/vite/bin/vite.js")
  message(FATAL_ERROR "Node or ${web_dir}/node_modules is missing: build with ./dev build, which installs them first")
endif()
file(GLOB_RECURSE web_inputs CONFIGURE_DEPENDS "${web_dir}/src/*" "${web_dir}/tools/*")
list(FILTER web_inputs EXCLUDE REGEX "schema\\.d\\.ts$") # made by cmake/web_check.cmake
set(web_dist "${CMAKE_BINARY_DIR}/web_pages")
set(web_source "${CMAKE_BINARY_DIR}/embedded/web_pages.cpp")
add_custom_command(
  OUTPUT "${web_source}"
  COMMAND ${NODE} "${web_dir}/node_modules/vite/bin/vite.js" build --logLevel warn --emptyOutDir --outDir "${web_dist}" "${web_dir}"
  COMMAND ${CMAKE_COMMAND} -DNAME=web_pages "-DPREFIX=${web_dist}" "-DOUTPUT=${web_source}" -P "${CMAKE_SOURCE_DIR}/cmake/embed_files.cmake"
  DEPENDS ${web_inputs} "${web_dir}/index.html" "${web_dir}/package-lock.json" "${web_dir}/tsconfig.json" "${web_dir}/vite.config.ts"
          "${CMAKE_SOURCE_DIR}/cmake/embed_files.cmake"
  WORKING_DIRECTORY "${web_dir}"
  COMMENT "Building the web pages" VERBATIM)
list(APPEND focus_embedded_sources "${web_source}")
