# The documentation pages /api/docs and /api/redoc: our two pages and the bundles from npm (web/docs/package-lock.json;
# ./dev build installs them), each compressed once and embedded so.
set(docs_modules "${CMAKE_SOURCE_DIR}/web/docs/node_modules")
set(docs_inputs
  "${docs_modules}/swagger-ui-dist/swagger-ui-bundle.js"
  "${docs_modules}/swagger-ui-dist/swagger-ui.css"
  "${docs_modules}/redoc/bundles/redoc.standalone.js"
  "${CMAKE_SOURCE_DIR}/web/docs/pages/docs.html"
  "${CMAKE_SOURCE_DIR}/web/docs/pages/docs.js"
  "${CMAKE_SOURCE_DIR}/web/docs/pages/redoc.html"
  "${CMAKE_SOURCE_DIR}/web/docs/pages/redoc.js")

set(docs_files)
foreach(input IN LISTS docs_inputs)
  if(NOT EXISTS "${input}")
    message(FATAL_ERROR "${input} is missing: build with ./dev build, which installs the npm packages first")
  endif()
  get_filename_component(name "${input}" NAME)
  set(output "${CMAKE_BINARY_DIR}/docs_pages/${name}.gz")
  add_custom_command(OUTPUT "${output}" COMMAND gzip -9nc "${input}" > "${output}" DEPENDS "${input}" COMMENT "Compressing ${name}" VERBATIM)
  list(APPEND docs_files "${output}")
endforeach()
file(MAKE_DIRECTORY "${CMAKE_BINARY_DIR}/docs_pages")
focus_embed(docs_pages "${CMAKE_BINARY_DIR}/docs_pages" ${docs_files})
