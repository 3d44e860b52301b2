// Elementwise functions that a compiler can vectorise: no branches, no calls, no table.
// Exponent and polynomial of exp in both precisions. x = n ln 2 + r, |r| <= ln 2 / 2; adding and taking away 1.5 * 2^(bits
// of the significand - 1) rounds to the nearest integer n and leaves n in the low bits.
struct Scaled {
  S power;   // 2^n
  S part;    // exp(r) - 1, accurate near 0
};

#if SINGLE
typedef int32_t Bits;
static const S kRound = 12582912.f, kLog2E = 1.44269504088896341f, kHigh = 0.693145751953125f, kLow = 1.42860682030941723e-6f;
static const S kLeast = -87.f, kMost = 88.f;
static const int kShift = 23, kBias = 127;
static inline S exp_part(S r) {
  S p = 1.f / 5040;
  p = std::fma(p, r, S(1.0 / 720));
  p = std::fma(p, r, S(1.0 / 120));
  p = std::fma(p, r, S(1.0 / 24));
  p = std::fma(p, r, S(1.0 / 6));
  p = std::fma(p, r, S(0.5));
  return std::fma(p * r, r, r);
}
#else
typedef int64_t Bits;
static const S kRound = 6755399441055744.0, kLog2E = 1.4426950408889634074;
static const S kHigh = 6.93147180369123816490e-01, kLow = 1.90821492927058770002e-10;
static const S kLeast = -708., kMost = 709.;
static const int kShift = 52, kBias = 1023;
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
#endif

static inline S power_of_two(Bits n) {
  const Bits bits = (Bits)((n + kBias)) << kShift;
  S found;
  std::memcpy(&found, &bits, sizeof found);
  return found;
}

// The argument must be within [kLeast, kMost] or not a number; what is not a number stays so through `part`.
static inline Scaled scaled_exp(S x) {
  const S shifted = std::fma(x, kLog2E, kRound);
  Bits bits, base;
  std::memcpy(&bits, &shifted, sizeof bits);
  std::memcpy(&base, &kRound, sizeof base);
  const S n = shifted - kRound;
  const S r = std::fma(n, -kLow, std::fma(n, -kHigh, x));
  return {power_of_two(bits - base), exp_part(r)};
}

static inline S clamp(S x, S least, S most) {
  x = x < least ? least : x;
  return x > most ? most : x;
}

static inline S row_sigmoid(S x) {
  const Scaled e = scaled_exp(clamp(-x, kLeast, kMost));
  return S(1) / (S(1) + std::fma(e.power, e.part, e.power));
}

// tanh(x) = m / (m + 2) with m = exp(2 x) - 1, which keeps its relative accuracy near 0.
static inline S row_tanh(S x) {
  const Scaled e = scaled_exp(clamp(S(2) * x, S(-40), S(40)));
  const S m = std::fma(e.power, e.part, e.power - S(1));
  return m / (m + S(2));
}

static inline S row_exp(S x) {
  // Beyond the ends of the range the power is applied in two halves, for what overflows or is subnormal.
  const S bounded = clamp(x, S(2) * kLeast, S(2) * kMost);
  const Scaled e = scaled_exp(bounded * S(0.5));
  const S half = std::fma(e.power, e.part, e.power);
  const Scaled inside = scaled_exp(clamp(x, kLeast, kMost));
  const S whole = std::fma(inside.power, inside.part, inside.power);
  return (x < kLeast) | (x > kMost) ? half * half : whole;
}

static inline S row_expm1(S x) {
  const Scaled e = scaled_exp(clamp(x, kLeast, kMost));
  const S found = std::fma(e.power, e.part, e.power - S(1));
  return x > kMost ? row_exp(x) : found;
}

static inline S row_sqrt(S x) { return std::sqrt(x); }
static inline S row_rsqrt(S x) { return S(1) / std::sqrt(x); }
static inline S row_abs(S x) { return std::fabs(x); }
static inline S row_sign(S x) { return x > S(0) ? S(1) : x < S(0) ? S(-1) : x; }
static inline S row_log(S x) { return std::log(x); }
static inline S row_log1p(S x) { return std::log1p(x); }
static inline S row_sin(S x) { return std::sin(x); }
static inline S row_cos(S x) { return std::cos(x); }
static inline S row_erf(S x) { return std::erf(x); }
static inline S row_pow(S x, S y) { return std::pow(x, y); }
static inline S row_softplus(S x) { return (x < S(0) ? S(0) : x) + std::log1p(row_exp(-std::fabs(x))); }
