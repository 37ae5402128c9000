# cmake -DSOURCES="a.sql;b.sql" -DOUTPUT=<source> -P EmbedSql.cmake
#
# Writes a source file with the texts of the migrations, in the order of their
# names: 0001_what_it_does.sql is version 1.
set(entries "")
set(count 0)
foreach(source IN LISTS SOURCES)
  get_filename_component(name "${source}" NAME_WE)
  if(NOT name MATCHES "^([0-9][0-9][0-9][0-9])_[a-z_]+$")
    message(FATAL_ERROR "${source}: migrations are named 0001_what_it_does.sql")
  endif()
  math(EXPR count "${count} + 1")
  if(NOT CMAKE_MATCH_1 EQUAL count)
    message(FATAL_ERROR "${source}: migration ${count} is missing")
  endif()
  file(READ "${source}" text)
  string(SHA256 hash "${text}")
  string(APPEND entries "    {${count}, \"${name}\",\n     \"${hash}\",\n     R\"sql(${text})sql\"},\n")
endforeach()
file(WRITE "${OUTPUT}" "#include \"projections/postgres/detail/migrations.hpp\"

namespace callstate::projections::postgres {

std::span<const Migration> migrations() {
  static constexpr Migration all[]{
${entries}  };
  return all;
}

}  // namespace callstate::projections::postgres
")
