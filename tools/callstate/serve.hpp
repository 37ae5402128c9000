#pragma once

namespace CLI {
class App;
}

namespace callstate::tools {

/// `callstate serve`.
void add_serve(CLI::App& app, int& exit_code);

}  // namespace callstate::tools
