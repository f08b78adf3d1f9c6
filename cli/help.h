#ifndef CLI_HELP_H_
#define CLI_HELP_H_

#include "cli/command.h"

namespace CLI {
class App;
}

namespace fleet {

// Help with the examples first, for this app and all its sub-commands.
void SetUpHelp(CLI::App& app);

// `fleetctl help [TOPIC]`: exit-codes, selectors, sources.
void AddHelpTopics(CLI::App& app, Invocation& invocation);

}  // namespace fleet

#endif  // CLI_HELP_H_
