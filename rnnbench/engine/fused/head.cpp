// What all native code begins with; S is the number type.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>

// One elementwise part of a step: for so many rows, on the buffers at this step, whose sizes are numbers.
typedef void (*Kernel)(int64_t rows, S* const* buffers, const int64_t* sizes);
