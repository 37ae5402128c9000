# cmake -DNODE= -DNPM= -DSOURCE= -DFOLDER= -DOUTPUT= -DSTAMP= -P BuildConsole.cmake
#
# Writes OUTPUT, a C++ source with the console's files, and STAMP; where that cannot be
# done, an OUTPUT that says so, no STAMP, and no failure.
file(REMOVE "${STAMP}")

function(leave_out why)
  set(CONSOLE_MISSING "${why}")
  message("The console is left out: ${why}")
  configure_file("${SOURCE}/left_out.cpp.in" "${OUTPUT}" @ONLY)
endfunction()

set(installed "${SOURCE}/node_modules/.package-lock.json")
if(NOT EXISTS "${installed}" OR "${SOURCE}/package-lock.json" IS_NEWER_THAN "${installed}")
  execute_process(
    COMMAND "${NPM}" ci --no-audit --no-fund --loglevel=error --fetch-retries=1
    WORKING_DIRECTORY "${SOURCE}"
    RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    leave_out("npm could not install the packages of tools/console; build again with a network")
    return()
  endif()
  file(TOUCH "${installed}")
endif()
execute_process(
  COMMAND "${NODE}" build.mjs "${FOLDER}" "${OUTPUT}"
  WORKING_DIRECTORY "${SOURCE}"
  RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  leave_out("its own build failed; run node build.mjs in tools/console to see why")
  return()
endif()
file(TOUCH "${STAMP}")
