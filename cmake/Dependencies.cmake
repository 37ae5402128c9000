# Every third-party library, by one name each. All are Debian 12 packages; the
# list of packages is in ./dev.
find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json url)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(Flatbuffers REQUIRED CONFIG NAMES FlatBuffers Flatbuffers flatbuffers)
find_package(PkgConfig REQUIRED)
pkg_check_modules(cjose REQUIRED IMPORTED_TARGET cjose)
pkg_check_modules(rocksdb REQUIRED IMPORTED_TARGET rocksdb)
if(CALLSTATE_TESTS)
  find_package(GTest REQUIRED)
endif()
