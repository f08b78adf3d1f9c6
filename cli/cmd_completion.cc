#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/command.h"

namespace fleet {
namespace {

// The words that may follow "fleetctl WORDS…": sub-commands and long flags.
std::string WordsAfter(const CLI::App& app) {
  std::vector<std::string> words;
  for (const CLI::App* child : app.get_subcommands({})) {
    words.push_back(child->get_name());
  }
  for (const CLI::App* scope = &app; scope != nullptr;
       scope = scope->get_parent()) {
    for (const CLI::Option* option : scope->get_options()) {
      for (const std::string& name : option->get_lnames()) {
        words.push_back(absl::StrCat("--", name));
      }
    }
  }
  return absl::StrJoin(words, " ");
}

// One line of a case statement for each command path.
void AppendCases(const CLI::App& app, const std::string& path,
                 std::string* text) {
  absl::StrAppend(text, "    \"", path, "\") words=\"", WordsAfter(app),
                  "\" ;;\n");
  for (const CLI::App* child : app.get_subcommands({})) {
    AppendCases(*child, absl::StrCat(path, " ", child->get_name()), text);
  }
}

// Which words are commands, so that flags and their values are passed over.
std::string CommandWords(const CLI::App& app) {
  std::vector<std::string> words;
  for (const CLI::App* child : app.get_subcommands({})) {
    words.push_back(child->get_name());
    for (const CLI::App* grandchild : child->get_subcommands({})) {
      words.push_back(grandchild->get_name());
    }
  }
  return absl::StrJoin(words, "|");
}

std::string BashScript(const CLI::App& app) {
  std::string text =
      "_fleetctl() {\n  local current=\"${COMP_WORDS[COMP_CWORD]}\" "
      "path=fleetctl word words\n"
      "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
      "    case \"$word\" in ";
  absl::StrAppend(&text, CommandWords(app),
                  ") path+=\" $word\" ;; esac\n  done\n"
                  "  case \"$path\" in\n");
  AppendCases(app, "fleetctl", &text);
  absl::StrAppend(
      &text,
      "  esac\n  COMPREPLY=($(compgen -W \"$words\" -f -- \"$current\"))\n}\n"
      "complete -o filenames -F _fleetctl fleetctl\n");
  return text;
}

std::string ZshScript(const CLI::App& app) {
  return absl::StrCat("autoload -U +X bashcompinit && bashcompinit\n",
                      BashScript(app));
}

std::string FishScript(const CLI::App& app) {
  std::string text = "complete -c fleetctl -f\n";
  for (const CLI::App* child : app.get_subcommands({})) {
    absl::StrAppend(&text, "complete -c fleetctl -n __fish_use_subcommand -a ",
                    child->get_name(), "\n");
    for (const CLI::App* grandchild : child->get_subcommands({})) {
      absl::StrAppend(&text,
                      "complete -c fleetctl -n '__fish_seen_subcommand_from ",
                      child->get_name(), "' -a ", grandchild->get_name(), "\n");
    }
    for (const CLI::Option* option : child->get_options()) {
      for (const std::string& name : option->get_lnames()) {
        absl::StrAppend(&text,
                        "complete -c fleetctl -n '__fish_seen_subcommand_from ",
                        child->get_name(), "' -l ", name, "\n");
      }
    }
  }
  return text;
}

}  // namespace

void AddCompletion(CLI::App& app, Invocation& invocation) {
  CLI::App* command =
      app.add_subcommand("completion", "print a shell's completion script");
  auto shell = std::make_shared<std::string>();
  command->add_option("SHELL", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  SetExamples(*command,
              "  source <(fleetctl completion bash)\n"
              "  fleetctl completion fish > "
              "~/.config/fish/completions/fleetctl.fish");
  command->callback([shell, &app, &invocation] {
    invocation.run = [shell, &app]() -> absl::StatusOr<ExitCode> {
      const std::string text = *shell == "bash"  ? BashScript(app)
                               : *shell == "zsh" ? ZshScript(app)
                                                 : FishScript(app);
      std::fputs(text.c_str(), stdout);
      return kExitOk;
    };
  });
}

}  // namespace fleet
