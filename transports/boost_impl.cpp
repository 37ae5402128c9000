// Asio and Beast are compiled once, here, instead of in every file that uses
// them; see BOOST_*_SEPARATE_COMPILATION in CMakeLists.txt.
#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
