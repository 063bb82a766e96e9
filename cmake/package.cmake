# What `./dev package` puts into the tarball besides the server: the systemd unit, an example of settings, the documents.
install(FILES deploy/systemd/focus.service deploy/systemd/focus.env DESTINATION share/focus/systemd)
install(FILES deploy/packages.txt DESTINATION share/focus)
install(FILES README.md CHANGELOG.md docs/configuration.md docs/operations.md DESTINATION share/doc/focus)

set(CPACK_GENERATOR TGZ)
set(CPACK_PACKAGE_NAME focus)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_SYSTEM_NAME "linux-${CMAKE_SYSTEM_PROCESSOR}")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "The Focus server")
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_CHECKSUM SHA256)
set(CPACK_VERBATIM_VARIABLES ON)
include(CPack)
