# cmake -DSOURCES="a;b" -DNAME=<constant> -DOUTPUT=<header> -P ReducerVersion.cmake
#
# Writes a header with the SHA-256 of the given sources, in their order. What was
# folded by other sources is of no use to this build.
set(all "")
foreach(source IN LISTS SOURCES)
  file(SHA256 "${source}" hash)
  string(APPEND all "${hash}\n")
endforeach()
string(SHA256 version "${all}")
string(REGEX REPLACE "(..)" "0x\\1, " bytes "${version}")
set(text "#pragma once

#include \"core/call/ids.hpp\"

namespace callstate::storage {

/// Of the sources that fold the log into what is kept under this.
constexpr call::Hash ${NAME}{${bytes}};

}  // namespace callstate::storage
")
file(WRITE "${OUTPUT}" "${text}")
