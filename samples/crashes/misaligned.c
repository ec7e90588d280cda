// An aligned SSE move at an odd address: `movaps` wants a multiple of 16. Dies of SIGSEGV, and the kernel names no address.
#include <stdio.h>
#include <xmmintrin.h>

static float first_of_four(const char *bytes) {
  __m128 four = _mm_load_ps((const float *)bytes); // _mm_loadu_ps takes any address
  return _mm_cvtss_f32(four);
}

int main(void) {
  static char bytes[64] __attribute__((aligned(16)));
  printf("%f\n", first_of_four(bytes));
  printf("%f\n", first_of_four(bytes + 1));
  return 0;
}
