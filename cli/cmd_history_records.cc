#include <google/protobuf/util/json_util.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/print_changes.h"
#include "cli/table.h"
#include "lib/base/printable.h"
#include "lib/base/status.h"

// The history as it is kept: whether it is whole, and all of it.

namespace fleet {
namespace {

struct Options {
  std::vector<std::string> targets;
};

std::string HeadsText(const v1::VerifyHistoryReply& reply, const Style& style) {
  Table table({"STREAM", "RECORDS", "LAST HASH"});
  for (const v1::StreamHead& head : reply.heads()) {
    table.AddRow({Printable(head.stream()), absl::StrCat(head.sequence()),
                  absl::BytesToHexString(head.hash())});
  }
  return absl::StrCat(table.Text(style),
                      "every chain is whole: ", reply.records(), " records in ",
                      reply.heads_size(), " streams\n");
}

absl::StatusOr<ExitCode> RunVerify(const Invocation& invocation) {
  ASSIGN_OR_RETURN(std::unique_ptr<Client> client,
                   Client::Connect(invocation.globals));
  ASSIGN_OR_RETURN(const v1::VerifyHistoryReply reply,
                   client->VerifyHistory({}));
  const std::string text =
      invocation.json() ? PrintJson(reply) : HeadsText(reply, invocation.out());
  std::fputs(text.c_str(), stdout);
  return kExitOk;
}

// The streams of the targets that were named; all where none was.
absl::StatusOr<std::vector<v1::StreamHead>> Wanted(
    const v1::VerifyHistoryReply& reply, const Options& options) {
  if (options.targets.empty()) {
    return std::vector<v1::StreamHead>(reply.heads().begin(),
                                       reply.heads().end());
  }
  std::vector<v1::StreamHead> wanted;
  for (const std::string& target : options.targets) {
    const std::string stream = absl::StrCat("target/", target);
    const auto found = std::find_if(
        reply.heads().begin(), reply.heads().end(),
        [&](const v1::StreamHead& head) { return head.stream() == stream; });
    if (found == reply.heads().end()) {
      return absl::NotFoundError(
          absl::StrCat("there is no history of target \"", Printable(target),
                       "\"; fleetctl target list names them"));
    }
    wanted.push_back(*found);
  }
  return wanted;
}

// A part of a history must not look like all of it.
absl::Status WriteError() {
  return absl::ResourceExhaustedError(
      absl::StrCat("cannot write the export: ", std::strerror(errno),
                   "; what is there is not all of it"));
}
absl::Status Write(const std::string& line) {
  return std::fputs(line.c_str(), stdout) < 0 ? WriteError() : absl::OkStatus();
}
absl::Status Flush() {
  return std::fflush(stdout) != 0 ? WriteError() : absl::OkStatus();
}

// One line for each record: order within a stream is that of its sequence.
absl::Status ExportStream(Client& client, const v1::StreamHead& head) {
  google::protobuf::util::JsonPrintOptions json;
  json.preserve_proto_field_names = true;
  v1::ReadHistoryRequest request;
  request.set_stream(head.stream());
  request.set_from_sequence(1);
  while (request.from_sequence() <= head.sequence()) {
    ASSIGN_OR_RETURN(const v1::ReadHistoryReply reply,
                     client.ReadHistory(request));
    if (reply.records().empty()) {
      return absl::DataLossError(
          absl::StrCat("stream ", head.stream(), " ends before record ",
                       request.from_sequence(), " (want ", head.sequence(),
                       "); run fleetctl history verify"));
    }
    for (const v1::Record& record : reply.records()) {
      if (record.sequence() > head.sequence()) return absl::OkStatus();
      std::string line;
      const auto status =
          google::protobuf::util::MessageToJsonString(record, &line, json);
      if (!status.ok()) return absl::InternalError(status.ToString());
      RETURN_IF_ERROR(Write(line + "\n"));
    }
    request.set_from_sequence(
        reply.records(reply.records_size() - 1).sequence() + 1);
  }
  return absl::OkStatus();
}

absl::StatusOr<ExitCode> RunExport(const Options& options,
                                   const Invocation& invocation) {
  ASSIGN_OR_RETURN(std::unique_ptr<Client> client,
                   Client::Connect(invocation.globals));
  v1::VerifyHistoryRequest request;
  request.set_heads_only(true);
  ASSIGN_OR_RETURN(const v1::VerifyHistoryReply reply,
                   client->VerifyHistory(request));
  ASSIGN_OR_RETURN(const std::vector<v1::StreamHead> heads,
                   Wanted(reply, options));
  for (const v1::StreamHead& head : heads) {
    RETURN_IF_ERROR(ExportStream(*client, head));
  }
  RETURN_IF_ERROR(Flush());
  return kExitOk;
}

}  // namespace

void AddHistoryRecords(CLI::App& history, Invocation& invocation) {
  CLI::App* verify = history.add_subcommand(
      "verify", "read every record and check every chain of hashes");
  SetExamples(*verify,
              "  fleetctl history verify\n"
              "  fleetctl history verify -o json");
  verify->callback([&invocation] {
    invocation.run = [&invocation] { return RunVerify(invocation); };
  });

  auto options = std::make_shared<Options>();
  CLI::App* exporter = history.add_subcommand(
      "export", "every record as a line of JSON, oldest first per stream");
  exporter->add_option("--target", options->targets,
                       "only these targets (default: all, and the rollouts)");
  SetExamples(*exporter,
              "  fleetctl history export > history.jsonl\n"
              "  fleetctl history export --target saas-eu-14");
  exporter->callback([options, &invocation] {
    invocation.run = [options, &invocation] {
      return RunExport(*options, invocation);
    };
  });
}

}  // namespace fleet
