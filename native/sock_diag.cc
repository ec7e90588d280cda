// One question to the kernel's table of sockets (sock_diag(7)): a request of any kind out, all of the answer's messages in. What they say is for
// src/linux/sock_diag.ts.
#include "binding.h"
#include "descriptor.h"
#include "facilities.h"

#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/time.h>

namespace deet {
namespace {

// The kernel answers at once; the limit is for a netlink that is there and does not work.
constexpr timeval kLongestWait = {1, 0};

bool isLast(std::span<const uint8_t> messages) {
  for (size_t at = 0; at + sizeof(nlmsghdr) <= messages.size();) {
    const auto* header = reinterpret_cast<const nlmsghdr*>(messages.data() + at);
    if (header->nlmsg_type == NLMSG_DONE || header->nlmsg_type == NLMSG_ERROR || !(header->nlmsg_flags & NLM_F_MULTI)) return true;
    if (header->nlmsg_len < sizeof(nlmsghdr)) return true;
    at += NLMSG_ALIGN(header->nlmsg_len);
  }
  return false;
}

// The bytes written to `reply`; what does not fit is lost.
long sockDiag(Bytes request, Bytes reply) {
  const Descriptor link(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  if (!link) return -errno;
  if (setsockopt(link.get(), SOL_SOCKET, SO_RCVTIMEO, &kLongestWait, sizeof kLongestWait) == -1) return -errno;
  if (send(link.get(), request.data(), request.size(), 0) == -1) return -errno;
  size_t filled = 0;
  while (filled < reply.size()) {
    const ssize_t length = recv(link.get(), reply.data() + filled, reply.size() - filled, 0);
    if (length == -1 && errno == EINTR) continue;
    if (length <= 0) return length == 0 ? static_cast<long>(filled) : -errno;
    const auto received = reply.subspan(filled, static_cast<size_t>(length));
    filled += received.size();
    if (isLast(received)) break;
  }
  return static_cast<long>(filled);
}

}  // namespace

void exportSockDiag(Napi::Object exports) { exportAll(exports, {bind<sockDiag>("sockDiag")}); }

}  // namespace deet
