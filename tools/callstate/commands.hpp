#pragma once

namespace CLI {
class App;
}

// The subcommands, one file each. Each adds itself to the command line; when it
// is the one that was called, it runs at the end of the parse and sets the exit
// code: 0 well, 1 not found or found wrong, 2 cannot be done.

namespace callstate::tools {

void add_backup(CLI::App& app, int& exit_code);
void add_completion(CLI::App& app, int& exit_code);
void add_demo(CLI::App& app, int& exit_code);
void add_diff(CLI::App& app, int& exit_code);
void add_evidence(CLI::App& app, int& exit_code);
void add_export(CLI::App& app, int& exit_code);
void add_import(CLI::App& app, int& exit_code);
void add_projection(CLI::App& app, int& exit_code);
void add_recheck(CLI::App& app, int& exit_code);
void add_repair(CLI::App& app, int& exit_code);
void add_replay(CLI::App& app, int& exit_code);
void add_restore(CLI::App& app, int& exit_code);
void add_retain(CLI::App& app, int& exit_code);
void add_state(CLI::App& app, int& exit_code);
void add_stats(CLI::App& app, int& exit_code);
void add_tail(CLI::App& app, int& exit_code);
void add_timeline(CLI::App& app, int& exit_code);
void add_token(CLI::App& app, int& exit_code);
void add_verify(CLI::App& app, int& exit_code);
void add_webhooks(CLI::App& app, int& exit_code);
void add_why(CLI::App& app, int& exit_code);

}  // namespace callstate::tools
