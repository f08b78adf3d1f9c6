#include "coordinator/source.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "lib/base/printable.h"
#include "lib/base/status.h"
#include "lib/engine/registry.h"
#include "lib/history/schema_store.h"
#include "lib/schema/fingerprint.h"

namespace fleet {
namespace {

// How many scratch databases are tried before the last failure is told.
constexpr size_t kScratchTries = 3;

// Counts answers; whoever waits sees the last one.
class Countdown {
 public:
  Countdown(size_t count, const std::function<void(int)>& progress)
      : left_(count), total_(count), progress_(progress) {}

  void Done() {
    absl::MutexLock lock(&mutex_);
    --left_;
    if (progress_ != nullptr) progress_(total_ - left_);
  }
  void Wait() {
    const auto is_over = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return left_ == 0;
    };
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&is_over));
  }

 private:
  absl::Mutex mutex_;
  size_t left_ ABSL_GUARDED_BY(mutex_);
  const size_t total_;
  const std::function<void(int)>& progress_;
};

}  // namespace

absl::StatusOr<Source> SourceResolver::Resolve(const std::string& text) const {
  const size_t at = text.rfind('@');
  if (at == std::string::npos) return Live(text);
  const std::string target = text.substr(0, at);
  RETURN_IF_ERROR(fleet_.Find(target).status());
  ASSIGN_OR_RETURN(const v1::Version version,
                   view_.Find(target, text.substr(at + 1)));
  return OfVersion(version);
}

absl::StatusOr<Source> SourceResolver::OfVersion(
    const v1::Version& version) const {
  Source source;
  source.name = absl::StrCat(version.target(), "@", version.number());
  source.target = version.target();
  source.fingerprint = version.fingerprint();
  absl::StatusOr<std::shared_ptr<const Schema>> schema =
      Load(version.fingerprint());
  if (!schema.ok()) return Annotate(schema.status(), source.name);
  source.schema = *std::move(schema);
  return source;
}

absl::StatusOr<Source> SourceResolver::Live(const std::string& target) const {
  RETURN_IF_ERROR(fleet_.Reach(target).status());
  Refresh({target}, nullptr);
  ASSIGN_OR_RETURN(const TargetSnapshot now, fleet_.Find(target));
  RETURN_IF_ERROR(Annotate(now.error, absl::StrCat("reading source ", target)));
  const absl::StatusOr<v1::Version> newest = view_.Newest(target);
  if (newest.ok() && newest->fingerprint() == now.fingerprint) {
    return OfVersion(*newest);
  }
  if (!now.rollout.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "source ", target, " is being changed by rollout ", now.rollout,
        "; wait for it, or name a recorded version: ", target, "@",
        newest.ok() ? newest->number() : 1));
  }
  return absl::UnavailableError(absl::StrCat(
      "the schema of source ", target,
      " could not be recorded; it changes, or its agent went away; try again"));
}

absl::StatusOr<Source> SourceResolver::FromSql(
    const std::string& sql, const std::string& file_name,
    const std::vector<std::string>& targets) const {
  absl::Status failure;
  for (size_t i = 0; i < targets.size() && i < kScratchTries; ++i) {
    absl::StatusOr<v1::SchemaReply> reply =
        Await<v1::SchemaReply>([&](AgentCalls::Done<v1::SchemaReply> done) {
          calls_.Scratch(targets[i], sql, file_name, std::move(done));
        });
    if (!reply.ok()) {
      failure = reply.status();
      if (absl::IsUnavailable(failure)) continue;
      return failure;
    }
    ASSIGN_OR_RETURN(Schema schema, FromProto(reply->schema()));
    ASSIGN_OR_RETURN(const Dialect* dialect, DialectOf(schema.info().engine));
    Source source;
    source.name = file_name.empty() ? "sql" : Printable(file_name);
    source.fingerprint = Fingerprint(schema, dialect->specs());
    source.schema = std::make_shared<const Schema>(std::move(schema));
    return source;
  }
  return failure;
}

absl::StatusOr<std::shared_ptr<const Schema>> SourceResolver::Load(
    const std::string& fingerprint) const {
  ASSIGN_OR_RETURN(const v1::Schema stored, LoadSchema(log_, fingerprint));
  ASSIGN_OR_RETURN(Schema schema, FromProto(stored));
  return std::make_shared<const Schema>(std::move(schema));
}

void SourceResolver::Refresh(const std::vector<std::string>& targets,
                             const std::function<void(int)>& progress) const {
  Countdown countdown(targets.size(), progress);
  for (const std::string& target : targets) {
    calls_.Fingerprint(
        target, [&, target](absl::StatusOr<v1::FingerprintReport> r) {
          v1::FingerprintReport report;
          if (r.ok()) {
            report = *std::move(r);
          } else {
            report.set_error(std::string(r.status().message()));
            report.set_error_code(static_cast<int>(r.status().code()));
          }
          report.set_target(target);
          bool described = false;
          TargetSnapshot snapshot = fleet_.Report(report, &described);
          recorder_.Observe(std::move(snapshot), described,
                            [&](const absl::Status&) { countdown.Done(); });
        });
  }
  countdown.Wait();
}

}  // namespace fleet
