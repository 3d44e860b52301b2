// Elementwise functions that a compiler can vectorise: no branches, no calls, no table.

// x = n ln 2 + r with |r| <= ln 2 / 2. Adding and taking away 1.5 * 2^(bits of the significand - 1) rounds to the
// nearest integer n, and leaves n in the low bits.
#if SINGLE
typedef int32_t Bits;
typedef uint32_t Unsigned;
static const S kRound = 12582912.f, kLog2E = 1.44269504088896341f;
static const S kHigh = 0.693145751953125f, kLow = 1.42860682030941723e-6f;
static const S kLeast = -87.f, kMost = 88.f;
static const int kShift = 23, kBias = 127;
static const Bits kOne = 0x3f800000, kRootHalf = 0x3f3504f3;   // of 1 and of sqrt(1/2)
static const S kLeastNormal = 1.17549435e-38f;
static inline S exp_part(S r) {
  S p = 1.f / 5040;
  p = std::fma(p, r, S(1.0 / 720));
  p = std::fma(p, r, S(1.0 / 120));
  p = std::fma(p, r, S(1.0 / 24));
  p = std::fma(p, r, S(1.0 / 6));
  p = std::fma(p, r, S(0.5));
  return std::fma(p * r, r, r);
}
static inline S atanh_part(S z) {
  S p = S(1.0 / 17);
  p = std::fma(p, z, S(1.0 / 15));
  p = std::fma(p, z, S(1.0 / 13));
  p = std::fma(p, z, S(1.0 / 11));
  p = std::fma(p, z, S(1.0 / 9));
  p = std::fma(p, z, S(1.0 / 7));
  p = std::fma(p, z, S(1.0 / 5));
  return std::fma(p, z, S(1.0 / 3));
}
#else
typedef int64_t Bits;
typedef uint64_t Unsigned;
static const S kRound = 6755399441055744.0, kLog2E = 1.4426950408889634074;
static const S kHigh = 6.93147180369123816490e-01, kLow = 1.90821492927058770002e-10;
static const S kLeast = -708., kMost = 709.;
static const int kShift = 52, kBias = 1023;
static const Bits kOne = 0x3ff0000000000000, kRootHalf = 0x3fe6a09e667f3bcd;
static const S kLeastNormal = 2.2250738585072014e-308;
static inline S exp_part(S r) {
  // The Taylor series: its remainder at ln 2 / 2 is below 2^-53 after r^13.
  S p = 1.0 / 6227020800.0;
  p = std::fma(p, r, 1.0 / 479001600.0);
  p = std::fma(p, r, 1.0 / 39916800.0);
  p = std::fma(p, r, 1.0 / 3628800.0);
  p = std::fma(p, r, 1.0 / 362880.0);
  p = std::fma(p, r, 1.0 / 40320.0);
  p = std::fma(p, r, 1.0 / 5040.0);
  p = std::fma(p, r, 1.0 / 720.0);
  p = std::fma(p, r, 1.0 / 120.0);
  p = std::fma(p, r, 1.0 / 24.0);
  p = std::fma(p, r, 1.0 / 6.0);
  p = std::fma(p, r, 0.5);
  return std::fma(p * r, r, r);
}
// Of the Taylor series, too; z is at most 1/9.
static inline S atanh_part(S z) {
  S p = 1.0 / 33;
  p = std::fma(p, z, 1.0 / 31);
  p = std::fma(p, z, 1.0 / 29);
  p = std::fma(p, z, 1.0 / 27);
  p = std::fma(p, z, 1.0 / 25);
  p = std::fma(p, z, 1.0 / 23);
  p = std::fma(p, z, 1.0 / 21);
  p = std::fma(p, z, 1.0 / 19);
  p = std::fma(p, z, 1.0 / 17);
  p = std::fma(p, z, 1.0 / 15);
  p = std::fma(p, z, 1.0 / 13);
  p = std::fma(p, z, 1.0 / 11);
  p = std::fma(p, z, 1.0 / 9);
  p = std::fma(p, z, 1.0 / 7);
  p = std::fma(p, z, 1.0 / 5);
  return std::fma(p, z, 1.0 / 3);
}
#endif

struct Scaled {
  Bits n;
  S part;    // exp(r) - 1, accurate near 0
};

static inline S power_of_two(Bits n) {
  const Bits bits = (Bits)((n + kBias)) << kShift;
  S found;
  std::memcpy(&found, &bits, sizeof found);
  return found;
}

// The argument must be within [2 kLeast, 2 kMost] or not a number; what is not a number stays so through `part`.
static inline Scaled scaled_exp(S x) {
  const S shifted = std::fma(x, kLog2E, kRound);
  Bits bits, base;
  std::memcpy(&bits, &shifted, sizeof bits);
  std::memcpy(&base, &kRound, sizeof base);
  const S n = shifted - kRound;
  const S r = std::fma(n, -kLow, std::fma(n, -kHigh, x));
  return {bits - base, exp_part(r)};
}

static inline S clamp(S x, S least, S most) {
  x = x < least ? least : x;
  return x > most ? most : x;
}

static inline S row_sigmoid(S x) {
  const Scaled e = scaled_exp(clamp(-x, kLeast, kMost));
  const S power = power_of_two(e.n);
  return S(1) / (S(1) + std::fma(power, e.part, power));
}

// tanh(x) = m / (m + 2) with m = exp(2 x) - 1, which keeps its relative accuracy near 0.
static inline S row_tanh(S x) {
  const Scaled e = scaled_exp(clamp(S(2) * x, S(-40), S(40)));
  const S power = power_of_two(e.n);
  const S m = std::fma(power, e.part, power - S(1));
  return m / (m + S(2));
}

// The power is applied in two halves, for what overflows or is subnormal.
static inline S row_exp(S x) {
  const Scaled e = scaled_exp(clamp(x, S(2) * kLeast, S(2) * kMost));
  // Halved as an unsigned number: not every processor shifts vectors of signed ones.
  const Bits half = (Bits)((Unsigned)(e.n + 4096) >> 1) - 2048;
  return (S(1) + e.part) * power_of_two(half) * power_of_two(e.n - half);
}

static inline S row_expm1(S x) {
  const Scaled e = scaled_exp(clamp(x, kLeast, kMost));
  const S power = power_of_two(e.n);
  const S found = std::fma(power, e.part, power - S(1));
  return x > kMost ? row_exp(x) : found;
}

// 2 atanh(s), which is log((1 + s) / (1 - s)), for |s| <= 1/3.
static inline S twice_atanh(S s) {
  const S z = s * s, twice = S(2) * s;
  return std::fma(twice * z, atanh_part(z), twice);
}

// x = 2^n m with m from sqrt(1/2) to sqrt(2), log(x) = n ln 2 + 2 atanh((m - 1) / (m + 1)).
static inline S row_log(S x) {
  const bool subnormal = x < kLeastNormal;
  const S normal = subnormal ? x * power_of_two(kShift + 1) : x;
  Bits bits, base;
  std::memcpy(&bits, &normal, sizeof bits);
  std::memcpy(&base, &kRound, sizeof base);
  bits += kOne - kRootHalf;
  // The inverse of what `scaled_exp` does: not every processor converts vectors of integers.
  const Bits shifted = base + (Bits)((Unsigned)bits >> kShift) - kBias;
  S n;
  std::memcpy(&n, &shifted, sizeof n);
  n -= subnormal ? kRound + S(kShift + 1) : kRound;
  bits = (bits & (((Bits)1 << kShift) - 1)) + kRootHalf;
  S m;
  std::memcpy(&m, &bits, sizeof m);
  const S found = std::fma(n, kHigh, twice_atanh((m - S(1)) / (m + S(1))) + n * kLow);
  const S beyond = x == S(0) ? S(-INFINITY) : S(NAN);
  return x > S(0) ? (x < S(INFINITY) ? found : x) : beyond;
}

// The rounding of 1 + x is made good to first order.
static inline S row_log1p(S x) {
  const S u = S(1) + x, found = row_log(u);
  return (u > S(0)) & (u < S(INFINITY)) ? found + (x - (u - S(1))) / u : found;
}

// max(x, 0) + log(1 + y) with y = exp(-|x|), which is 2 atanh(y / (2 + y)).
static inline S row_softplus(S x) {
  const S y = row_exp(-std::fabs(x));
  return (x < S(0) ? S(0) : x) + twice_atanh(y / (S(2) + y));
}

static inline S row_sqrt(S x) { return std::sqrt(x); }
static inline S row_rsqrt(S x) { return S(1) / std::sqrt(x); }
static inline S row_abs(S x) { return std::fabs(x); }
static inline S row_sign(S x) { return x > S(0) ? S(1) : x < S(0) ? S(-1) : x; }
static inline S row_sin(S x) { return std::sin(x); }
static inline S row_cos(S x) { return std::cos(x); }
static inline S row_erf(S x) { return std::erf(x); }
static inline S row_pow(S x, S y) { return std::pow(x, y); }
