#include "tools/bench/figure.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>

namespace callstate::bench {
namespace {

std::string number(const char* format, double value) {
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

}  // namespace

void print_header(const Options& options) {
  if (options.json) return;
  std::printf("%-22s %14s %-9s %14s %7s %9s\n", "figure", "value", "", "ceiling", "ratio",
              "target");
}

void print(const Figure& figure, const Options& options) {
  if (options.json) {
    const auto or_null = [](bool there, double value) {
      return there ? number("%.3f", value) : std::string("null");
    };
    const bool beside = figure.ceiling > 0;
    std::printf(R"({"name":"%s","value":%.3f,"unit":"%s","ceiling":%s,"ratio":%s,"target":%s,)"
                R"("ok":%s})"
                "\n",
                figure.name.c_str(), figure.value, figure.unit.c_str(),
                or_null(beside, figure.ceiling).c_str(), or_null(beside, figure.ratio).c_str(),
                or_null(figure.target.has_value(), figure.target.value_or(0)).c_str(),
                figure.ok() ? "true" : "false");
  } else {
    const bool beside = figure.ceiling > 0;
    const std::string target =
        figure.target ? (figure.at_least ? ">= " : "<= ") + number("%.2f", *figure.target) : "";
    const char* verdict = !figure.target ? "" : figure.ok() ? "ok" : "MISSED";
    std::printf("%-22s %14.1f %-9s %14s %7s %9s  %-6s  (%s)\n", figure.name.c_str(), figure.value,
                figure.unit.c_str(), beside ? number("%.1f", figure.ceiling).c_str() : "",
                beside ? number("%.2f", figure.ratio).c_str() : "", target.c_str(), verdict,
                figure.ceiling_name.c_str());
  }
  std::fflush(stdout);
}

double percentile(std::vector<double>& values, double fraction) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  const auto at = static_cast<std::size_t>(fraction * static_cast<double>(values.size() - 1) + 0.5);
  return values[at];
}

double median(std::vector<double>& values) {
  return percentile(values, 0.5);
}

std::string fresh_folder(const Options& options, const std::string& name) {
  const auto folder = std::filesystem::path(options.dir) / name;
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder.parent_path());
  return folder.string();
}

}  // namespace callstate::bench
