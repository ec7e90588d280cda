// What other parts of the addon may do with mapped files.
#pragma once

#include <cstddef>

namespace deet {

// Takes the whole pages of a stretch of a mapped file out of this process (madvise(2), MADV_DONTNEED): read again, they come back from the kernel's cache. Memory that is no mapped file
// stays as it is.
void releasePages(const void* start, size_t length);

}  // namespace deet
