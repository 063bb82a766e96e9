# The pages against the API: their types come from the server's own OpenAPI document, so a change of the API that breaks a
# page breaks the build. (Vite itself drops the types, so the pages can be built before the server that has them.)
set(web_schema "${CMAKE_SOURCE_DIR}/web/src/api/schema.d.ts")
set(web_document "${CMAKE_BINARY_DIR}/web_check/openapi.json")
set(web_checked "${CMAKE_BINARY_DIR}/web_check/checked")
file(MAKE_DIRECTORY "${CMAKE_BINARY_DIR}/web_check")
add_custom_command(
  OUTPUT "${web_document}"
  COMMAND focus openapi > "${web_document}.new"
  COMMAND ${CMAKE_COMMAND} -E copy_if_different "${web_document}.new" "${web_document}"
  DEPENDS focus COMMENT "Writing the OpenAPI document" VERBATIM)
add_custom_command(
  OUTPUT "${web_checked}"
  COMMAND ${NODE} node_modules/openapi-typescript/bin/cli.js "${web_document}" --default-non-nullable=false -o "${web_schema}" > "${web_checked}.log"
  COMMAND ${NODE} node_modules/svelte-check/bin/svelte-check --tsconfig tsconfig.json --fail-on-warnings --output human
  COMMAND ${CMAKE_COMMAND} -E touch "${web_checked}"
  DEPENDS "${web_document}" ${web_inputs} "${web_dir}/package-lock.json" "${web_dir}/tsconfig.json"
  WORKING_DIRECTORY "${web_dir}" COMMENT "Checking the web pages against the API" VERBATIM)
if(FOCUS_SANITIZE OR FOCUS_COVERAGE OR FOCUS_FUZZ)
  add_custom_target(web_check DEPENDS "${web_checked}")
else()
  add_custom_target(web_check ALL DEPENDS "${web_checked}")
endif()
