# Turns files into constant data of the binary. focus_embed(NAME PREFIX file…) makes build/embedded/NAME.cpp with
#   namespace focus::embedded { std::span<const File> NAME(); }
# where each File has its path relative to PREFIX and its bytes (see src/core/base/embedded.hpp).
set(focus_embedded_sources)

function(focus_embed name prefix)
  set(output "${CMAKE_BINARY_DIR}/embedded/${name}.cpp")
  add_custom_command(
    OUTPUT "${output}"
    COMMAND ${CMAKE_COMMAND} -DNAME=${name} "-DPREFIX=${prefix}" "-DOUTPUT=${output}" "-DFILES=${ARGN}" -P "${CMAKE_SOURCE_DIR}/cmake/embed_files.cmake"
    DEPENDS ${ARGN} "${CMAKE_SOURCE_DIR}/cmake/embed_files.cmake"
    COMMENT "Embedding ${name}" VERBATIM)
  set(focus_embedded_sources ${focus_embedded_sources} "${output}" PARENT_SCOPE)
endfunction()

file(GLOB migrations_sqlite CONFIGURE_DEPENDS migrations/sqlite/*.sql)
file(GLOB migrations_mysql CONFIGURE_DEPENDS migrations/mysql/*.sql)
focus_embed(migrations_sqlite "${CMAKE_SOURCE_DIR}/migrations/sqlite" ${migrations_sqlite})
focus_embed(migrations_mysql "${CMAKE_SOURCE_DIR}/migrations/mysql" ${migrations_mysql})
file(GLOB_RECURSE mail_templates CONFIGURE_DEPENDS templates/mail/*)
focus_embed(mail_templates "${CMAKE_SOURCE_DIR}/templates/mail" ${mail_templates})
focus_embed(common_passwords "${CMAKE_SOURCE_DIR}/src/features/auth" "${CMAKE_SOURCE_DIR}/src/features/auth/common_passwords.txt")
