#include "tests/testing/counting_proxy.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"

namespace fleet::testing {
namespace {

constexpr char kSocketName[] = "/.s.PGSQL.5432";

absl::StatusOr<sockaddr_un> SocketAddress(absl::string_view folder) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = absl::StrCat(folder, kSocketName);
  if (path.size() >= sizeof(address.sun_path)) {
    return absl::InvalidArgumentError(absl::StrCat(path, " is too long"));
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

// The client's messages as its bytes come by. The first has no type byte.
class MessageCounter {
 public:
  void Add(absl::string_view bytes, ProtocolCounts* counts) {
    for (char byte : bytes) {
      if (left_ > 0) {
        --left_;
        continue;
      }
      header_.push_back(byte);
      const size_t type_size = started_ ? 1 : 0;
      if (header_.size() < type_size + 4) continue;
      unsigned size = 0;
      for (size_t i = type_size; i < header_.size(); ++i) {
        size = size << 8 | static_cast<unsigned char>(header_[i]);
      }
      left_ = size - 4;
      if (started_) Count(header_[0], counts);
      started_ = true;
      header_.clear();
    }
  }

 private:
  static void Count(char type, ProtocolCounts* counts) {
    if (type == 'P' || type == 'Q') ++counts->statements;
    if (type == 'S' || type == 'H' || type == 'Q') ++counts->round_trips;
  }

  bool started_ = false;
  std::string header_;
  unsigned left_ = 0;  // bytes of the message's body that are to come
};

bool WriteAll(int socket, absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t size = send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (size <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(size));
  }
  return true;
}

class CountingProxyImpl : public CountingProxy {
 public:
  CountingProxyImpl(std::string folder, std::string url, int listener,
                    sockaddr_un server)
      : folder_(std::move(folder)),
        url_(std::move(url)),
        listener_(listener),
        server_(server),
        thread_([this] { Serve(); }) {}
  ~CountingProxyImpl() override {
    is_ending_ = true;
    thread_.join();
    close(listener_);
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  std::string url() const override { return url_; }
  ProtocolCounts Take() override {
    absl::MutexLock lock(&mutex_);
    return std::exchange(counts_, ProtocolCounts());
  }

 private:
  bool WaitFor(pollfd* sockets, nfds_t count) const {
    while (!is_ending_) {
      const int ready = poll(sockets, count, /*timeout_ms=*/50);
      if (ready > 0) return true;
      if (ready < 0 && errno != EINTR) return false;
    }
    return false;
  }

  void Serve() {
    pollfd waiting{listener_, POLLIN, 0};
    while (WaitFor(&waiting, 1)) {
      const int client = accept(listener_, nullptr, nullptr);
      const int server = socket(AF_UNIX, SOCK_STREAM, 0);
      if (connect(server, reinterpret_cast<const sockaddr*>(&server_),
                  sizeof(server_)) == 0) {
        PassOn(client, server);
      }
      close(client);
      close(server);
    }
  }

  // Both ways, until one side closes.
  void PassOn(int client, int server) {
    MessageCounter counter;
    std::array<pollfd, 2> ends{pollfd{client, POLLIN, 0},
                               pollfd{server, POLLIN, 0}};
    std::array<char, 65536> buffer{};
    while (WaitFor(ends.data(), ends.size())) {
      for (size_t i = 0; i < ends.size(); ++i) {
        if (ends[i].revents == 0) continue;
        const ssize_t size = recv(ends[i].fd, buffer.data(), buffer.size(), 0);
        if (size <= 0) return;
        const absl::string_view bytes(buffer.data(), static_cast<size_t>(size));
        if (i == 0) {
          absl::MutexLock lock(&mutex_);
          counter.Add(bytes, &counts_);
        }
        if (!WriteAll(ends[1 - i].fd, bytes)) return;
      }
    }
  }

  const std::string folder_;
  const std::string url_;
  const int listener_;
  const sockaddr_un server_;
  absl::Mutex mutex_;
  ProtocolCounts counts_ ABSL_GUARDED_BY(mutex_);
  std::atomic<bool> is_ending_{false};
  std::thread thread_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<CountingProxy>> StartCountingProxy(
    const std::string& server_url) {
  const std::string host_word = "?host=";
  const size_t host = server_url.find(host_word);
  if (host == server_url.npos) {
    return absl::InvalidArgumentError(
        absl::StrCat(server_url, " has no ?host=/folder"));
  }
  const size_t begin = host + host_word.size();
  const size_t end = std::min(server_url.find('&', begin), server_url.size());
  const absl::StatusOr<sockaddr_un> server =
      SocketAddress(server_url.substr(begin, end - begin));
  if (!server.ok()) return server.status();

  char folder[] = "/tmp/fleet-proxy.XXXXXX";
  if (mkdtemp(folder) == nullptr) {
    return absl::ErrnoToStatus(errno, "mkdtemp");
  }
  const absl::StatusOr<sockaddr_un> address = SocketAddress(folder);
  if (!address.ok()) return address.status();
  const int listener = socket(AF_UNIX, SOCK_STREAM, 0);
  if (bind(listener, reinterpret_cast<const sockaddr*>(&*address),
           sizeof(*address)) != 0 ||
      listen(listener, 1) != 0) {
    return absl::ErrnoToStatus(errno, "listening");
  }
  const std::string url =
      absl::StrCat(server_url.substr(0, begin), folder, server_url.substr(end));
  return std::make_unique<CountingProxyImpl>(folder, url, listener, *server);
}

}  // namespace fleet::testing
