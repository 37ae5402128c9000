# layer(<name> SOURCES <files…> [DEPS <layers…>] [PRIVATE <third-party targets…>])
#
# One layer is one folder and one static library. The folder is linked into
# build/…/layers/<name>/<name>, and only that directory becomes the target's
# interface include path: `#include "storage/event_log.hpp"` compiles for those
# who link storage and for nobody else. Third-party libraries stay private, so
# none of their headers can be reached through a layer's own headers.
#
# <name> is the folder's path with `/` (core/call); the target is the same with
# `_` (core_call). PUBLIC_LIBS is for the few that a layer's headers need.
function(layer name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;PRIVATE;PUBLIC_LIBS" ${ARGN})
  string(REPLACE "/" "_" target "${name}")
  set(root "${CMAKE_BINARY_DIR}/layers/${target}")
  get_filename_component(parent "${root}/${name}" DIRECTORY)
  file(MAKE_DIRECTORY "${parent}")
  file(CREATE_LINK "${CMAKE_SOURCE_DIR}/${name}" "${root}/${name}" SYMBOLIC)

  list(TRANSFORM ARG_SOURCES PREPEND "${CMAKE_SOURCE_DIR}/${name}/")
  file(GLOB headers CONFIGURE_DEPENDS "${root}/${name}/*.hpp")
  add_library(${target} STATIC ${ARG_SOURCES})
  target_sources(${target} PUBLIC FILE_SET HEADERS BASE_DIRS "${root}" FILES ${headers})
  list(TRANSFORM ARG_DEPS REPLACE "/" "_")
  target_link_libraries(${target} PUBLIC ${ARG_DEPS} ${ARG_PUBLIC_LIBS} PRIVATE callstate_warnings ${ARG_PRIVATE})
  set_target_properties(${target} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
endfunction()
