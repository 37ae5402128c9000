#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace callstate::tools {

/// `1,234,567`.
std::string grouped(std::uint64_t number);
/// `1 record`, `1,234 records`.
std::string count_of(std::uint64_t number, std::string_view noun);
/// `512 bytes`, `1.5 MiB`.
std::string bytes_of(std::uint64_t bytes);

}  // namespace callstate::tools
