# console_source(<target>): adds the console's files, as a source, to the target.
#
# Node and npm make them. Where these are missing, or npm cannot fetch its packages,
# the server is built all the same, and says at /console what is missing.
option(CALLSTATE_CONSOLE "Build the console, the page at /console (needs node and npm)" ON)

function(console_source target)
  set(source "${CMAKE_SOURCE_DIR}/tools/console")
  set(output "${CMAKE_CURRENT_BINARY_DIR}/console_files.cpp")
  find_program(CALLSTATE_NODE NAMES node nodejs)
  find_program(CALLSTATE_NPM NAMES npm)
  set(CONSOLE_MISSING "")
  if(NOT CALLSTATE_CONSOLE)
    set(CONSOLE_MISSING "it was configured with CALLSTATE_CONSOLE=OFF")
  elseif(NOT CALLSTATE_NODE OR NOT CALLSTATE_NPM)
    set(CONSOLE_MISSING "node and npm were not there; install them, configure and build again")
  endif()
  target_sources(${target} PRIVATE "${output}")
  if(CONSOLE_MISSING)
    message(STATUS "The console is left out: ${CONSOLE_MISSING}")
    configure_file("${source}/left_out.cpp.in" "${output}" @ONLY)
    return()
  endif()
  file(GLOB_RECURSE files CONFIGURE_DEPENDS "${source}/src/*")
  # The stamp is left out where the console is: the next build tries again.
  set(stamp "${CMAKE_CURRENT_BINARY_DIR}/console.stamp")
  add_custom_command(
    OUTPUT "${stamp}"
    BYPRODUCTS "${output}"
    COMMAND "${CMAKE_COMMAND}" "-DNODE=${CALLSTATE_NODE}" "-DNPM=${CALLSTATE_NPM}"
      "-DSOURCE=${source}" "-DFOLDER=${CMAKE_CURRENT_BINARY_DIR}/console"
      "-DOUTPUT=${output}" "-DSTAMP=${stamp}" -P "${CMAKE_SOURCE_DIR}/cmake/BuildConsole.cmake"
    DEPENDS ${files} "${source}/build.mjs" "${source}/package.json" "${source}/package-lock.json"
      "${source}/left_out.cpp.in" "${CMAKE_SOURCE_DIR}/cmake/BuildConsole.cmake"
    COMMENT "Building the console"
    VERBATIM)
  add_custom_target(${target}_console DEPENDS "${stamp}")
  add_dependencies(${target} ${target}_console)
endfunction()
